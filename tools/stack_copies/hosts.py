"""The names of a copy: inside the same zone, and nobody else's."""

from typing import Final

_WILDCARD: Final = "*"


def own_host(host: str, *, source: str, stack: str, zone: str) -> str:
    """The name that a copy has where `source` has `host`, inside `zone`.

    The label that is the source's name becomes the copy's; without one, the copy's name comes after the first label:
    `api.staging.devu42.fr` and `api.devu42.fr` both become `api.<stack>.devu42.fr`.
    """
    if host == zone:
        return f"{stack}.{zone}"
    inside = host.removesuffix(f".{zone}").split(".")
    own = [stack if label == source else label for label in inside]
    if own == inside:
        own.insert(1, stack)
    return ".".join((*own, zone))


def covers(certified: str, host: str) -> bool:
    """Whether a certificate for the first name holds for the second: a star stands for one label."""
    first, _, rest = certified.partition(".")
    return certified == host or (first == _WILDCARD and rest == host.partition(".")[2])
