"""What marks a thing in AWS as a stack's own: tags, names and records, known from its settings without an engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from settings import PROJECT, parse, read_stack_file
from settings.conflicts import hosts
from tools.setup import ROOT

_HAND_OVER: Final = "owned"
"""Value that Kubernetes gives the tag of its cluster on what goes with the cluster, not on what is shared."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A stack, as AWS and Kubernetes know it."""

    stack: str
    """Name of the stack."""
    region: str
    """Its AWS region."""
    zone: str | None = None
    """Name of the hosted zone that holds its records."""
    hosts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names at which its settings let it be found, with the key of the setting."""
    certified: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names that its certificates have, with the key of the setting."""

    @property
    def tags(self) -> dict[str, str]:
        """Tags of all that its program and its cluster make: `foundation` of stack.py says so."""
        return {"project": PROJECT, "stack": self.stack}

    @property
    def cluster(self) -> str:
        """Name of its Kubernetes cluster, if it has one."""
        return f"{PROJECT}-{self.stack}"

    @property
    def dns_owner(self) -> str:
        """What external-dns of its cluster writes beside its records."""
        return f"{PROJECT}-{self.stack}"

    @property
    def cluster_tags(self) -> tuple[tuple[str, str], ...]:
        """Tags that Kubernetes, the EBS driver and the load balancer controller put on what they make."""
        return (f"kubernetes.io/cluster/{self.cluster}", _HAND_OVER), ("elbv2.k8s.aws/cluster", self.cluster)

    def claims(self, tags: Mapping[str, str]) -> str:
        """Which of these tags make a thing this stack's; empty when none does."""
        if all(tags.get(key) == value for key, value in self.tags.items()):
            return "tags " + ", ".join(f"{key}={value}" for key, value in self.tags.items())
        return next((f"tag {key}={value}" for key, value in self.cluster_tags if tags.get(key) == value), "")


def read_owner(stack: str, region: str | None = None, folder: Path = ROOT) -> Owner:
    """The stack of a settings file; `region` replaces its own. Raises `SettingsError` with all that is wrong.

    With a region, the file may be gone: what is left of such a stack is found by its tags.
    """
    file = folder / f"Pulumi.{stack}.yaml"
    if region and not file.is_file():
        return Owner(stack=stack, region=region)
    settings = parse(read_stack_file(file))
    names = {host: key for key, host in hosts(settings).items()}
    certified: dict[str, str] = {}
    if settings.site and settings.site.domain:
        names[settings.site.domain] = certified[settings.site.domain] = "socle:site.domain"
    for name in settings.ingress.certificate_domains if settings.ingress else ():
        # A wildcard is proved by the record of its apex.
        certified[name.removeprefix("*.")] = "socle:ingress.certificate_domains"
    return Owner(
        stack=stack,
        region=region or settings.region,
        zone=settings.dns.zone if settings.dns else None,
        hosts=names,
        certified=certified,
    )
