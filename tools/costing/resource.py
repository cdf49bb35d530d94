"""A resource as the estimate sees it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a value that only the update will tell."""
SECRET = "[secret]"  # noqa: S105 (stands for one)


@dataclass(frozen=True)
class Resource:
    """One resource of a stack with its inputs, some of which may not be known yet."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    parent: str = ""
    """URN of the component that it belongs to."""
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """URNs of the resources whose outputs an input was made from, by the input's name."""

    def value(self, *path: str | int) -> Any:
        """An input, or None when it is missing, not known yet or secret."""
        found: Any = self.inputs
        for step in path:
            if isinstance(found, Mapping):
                found = cast(Mapping[Any, Any], found).get(step)
            elif isinstance(found, list) and isinstance(step, int):
                items = cast(list[Any], found)
                found = items[step] if step < len(items) else None
            else:
                return None
        return None if found in (UNKNOWN, SECRET) else found

    def number(self, *path: str | int, default: float) -> float:
        """An input that is a number, or what AWS takes when it is missing."""
        found = self.value(*path)
        try:
            return default if found is None or isinstance(found, bool) else float(found)
        except (TypeError, ValueError):
            return default

    def flag(self, *path: str | int) -> bool:
        """Whether an input is true, as a boolean or in words."""
        return str(self.value(*path)).lower() == "true"

    def length(self, *path: str | int, default: int) -> int:
        """How many items a list has, also when nobody knows them yet."""
        found = self.value(*path)
        return len(cast(list[Any], found)) if isinstance(found, list) else default


@dataclass(frozen=True)
class Stack:
    """All resources of a stack, for those whose price hangs on others."""

    resources: tuple[Resource, ...]

    def of(self, *types: str) -> list[Resource]:
        """Resources of these types."""
        return [each for each in self.resources if each.type in types]

    def linked(self, resource: Resource, key: str, type_: str) -> Resource | None:
        """The resource of a type whose output is in an input, known or not."""
        wanted = [urn for name, urns in resource.links.items() if name.partition(".")[0] == key for urn in urns]
        found = [each for each in self.of(type_) if each.urn in wanted]
        return found[0] if found else None

    def siblings(self, resource: Resource, type_: str) -> list[Resource]:
        """Resources of a type in the same component."""
        return [each for each in self.of(type_) if each.parent and each.parent == resource.parent]


def stack_of(resources: Iterable[Resource]) -> Stack:
    """A stack of these resources."""
    return Stack(tuple(resources))
