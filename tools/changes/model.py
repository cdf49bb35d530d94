"""What a preview says: the changes that it plans, masked, and the resources behind them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

Kind = Literal["add", "delete", "update"]
Severity = Literal["error", "warning", "info"]
Phase = Literal["refresh", "plan"]

UNCHANGED: Final = frozenset({"same", "refresh", "read", "read-replacement", "discard", "discard-replaced"})
"""Operations that change nothing outside the state."""
_BEFORE: Final = frozenset({"same", "update", "replace", "delete", "refresh"})
_AFTER: Final = frozenset({"same", "update", "replace", "create", "import", "refresh"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyDiff:
    """One property that differs; values are masked, and may have several lines."""

    path: str
    """In the engine's notation: `tags["a.b"]`."""
    kind: Kind
    before: str | None = None
    """None where there was none, or where the engine does not tell it."""
    after: str | None = None
    forces_replacement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one resource. Nothing in it is secret."""

    op: str
    """In the engine's words: create, update, replace, delete, import."""
    urn: str
    type: str
    name: str
    diffs: tuple[PropertyDiff, ...] = ()
    """Of a resource that is created or deleted, all its inputs."""
    replace_reasons: tuple[str, ...] = ()
    dangerous: str | None = None
    """Why data or reachability is lost by it; None when nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """What the engine, a provider or the program said; masked."""

    severity: Severity
    message: str
    urn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many resources something happens to."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    imported: int = 0
    other: int = 0
    """Operations that this program does not know."""

    @property
    def total(self) -> int:
        """Resources that change."""
        return self.create + self.update + self.replace + self.delete + self.imported + self.other


class Resource(NamedTuple):
    """A resource as it stands before or after; its inputs are for calculations, and never printed or kept."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    parent: str = ""
    """URN of the component that it belongs to."""
    links: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """URNs of the resources whose outputs an input was made from, by the input's name."""
    protect: bool = False
    """Whether Pulumi refuses to delete it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of the preview, with raw inputs, which `repr` leaves out."""

    op: str
    urn: str
    type: str
    name: str
    phase: Phase
    """A preview with `--refresh` first tells what it found in the cloud, then what it plans."""
    before: Mapping[str, Any] | None = field(default=None, repr=False)
    after: Mapping[str, Any] | None = field(default=None, repr=False)
    parent: str = ""
    """URN of the component that the resource belongs to."""
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], repr=False)
    """URNs of the resources whose outputs an input is made from, by the input's name."""
    protect: bool = False
    """Whether Pulumi refuses to delete the resource from now on."""
    protected: bool = False
    """Whether it did so before."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A preview of one stack, read."""

    stack: str
    steps: tuple[Step, ...] = field(default=(), repr=False)
    changes: tuple[Change, ...] = ()
    """What is planned, dangerous changes first, then by operation, type and name."""
    drift: tuple[Change, ...] | None = None
    """What the cloud has otherwise than the state; None when the preview did not look."""
    diagnostics: tuple[Diagnostic, ...] = ()
    duration: float = 0.0
    """Seconds."""
    summary: Mapping[str, int] = field(default_factory=dict[str, int])
    """The engine's own count, by operation."""
    failed: bool = False
    corrupt: bool = False
    """The engine says that its state may be wrong."""
    digest: str = ""
    """`sha256:` over what is planned; empty when it failed."""

    @property
    def complete(self) -> bool:
        """Whether the changes are all that there are."""
        return not self.failed and not self.corrupt

    @property
    def has_sames(self) -> bool:
        """Whether unchanged resources are among the steps, without which a sum over the stack is wrong."""
        return sum(step.op == "same" for step in self.steps) >= self.summary.get("same", 0)

    def resources_before(self) -> Iterator[Resource]:
        """Every resource that exists now, with the inputs that it has."""
        for step in self._told():
            if step.op in _BEFORE and step.before is not None:
                yield Resource(step.urn, step.type, step.name, step.before, step.parent, step.links, step.protected)

    def resources_after(self) -> Iterator[Resource]:
        """Every resource that exists afterwards, with the inputs that it gets."""
        for step in self._told():
            if step.op in _AFTER and step.after is not None:
                yield Resource(step.urn, step.type, step.name, step.after, step.parent, step.links, step.protect)

    def _told(self) -> Iterator[Step]:
        """The plan, or what a refresh found where there is no plan."""
        phase = "plan" if any(step.phase == "plan" for step in self.steps) else "refresh"
        return (step for step in self.steps if step.phase == phase)


def counts(changes: tuple[Change, ...]) -> Counts:
    """How many resources of a list change, by what happens to them."""
    ops = [change.op for change in changes]
    known = {"create": "create", "update": "update", "replace": "replace", "import": "imported"}
    numbers = {name: ops.count(op) for op, name in known.items()}
    deleted = ops.count("delete") + ops.count("delete-replaced")
    return Counts(**numbers, delete=deleted, other=len(ops) - sum(numbers.values()) - deleted)
