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
EXAMPLES = [*STACKS, "everything", "alternatives"]
"""Stacks for which the same must hold: the real ones, and two that use every option between them."""

Raw = dict[str, str]
"""Settings as Pulumi delivers them: full keys, structures as JSON."""

ZONES = {"aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ["eu-west-3c", "eu-west-3a", "eu-west-3b"]}}


def _image(args: dict[str, Any]) -> dict[str, str]:
    return {"id": f"ami-{args['owners'][0]}"}


IMAGE: dict[str, Any] = {"aws:ec2/getAmi:getAmi": _image}
HOSTED_ZONE = {"aws:route53/getZone:getZone": {"zoneId": "Z-found"}}
ACCOUNT = {"aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"}}
ANSWERS: dict[str, Any] = {**ZONES, **IMAGE, **HOSTED_ZONE, **ACCOUNT}
"""What AWS answers to every look-up of a stack."""
COMPUTED: Outputs = {
    "aws:cloudfront/distribution:Distribution": lambda _: {"domainName": "d1.cloudfront.net"},
    "aws:lb/loadBalancer:LoadBalancer": lambda _: {"dnsName": "web.elb.amazonaws.com"},
    "datadog:index/dashboard:Dashboard": lambda _: {"url": "/dashboard/abc"},
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
    """Staging's settings, on EKS, with keys of some sections changed."""
    raw = of_file("staging")
    changes = {**changes, "cluster": {"kind": "eks", **changes.get("cluster", {})}}
    edited = {key: json.loads(raw.get(f"socle:{key}") or "{}") | values for key, values in changes.items()}
    return raw | {f"socle:{key}": json.dumps(section) for key, section in edited.items()}


def only(raw: Raw, *sections: str) -> Raw:
    """The same settings without any other section."""
    kept = ("aws:region", "socle:owner", *(f"socle:{section}" for section in sections))
    return {key: raw[key] for key in kept}


def without(raw: Raw, *sections: str) -> Raw:
    """The same settings without these sections."""
    return {key: value for key, value in raw.items() if key not in {f"socle:{section}" for section in sections}}


def everything() -> Raw:
    """Every option that staging leaves aside: gateways, logs, a certificate, a zone of its own, add-ons, a budget."""
    zone: str = json.loads(of_file("staging")["socle:dns"])["zone"]
    domains = [f"*.{zone}", f"*.staging.{zone}"]
    told = {"topic": True, "anomaly_usd": 20, "activate_tags": True}
    return staging(
        network={"zones": 3, "egress": "nat-gateway-per-zone", "flow_logs": {"retention_days": 14}},
        ingress={"controller": "traefik", "load_balancer": "application", "certificate_domains": domains},
        dns={"create": True},
        certificates={"challenge": "http-01"},
        site={"logs": {"retention_days": 30}},
        database={"instances": 3, "protect": True},
        backups={"protect": True},
        monitoring={"logs": True, "apm": True},
        vaultwarden={"host": f"vault.{zone}", "database": "postgresql"},
        gitlab_runner={"concurrent": 3},
        registry={"server": "registry.gitlab.com", "username": "deploy"},
        web_frontend={"image": "registry.gitlab.com/devu42/front:1.0.0", "host": f"app.{zone}"},
        budget={"usd_per_month": 165, "emails": [f"team@{zone}"], "scope": "project", **told},
        sleep={"awake_from": "08:00", "awake_until": "20:00"},
    )


def alternatives() -> Raw:
    """The other choice wherever there is one: NGINX, postgresql-ha, SQLite, CloudWatch, no migration."""
    zone: str = json.loads(of_file("staging")["socle:dns"])["zone"]
    insights = {"provider": "cloudwatch", "emails": [f"team@{zone}"], "container_insights": True}
    return staging(
        ingress={"controller": "nginx"},
        external_dns={"policy": "upsert-only"},
        database={"engine": "postgresql-ha", "backup": None},
        monitoring={**insights, "slack_channel": "#alertes"},
        vaultwarden={"host": f"vault.{zone}", "database": "sqlite"},
        users_api={"migration_command": []},
        budget={"usd_per_month": 165, "emails": [f"team@{zone}"], "scope": "account"},
    )


def declare_stack(declare: Declare, raw: Raw, lookups: dict[str, Any] = ANSWERS) -> Declared:
    """Declare what `__main__.py` would with these settings; any look-up but those announced is refused."""
    known: dict[str, Any] = {}
    secrets: set[str] = set()
    keys = {key: f"glrt-{key.partition(':')[2]}-of-tests" for key in settings.missing_secrets(settings.parse(raw))}

    async def note(name: str, output: pulumi.Output[Any]) -> None:
        known[name] = await output.future()
        if await output.is_secret():
            secrets.add(name)

    def program() -> None:
        config.set_all_config(raw | keys, list(keys))
        for name, value in stack.declare(settings.load()).items():
            # As an output, so that the mock engine waits for it.
            pulumi.Output.from_input(note(name, pulumi.Output.from_input(value)))

    plan = declare(program, lookups=lookups, outputs=COMPUTED)
    return Declared(settings.parse(raw), plan, known, secrets)


_declared: dict[str, Declared] = {}


def example(declare: Declare, name: str) -> Declared:
    """One of `EXAMPLES`, declared once for all tests of a process."""
    if name not in _declared:
        made = {"everything": everything, "alternatives": alternatives}.get(name)
        _declared[name] = declare_stack(declare, made() if made else of_file(name))
    return _declared[name]
