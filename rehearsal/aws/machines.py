"""What EC2 gives a machine that is started, and which ones it refuses to start."""

import base64
import binascii
import re
import threading
from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import chain
from typing import Any, Final

from rehearsal.aws import lookups
from rehearsal.aws.templates import fill
from rehearsal.check import Refusal
from rehearsal.wire import Properties
from rehearsal.world import Thing, World

INSTANCE: Final = "aws:ec2/instance:Instance"
KEY_PAIR: Final = "aws:ec2/keyPair:KeyPair"
_SUBNET: Final = "aws:ec2/subnet:Subnet"
_SECURITY_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
# AWS keeps the first four addresses of a subnet and the last:
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_KEPT_FIRST: Final = 4
_KEPT: Final = 5
# After the generation number, "g" stands for AWS's own arm64 processors.
_ARM64: Final = re.compile(r"(a1|[a-z]+\d+g[a-z]*)\.")
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html
_KEY_TYPES: Final = {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}


class Machines:
    """Gives machines their addresses; one instance serves a whole world, so that no address is given twice."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._given: dict[tuple[str, str], str] = {}

    def computed(self, type_: str, inputs: Properties, region: str, seed: str, existing: Thing | None) -> Properties:
        """Outputs of a machine or key pair that depend on other resources; none for other types."""
        if type_ == KEY_PAIR:
            return {
                "keyType": _KEY_TYPES[str(inputs["publicKey"]).split()[0]],
                "fingerprint": fill("{hex32}", {}, seed),
            }
        subnet = self._world.get(_SUBNET, str(inputs.get("subnetId"))) if type_ == INSTANCE else None
        if subnet is None:
            return {}
        private = existing.outputs["privateIp"] if existing else inputs.get("privateIp") or self._address(subnet, seed)
        is_public = inputs.get("associatePublicIpAddress", subnet.inputs.get("mapPublicIpOnLaunch", False))
        # A range reserved for documentation, RFC 5737.
        public = f"198.51.100.{_number(seed) % 254 + 1}" if is_public else ""
        return {
            "availabilityZone": subnet.outputs.get("availabilityZone"),
            "privateIp": private,
            "privateDns": f"ip-{private.replace('.', '-')}.{region}.compute.internal",
            "publicIp": public,
            "publicDns": f"ec2-{public.replace('.', '-')}.{region}.compute.amazonaws.com" if public else "",
            "associatePublicIpAddress": bool(is_public),
        }

    def _address(self, subnet: Thing, seed: str) -> str:
        network = IPv4Network(subnet.inputs["cidrBlock"])
        size = network.num_addresses - _KEPT
        first = _number(seed) % size
        with self._lock:
            taken = {str(each.outputs.get("privateIp")) for each in self._world.of(INSTANCE)}
            for place in chain(range(first, size), range(first)):
                address = str(network[_KEPT_FIRST + place])
                if address not in taken and self._given.setdefault((subnet.id, address), seed) == seed:
                    return address
        raise Refusal(f"InsufficientFreeAddressesInSubnet: {subnet.id} has no free address left")


def refuse(world: World, type_: str, inputs: Properties, region: str, existing: Thing | None) -> None:
    """Refuse a machine that EC2 would not start, and a key that it cannot read."""
    problems: dict[str, Any] = {KEY_PAIR: _bad_key, INSTANCE: _bad_machine}
    if type_ in problems:
        for problem in problems[type_](world, inputs, region, existing):
            raise Refusal(problem)


def _bad_key(world: World, inputs: Properties, region: str, existing: Thing | None) -> Iterator[str]:
    kind, _, rest = str(inputs["publicKey"]).strip().partition(" ")
    try:
        blob = base64.b64decode(rest.partition(" ")[0], validate=True)
    except binascii.Error:
        blob = b""
    if kind not in _KEY_TYPES or kind.encode() not in blob:
        known = " or ".join(_KEY_TYPES)
        yield f"InvalidKey.Format: publicKey must be an OpenSSH key of {known}, got {kind or 'nothing'}"


def _bad_machine(world: World, inputs: Properties, region: str, existing: Thing | None) -> Iterator[str]:
    image, type_ = str(inputs.get("ami")), str(inputs.get("instanceType"))
    built_for = lookups.image_architecture(image, region)
    if built_for is None:
        if existing is None:
            yield f"InvalidAMIID.NotFound: ami: the image id '{image}' does not exist in {region}"
    elif (built_for == "arm64") != bool(_ARM64.match(type_)):
        yield f"InvalidParameterValue: instanceType: {type_} cannot run {image}, which is built for {built_for}"
    subnet = world.get(_SUBNET, str(inputs.get("subnetId")))
    for id_ in inputs.get("vpcSecurityGroupIds", []):
        group = world.get(_SECURITY_GROUP, str(id_))
        if subnet and group and group.inputs.get("vpcId") != subnet.inputs["vpcId"]:
            yield f"InvalidParameter: vpcSecurityGroupIds: {id_} and {subnet.id} belong to different networks"
    wanted = inputs.get("availabilityZone")
    if subnet and wanted and wanted != subnet.outputs.get("availabilityZone"):
        yield f"InvalidParameterValue: availabilityZone: {subnet.id} lies in {subnet.outputs.get('availabilityZone')}"


def _number(seed: str) -> int:
    return int(str(fill("{digits9}", {}, seed)))
