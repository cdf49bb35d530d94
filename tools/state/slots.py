"""Ranges of addresses for stacks of one's own: no two have the same, whoever asks at the same time."""

import json
from collections.abc import Collection, Iterator
from ipaddress import IPv4Network
from typing import Any, Final

from tools.state.objects import Objects

_KIND: Final = "slots"
# EKS gives this one to its services where 172.20.0.0/16 is taken:
# https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
_NOT_OURS: Final = (100,)
NUMBERS: Final = tuple(number for number in range(64, 128) if number not in _NOT_OURS)
"""Second bytes of the ranges, from 10.64.0.0/16 to 10.127.0.0/16."""


def network_of(number: int) -> IPv4Network:
    """The range of a slot."""
    return IPv4Network(f"10.{number}.0.0/16")


def candidates(objects: Objects, taken: Collection[IPv4Network]) -> Iterator[IPv4Network]:
    """Slots that nobody has, and that overlap nothing `taken`: one listing."""
    start = objects.backend.own_key(_KIND)
    held = {key.removeprefix(start) for key in objects.keys(start)}
    for number in NUMBERS:
        network = network_of(number)
        if f"{number}.json" not in held and not any(network.overlaps(each) for each in taken):
            yield network


def take(objects: Objects, network: IPv4Network, stack: str) -> bool:
    """Take a slot for a stack; False when another stack has it. Taking what one has changes nothing."""
    body = json.dumps({"stack": stack}).encode()
    return objects.create(_key(objects, network), body) is not None or _holder(objects, network) == stack


def give_back(objects: Objects, network: IPv4Network, stack: str) -> None:
    """Give a slot back, if the stack has it."""
    if _holder(objects, network) == stack:
        objects.delete(_key(objects, network))


def _holder(objects: Objects, network: IPv4Network) -> str:
    stored = objects.read(_key(objects, network))
    if stored is None:
        return ""
    try:
        given: Any = json.loads(stored.body)
        return str(given["stack"])
    except (ValueError, TypeError, KeyError):
        return ""


def _key(objects: Objects, network: IPv4Network) -> str:
    return objects.backend.own_key(_KIND, f"{network.network_address.packed[1]}.json")
