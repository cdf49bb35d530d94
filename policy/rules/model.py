"""What rules look at and what they say; nothing here needs more than Python itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal, cast

Level = Literal["mandatory", "advisory"]


class NotEvaluated(Exception):  # noqa: N818 (reads as what it is)
    """A rule needs a value that nobody knows yet; the text says which."""


class _Unknown:
    """The only value of this class stands for one that is known after the update, or that is hidden."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


class Sealed(str):
    """A text inside something that is marked secret; a sentence that quotes it has `[secret]` in its place."""

    __slots__ = ()

    def __format__(self, _: str) -> str:
        """What a sentence shows of it."""
        return "[secret]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What rules know of a stack beside its resources."""

    stack: str
    production: bool
    today: date
    expires: bool = False
    """Whether the stack comes and goes: its secrets need no time of grace, and its tags say when it ends."""
    registries: frozenset[str] = frozenset()
    """Hosts of image registries that the stack's settings name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource with the inputs that it gets."""

    type: str
    name: str
    inputs: Mapping[str, Any] = field(repr=False)
    urn: str = ""
    parent: str = ""
    """URN of the component that it belongs to."""
    links: Mapping[str, tuple[str, ...]] | None = None
    """URNs of the resources that an input was made from, by the input's name; None where nobody tells."""
    protect: bool | None = None
    """Whether Pulumi refuses to delete it; None where nobody tells."""

    def at(self, *path: str, default: Any = None) -> Any:
        """The value at a path; raises `NotEvaluated` where it, or what it lies in, is not known."""
        return at(self.inputs, *path, default=default)

    def yes(self, *path: str, default: bool = False) -> bool:
        """Whether a switch is on; the engine writes some of them as texts."""
        return yes(self.at(*path), default=default)

    def each(self, *path: str) -> Iterator[Any]:
        """The entries of a list at a path; raises `NotEvaluated` at the first that is not known."""
        yield from each(self.inputs, *path)


def at(value: Any, *path: str, default: Any = None) -> Any:
    """The value at a path below another; raises `NotEvaluated` where it, or what it lies in, is not known."""
    for index, step in enumerate(path):
        if value is UNKNOWN:
            raise NotEvaluated(".".join(path[:index]) or "inputs")
        if not isinstance(value, Mapping):
            return default
        value = cast(Mapping[str, Any], value).get(step)
    if value is UNKNOWN:
        raise NotEvaluated(".".join(path))
    return default if value is None else value


def yes(value: Any, *, default: bool = False) -> bool:
    """Whether a value is the switch's on, as a boolean or a text."""
    return default if value is None else str(value).lower() == "true"


def each(value: Any, *path: str) -> Iterator[Any]:
    """The entries of a list at a path, none where there is no list; raises `NotEvaluated` at one that is not known."""
    found: Any = at(value, *path, default=[])
    for entry in cast(list[Any], found) if isinstance(found, list) else [found]:
        if entry is UNKNOWN:
            raise NotEvaluated(".".join(path))
        yield entry


@dataclass(frozen=True, slots=True)
class Stack:
    """All resources of a stack, as they are afterwards."""

    resources: Sequence[Resource]
    context: Context

    def of(self, *types: str) -> Iterator[Resource]:
        """Resources of some types."""
        return (resource for resource in self.resources if resource.type in types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is planned for one resource, with its inputs before."""

    op: str
    resource: Resource
    lost: str | None = None
    """What is lost by it; None when nothing is."""
    unprotected: bool = False
    """Whether it was protected, and no longer is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a preview plans, and what it costs."""

    changes: Sequence[Change]
    context: Context
    cost_before: float | None = None
    """Of all stacks a month; None where nobody has estimated it."""
    cost_after: float | None = None
    budget: float | None = None


Said = tuple[Resource | None, str]
"""A resource, None for the stack as a whole, and the sentence about it."""


@dataclass(frozen=True, slots=True)
class ResourceCheck:
    """Looks at one resource of some types; yields a sentence for each thing that is wrong."""

    types: frozenset[str]
    run: Callable[[Resource, Context], Iterator[str]]


@dataclass(frozen=True, slots=True)
class StackCheck:
    """Looks at all resources together."""

    run: Callable[[Stack], Iterator[Said]]


@dataclass(frozen=True, slots=True)
class ChangeCheck:
    """Looks at what is planned, which only a preview knows."""

    run: Callable[[Changes], Iterator[Said]]


Check = ResourceCheck | StackCheck | ChangeCheck


def on(*types: str) -> Callable[[Callable[[Resource, Context], Iterator[str]]], ResourceCheck]:
    """Make a function the check of resources of these types; `kubernetes:apps/v1:` means all that begin so."""
    return lambda run: ResourceCheck(frozenset(types), run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what it is called, how strict it is where, why it is there, and its checks."""

    id: str
    title: str
    staging: Level
    production: Level
    reason: str
    remedy: str
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """What the rule is called elsewhere, by rule set: checkov, trivy, fsbp, cis, nsa."""
    checks: tuple[Check, ...] = ()

    def level(self, context: Context) -> Level:
        """How strict it is for a stack."""
        return self.production if context.production else self.staging


def matches(check: ResourceCheck, type_: str) -> bool:
    """Whether a check is about resources of a type."""
    return type_ in check.types or any(each.endswith("*") and type_.startswith(each[:-1]) for each in check.types)
