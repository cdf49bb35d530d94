"""What AWS refuses because of other resources: references to nothing, bad neighbours, deletes of what is in use."""

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network

from rehearsal.aws.catalogue import resource_type
from rehearsal.aws.templates import ACCOUNT
from rehearsal.check import Refusal
from rehearsal.wire import Path, Properties, dotted, leaves, object_in, without_indices
from rehearsal.world import Thing, World

_GENERATED_ID = re.compile(
    r"^(i|vpc|subnet|sg|rtb|igw|nat|eipalloc|eni|vpce|lt|acl|fl|rtbassoc|eipassoc|sgr|eks-cluster-sg)-[0-9a-f]{8,17}$"
)
_OWN_ARN = re.compile(rf"^arn:aws[\w-]*:[\w-]*:[\w-]*:{ACCOUNT}:[^*]+$")


def references(type_: str, inputs: Properties) -> Iterator[tuple[Path, str, str | None]]:
    """Every reference that a resource holds: where, to what, and the type that it must be of where one is known."""
    kind = resource_type(type_)
    for path, value in leaves(inputs):
        if not isinstance(value, str) or path[0] in ("tags", "tagsAll", "__defaults", *kind.outside):
            continue
        plain = without_indices(path)
        if plain in kind.references:
            yield path, value, kind.references[plain]
        elif _GENERATED_ID.match(value) or _OWN_ARN.match(value):
            yield path, value, None


def refuse_missing(world: World, type_: str, inputs: Properties, is_given: Callable[[str], bool]) -> None:
    """Refuse a reference to what does not exist; `is_given` knows what the account has apart from the stack."""
    for path, value, wanted in references(type_, inputs):
        found = world.find(value)
        if wanted is not None and wanted.startswith("aws:"):
            found = [thing for thing in found if thing.type == wanted]
        if not found and not is_given(value):
            what = wanted or "resource"
            raise Refusal(f"{dotted(path)}: {value} does not exist: no such {what.rpartition(':')[2]} in this account")


def refuse_in_use(world: World, thing: Thing) -> None:
    """Refuse to delete what another resource still needs."""
    names = {thing.id, *thing.identities}
    for other in world.all():
        if (other.type, other.id) == (thing.type, thing.id) or not other.type.startswith("aws:"):
            continue
        for path, value, _ in references(other.type, other.inputs):
            plain = without_indices(path)
            if value in names and _may_refer(other.type, plain, thing.type):
                raise Refusal(
                    f"DependencyViolation: {thing.type} {thing.id} cannot be deleted: {plain} of {other.type} "
                    f"{other.id} still refers to it"
                )


def _may_refer(type_: str, plain: str, target: str) -> bool:
    wanted = resource_type(type_).references.get(plain)
    return wanted is None or wanted == target


def refuse_bad_neighbours(world: World, type_: str, inputs: Properties, own_id: str | None) -> None:
    """Refuse a subnet outside its VPC or over another, and a cluster that would move to another VPC."""
    if type_ == "aws:eks/cluster:Cluster" and own_id is not None:
        _refuse_moved_cluster(world, type_, inputs, own_id)
    if type_ != "aws:ec2/subnet:Subnet":
        return
    cidr = IPv4Network(inputs["cidrBlock"])
    vpcs = [thing for thing in world.find(inputs["vpcId"]) if thing.type == "aws:ec2/vpc:Vpc"]
    for vpc in vpcs:
        whole = IPv4Network(vpc.inputs["cidrBlock"])
        if not cidr.subnet_of(whole):
            raise Refusal(f"InvalidSubnet.Range: cidrBlock {cidr} is not inside its VPC's {whole}")
    for other in world.of(type_):
        if other.id == own_id or other.inputs["vpcId"] != inputs["vpcId"]:
            continue
        if cidr.overlaps(IPv4Network(other.inputs["cidrBlock"])):
            raise Refusal(
                f"InvalidSubnet.Conflict: cidrBlock {cidr} overlaps {other.inputs['cidrBlock']} of {other.id}"
            )


def _refuse_moved_cluster(world: World, type_: str, inputs: Properties, own_id: str) -> None:
    existing = world.get(type_, own_id)

    def vpcs(of: Properties) -> set[str]:
        subnets: list[str] = object_in(of, "vpcConfig").get("subnetIds") or []
        return {str(thing.inputs["vpcId"]) for id_ in subnets for thing in world.find(id_) if "vpcId" in thing.inputs}

    if existing is not None and vpcs(existing.inputs) != vpcs(inputs):
        raise Refusal(
            f"InvalidParameterException: {own_id} stays in the VPC in which it was created: destroy the stack first, "
            "or undo the change of its network"
        )
