"""What is paid: the budget, and what is dearer than it need be."""

import re
from collections.abc import Iterator
from typing import Final

from policy.rules.machines import INSTANCE, TEMPLATE
from policy.rules.model import (
    UNKNOWN,
    ChangeCheck,
    Changes,
    Context,
    NotEvaluated,
    Resource,
    Said,
    Stack,
    StackCheck,
    at,
    on,
)

_ARM: Final = re.compile(r"(?:t4g|a1|[cmr]\d+g\w*|[cmrx]\w*gd?n?|im4gn|is4gen|i[48]g|hpc7g)\.")
_EXISTS_IN_ARM: Final = re.compile(r"(?:t[23]a?|[cmr][4-8](?:i|a|id|ad|n|in)?)\.")
_BALANCERS: Final = 1
_ADDRESSED: Final = (
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/eipAssociation:EipAssociation",
    "aws:ec2/networkInterface:NetworkInterface",
)
"""What an address is given to by another resource than itself."""
_CENT: Final = 0.005
"""A change by less is none: sums of prices are not exact."""
_BY_CONTROLLER: Final = "alb.ingress.kubernetes.io/"
"""Annotations by which an Ingress asks AWS's controller for a load balancer."""


def _budget(changes: Changes) -> Iterator[Said]:
    """The total does not rise above the budget; one that is above it may fall."""
    if changes.cost_after is None or changes.budget is None:
        raise NotEvaluated("the cost of all stacks")
    before = changes.cost_before or 0.0
    if changes.cost_after > changes.budget and changes.cost_after > before + _CENT:
        yield (
            None,
            (
                f"all stacks together cost {changes.cost_after:.2f} a month afterwards, of {changes.budget:.2f}; "
                f"this change adds {changes.cost_after - before:.2f}"
            ),
        )


@on("aws:ebs/volume:Volume")
def volume(disk: Resource, _: Context) -> Iterator[str]:
    """Disks are of the kind that is cheaper and faster."""
    if disk.at("type", default="gp2") == "gp2":
        yield "type is gp2, which costs 20 % more than gp3"


@on(INSTANCE)
def root(machine: Resource, _: Context) -> Iterator[str]:
    """So are those of machines."""
    if machine.at("rootBlockDevice", "volumeType", default="gp2") == "gp2":
        yield "rootBlockDevice.volumeType is gp2, which costs 20 % more than gp3"


@on(TEMPLATE)
def template(machine: Resource, _: Context) -> Iterator[str]:
    """So are those of templates."""
    for disk in machine.each("blockDeviceMappings"):
        if at(disk, "ebs", "volumeType", default="gp2") == "gp2":
            yield f"the disk {at(disk, 'deviceName')} is gp2, which costs 20 % more than gp3"


@on("kubernetes:storage.k8s.io/v1:StorageClass")
def claims(kind: Resource, _: Context) -> Iterator[str]:
    """So are those that pods claim."""
    if kind.at("provisioner") == "ebs.csi.aws.com" and kind.at("parameters", "type", default="gp3") == "gp2":
        yield "parameters.type is gp2, which costs 20 % more than gp3"


@on(INSTANCE, TEMPLATE)
def machine(machine_: Resource, _: Context) -> Iterator[str]:
    """Machines are ARM where there is the same in ARM, and pay no credits."""
    kind = str(machine_.at("instanceType", default=""))
    if _EXISTS_IN_ARM.match(kind) and not _ARM.match(kind):
        yield f"{kind} costs about 20 % more than the same size with arm64"
    if machine_.at("creditSpecification", "cpuCredits") == "unlimited":
        yield "cpuCredits is unlimited: a busy day is billed by the hour"


def _addresses(stack: Stack) -> Iterator[Said]:
    """Every address is given to something."""
    used = len(list(stack.of(*_ADDRESSED)))
    for index, address in enumerate(sorted(stack.of("aws:ec2/eip:Eip"), key=lambda each: each.name)):
        attached = any(address.inputs.get(key) for key in ("instance", "networkInterface"))
        if not attached and index >= used:
            yield address, "it is attached to nothing, and costs 3.65 USD a month"


def _balancers(stack: Stack) -> Iterator[Said]:
    """One load balancer serves everything."""
    found: list[Resource] = sorted(stack.of("aws:lb/loadBalancer:LoadBalancer"), key=lambda each: each.name)
    for service in stack.of("kubernetes:core/v1:Service"):
        if service.inputs.get("spec") is not UNKNOWN and service.at("spec", "type") == "LoadBalancer":
            found.append(service)
    groups: set[str] = set()
    for ingress in stack.of("kubernetes:networking.k8s.io/v1:Ingress"):
        notes = ingress.at("metadata", "annotations", default={})
        group = str(notes.get(f"{_BY_CONTROLLER}group.name") or ingress.name)
        if f"{_BY_CONTROLLER}scheme" in notes and group not in groups:
            groups.add(group)
            found.append(ingress)
    for balancer in found[_BALANCERS:]:
        yield balancer, "it is one load balancer more, at 20 USD a month; the first can serve it too"


CHECKS: Final = {
    "COST-01": (ChangeCheck(_budget),),
    "COST-03": (volume, root, template, claims, machine, StackCheck(_addresses), StackCheck(_balancers)),
}
