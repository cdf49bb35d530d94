"""What providers without a published schema have in common: their types are checked by the signatures of their SDK."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rehearsal import signatures
from rehearsal.check import DEFAULTS, Checked, Declared, Problem, Refusal
from rehearsal.provider import SimulatedProvider
from rehearsal.wire import UNKNOWN, Path, Properties
from rehearsal.world import Thing, World


@dataclass(frozen=True)
class Made:
    """What a create gives beside its inputs."""

    id: str
    outputs: Properties


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One type of a provider, beyond its signature."""

    make: Callable[[Properties], Made]
    """Creates it."""
    check: Callable[[Properties], Iterator[Problem]] = lambda _: iter(())
    """What the service refuses in inputs whose types are right; must take unknown values."""
    secrets: tuple[str, ...] = ()
    """Outputs that are always secret."""
    fixed: tuple[str, ...] | None = ()
    """Inputs whose change replaces it; None for all of them."""


class SmallProvider(SimulatedProvider):
    """A provider that is a table of its types."""

    def __init__(self, world: World, package: str, kinds: dict[str, Kind]) -> None:
        super().__init__(world, package)
        self._kinds = kinds

    def check(self, declared: Declared, news: Properties, olds: Properties) -> Checked:
        kind = self._kinds.get(declared.type)
        if not signatures.is_resource(declared.type):
            return Checked(news, [Problem("", f"the provider's SDK has no resource type {declared.type}")], {})
        if kind is None:
            known = ", ".join(sorted(type_.rpartition(":")[2] for type_ in self._kinds))
            return Checked(news, [Problem("", f"the rehearsal does not know {declared.type}; it has {known}")], {})
        problems = [*signatures.problems(declared.type, news), *signatures.wrong_values(declared.type, news)]
        if not problems:
            problems = list(kind.check(news))
        return Checked(news, problems, {"type": declared.type, "kind": "signature"})

    def replaces(self, type_: str, path: Path) -> bool:
        fixed = self._kinds[type_].fixed
        return fixed is None or path[0] in fixed

    def replaced_first(self, type_: str, olds: Properties, news: Properties) -> bool:
        return False

    def secret_outputs(self, type_: str) -> tuple[str, ...]:
        return self._kinds[type_].secrets

    def imagine(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Properties:
        below = existing.outputs if existing else dict.fromkeys(signatures.output_names(declared.type), UNKNOWN)
        return {**below, **_visible(inputs)}

    def make(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Thing:
        if existing is not None:
            return Thing(declared.type, existing.id, declared.urn, inputs, {**existing.outputs, **_visible(inputs)})
        made = self._kinds[declared.type].make(inputs)
        if self.world.get(declared.type, made.id) is not None:
            raise Refusal(f"a {declared.type.rpartition(':')[2]} with the id {made.id} exists already")
        return Thing(declared.type, made.id, declared.urn, inputs, {**_visible(inputs), **made.outputs})

    def release(self, thing: Thing) -> None:
        return None

    def look_up(self, token: str, args: Properties, config: Properties) -> Properties:
        raise Refusal(f"the rehearsal has no answer for the look-up {token}")


def _visible(inputs: Properties) -> Properties:
    return {key: value for key, value in inputs.items() if key != DEFAULTS}
