"""Whether AWS would take the inputs of a resource, and how many of them its schemas describe."""

import difflib
from dataclasses import dataclass, field

from rehearsal import signatures
from rehearsal.aws import policies, schemas
from rehearsal.aws.catalogue import ResourceType
from rehearsal.aws.shape import Shape, shape
from rehearsal.check import DEFAULTS, Problem
from rehearsal.wire import Path, Properties, dotted, leaves, without_indices

_NOT_SET_BY_STACKS = ("tagsAll", "region", DEFAULTS)


@dataclass(frozen=True)
class Verdict:
    """What was found about one resource."""

    problems: list[Problem] = field(default_factory=list[Problem])
    values: int = 0
    """Property values that the stack sets."""
    by_schema: int = 0
    """Those that were checked against AWS's schema; the others against the signature of pulumi_aws alone."""
    unmatched: tuple[str, ...] = ()
    """Properties that are in no schema."""

    def finding(self, type_: str) -> Properties:
        """The account of this check, for the summary of the command."""
        return {
            "type": type_,
            "values": self.values,
            "by_schema": self.by_schema,
            "unmatched": list(self.unmatched),
        }


def judge(kind: ResourceType, region: str, inputs: Properties, filled: frozenset[str]) -> Verdict:
    """Check the inputs of a resource; `filled` names those that the provider, not the stack, has set."""
    set_here = {key: value for key, value in inputs.items() if key not in _NOT_SET_BY_STACKS}
    misspelt = signatures.problems(kind.token, set_here)
    if misspelt:
        return Verdict(misspelt)
    problems = [*_too_long(kind, set_here), *_not_offered(kind, region, set_here), *_policies(kind, set_here)]
    values = [path for path, _ in leaves(set_here) if path and path[0] not in filled]
    schema = schemas.schema_of(kind.schema, region) if kind.schema else None
    if kind.schema is None or schema is None:
        if kind.schema is not None:
            problems.append(Problem("", f"{kind.schema} is not offered in {region}"))
        return Verdict(problems, len(values), 0, tuple(sorted({without_indices(path) for path in values})))
    shaped = shape(kind, schema, set_here)
    problems += _violations(kind, kind.schema, region, shaped)
    missed = [path for path in shaped.unmatched if path[0] not in filled]
    return Verdict(
        problems, len(values), len(values) - len(missed), tuple(sorted({without_indices(path) for path in missed}))
    )


def _too_long(kind: ResourceType, inputs: Properties) -> list[Problem]:
    name = str(inputs.get(kind.name or "", ""))
    if kind.name and kind.max_name and len(name) > kind.max_name:
        return [
            Problem(kind.name, f"AWS takes {kind.max_name} characters at most, got {name!r}, which has {len(name)}")
        ]
    return []


def _not_offered(kind: ResourceType, region: str, inputs: Properties) -> list[Problem]:
    """Values that do not exist, or not in this region."""
    found: list[Problem] = []
    for path, value in leaves(inputs):
        file = kind.enums.get(without_indices(path))
        if file and isinstance(value, str) and value not in schemas.regional_enum(file, region):
            found.append(Problem(dotted(path), f"{value} is not offered in {region}"))
        allowed = kind.allowed.get(without_indices(path))
        if allowed and isinstance(value, str) and value not in allowed:
            near = difflib.get_close_matches(value, allowed, n=1)
            hint = f", did you mean {near[0]}?" if near else f", known are {', '.join(allowed)}"
            found.append(Problem(dotted(path), f"AWS has no {value}{hint}"))
    return found


def _policies(kind: ResourceType, inputs: Properties) -> list[Problem]:
    found: list[Problem] = []
    for key, grammar in kind.policies.items():
        text = inputs.get(key)
        if isinstance(text, str):
            found += [Problem(key, mistake) for mistake in policies.mistakes(grammar, text)]
    return found


def _violations(kind: ResourceType, schema: str, region: str, shaped: Shape) -> list[Problem]:
    return [
        Problem(dotted(_origin(shaped, place)), f"{reason} ({schema})")
        for place, reason in schemas.violations(schema, region, shaped.document)
        if place or not kind.part  # a part says nothing about what the whole requires
    ]


def _origin(shaped: Shape, place: Path) -> Path:
    """Where in Pulumi's inputs a place of the document comes from; the nearest enclosing one where it has no own."""
    while place and place not in shaped.origin:
        place = place[:-1]
    return shaped.origin.get(place, ())
