"""What a URN tells: `urn:pulumi:<stack>::<project>::<parents' types>$<type>::<name>`."""

from typing import Final

_TYPES: Final = 2
_NAME: Final = 3


def name_of(urn: str) -> str:
    """The resource's name, which may have colons of its own."""
    return "::".join(urn.split("::")[_NAME:]) or urn


def type_of(urn: str) -> str:
    """The resource's type, without those of its parents; empty where there is none."""
    parts = urn.split("::")
    return parts[_TYPES].rpartition("$")[2] if len(parts) > _NAME else ""
