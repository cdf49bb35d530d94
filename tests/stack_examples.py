"""Whole stacks on the mock engine: those of the stack files, and others made from staging's settings."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config

import settings
import stack
from settings import Settings
from tests.conftest import Declare, Outputs, Plan

ROOT = Path(__file__).parents[1]
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
EXAMPLES = [*STACKS, "everything"]
"""Stacks for which the same must hold: the real ones, and one that uses every option."""

Raw = dict[str, str]
"""Settings as Pulumi delivers them: full keys, structures as JSON."""

ZONES = {"aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ["eu-west-3c", "eu-west-3a", "eu-west-3b"]}}
IMAGE = {"aws:ec2/getAmi:getAmi": {"id": "ami-fck-nat"}}
HOSTED_ZONE = {"aws:route53/getZone:getZone": {"zoneId": "Z-found"}}
ACCOUNT = {"aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"}}
ANSWERS: dict[str, Any] = {**ZONES, **IMAGE, **HOSTED_ZONE, **ACCOUNT}
"""What AWS answers to every look-up of a stack."""
COMPUTED: Outputs = {
    "aws:cloudfront/distribution:Distribution": lambda _: {"domainName": "d1.cloudfront.net"},
    "aws:lb/loadBalancer:LoadBalancer": lambda _: {"dnsName": "web.elb.amazonaws.com"},
    "aws:route53/zone:Zone": lambda _: {"zoneId": "Z-made", "nameServers": ["ns-1.example", "ns-2.example"]},
}
"""What AWS adds to resources whose outputs a stack exports."""


@dataclass(frozen=True)
class Declared:
    """A stack on the mock engine."""

    settings: Settings
    plan: Plan
    outputs: dict[str, Any]
    """What it exports, known."""
    secrets: set[str]
    """Names of the secret ones."""

    def top(self) -> set[str]:
        """Every component that has no other around it, as `Network main`."""
        tops = (urn.partition("pulumi:pulumi:Stack$socle:index:")[2] for urn in self.plan.urns)
        return {top.replace("::", " ") for top in tops if top}

    def services(self) -> set[str]:
        """AWS services that it uses, as pulumi_aws names them."""
        return {type_.split(":")[1].split("/")[0] for type_ in self.plan.types if type_.startswith("aws:")}


def of_file(name: str) -> Raw:
    """Settings of a real stack."""
    return settings.read_stack_file(ROOT / f"Pulumi.{name}.yaml")


def staging(**changes: dict[str, Any]) -> Raw:
    """Staging's settings with keys of some sections changed."""
    raw = of_file("staging")
    edited = {key: json.loads(raw[f"socle:{key}"]) | values for key, values in changes.items()}
    return raw | {f"socle:{key}": json.dumps(section) for key, section in edited.items()}


def only(raw: Raw, *sections: str) -> Raw:
    """The same settings without any other section."""
    kept = ("aws:region", "socle:owner", *(f"socle:{section}" for section in sections))
    return {key: raw[key] for key in kept}


def everything() -> Raw:
    """Every option that staging leaves aside: gateways, logs, a certificate, NGINX, a hosted zone of its own."""
    zone: str = json.loads(of_file("staging")["socle:dns"])["zone"]
    return staging(
        network={"zones": 3, "egress": "nat-gateway-per-zone", "flow_logs": {"retention_days": 14}},
        ingress={"controller": "traefik", "load_balancer": "application", "certificate_domains": [f"*.{zone}", zone]},
        dns={"create": True},
        site={"logs": {"retention_days": 30}},
    )


def declare_stack(declare: Declare, raw: Raw, lookups: dict[str, Any] = ANSWERS) -> Declared:
    """Declare what `__main__.py` would with these settings; any look-up but those announced is refused."""
    known: dict[str, Any] = {}
    secrets: set[str] = set()

    async def note(name: str, output: pulumi.Output[Any]) -> None:
        known[name] = await output.future()
        if await output.is_secret():
            secrets.add(name)

    def program() -> None:
        config.set_all_config(raw)
        for name, value in stack.declare(settings.load()).items():
            # As an output, so that the mock engine waits for it.
            pulumi.Output.from_input(note(name, pulumi.Output.from_input(value)))

    plan = declare(program, lookups=lookups, outputs=COMPUTED)
    return Declared(settings.parse(raw), plan, known, secrets)


_declared: dict[str, Declared] = {}


def example(declare: Declare, name: str) -> Declared:
    """One of `EXAMPLES`, declared once for all tests of a process."""
    if name not in _declared:
        _declared[name] = declare_stack(declare, of_file(name) if name in STACKS else everything())
    return _declared[name]
