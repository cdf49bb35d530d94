"""Rules on resources: what they find, and what they cannot tell."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from policy.rules.model import (
    ChangeCheck,
    Changes,
    Context,
    NotEvaluated,
    Resource,
    ResourceCheck,
    Rule,
    Said,
    Stack,
    matches,
)

_COMPONENTS: Final = "eks:index:"
"""Components of another process, whose inputs the engine does not know."""


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that is broken."""

    rule: Rule
    resource: Resource | None
    message: str


@dataclass(frozen=True, slots=True)
class Unevaluated:
    """A rule of which nobody can tell yet whether a resource keeps it."""

    rule: Rule
    resource: Resource | None
    unknown: str
    """The value that it needs."""


Result = Found | Unevaluated


def of_resource(resource: Resource, context: Context, rules: Iterable[Rule]) -> Iterator[Result]:
    """What the rules on single resources say of one."""
    if resource.type.startswith(_COMPONENTS) and not resource.inputs:
        return  # what it is made of, which is in the stack too, says what there is
    for rule in rules:
        for check in rule.checks:
            if isinstance(check, ResourceCheck) and matches(check, resource.type):

                def run(check: ResourceCheck = check) -> Iterator[Said]:
                    return ((resource, message) for message in check.run(resource, context))

                yield from _guarded(rule, resource, run)


def of_stack(resources: Sequence[Resource], context: Context, rules: Iterable[Rule]) -> Iterator[Result]:
    """What the rules on all resources together say."""
    stack = Stack(resources, context)
    for rule in rules:
        for check in rule.checks:
            if not isinstance(check, ResourceCheck | ChangeCheck):
                yield from _guarded(rule, None, lambda check=check: check.run(stack))


def of_changes(changes: Changes, rules: Iterable[Rule]) -> Iterator[Result]:
    """What the rules on what is planned say."""
    for rule in rules:
        for check in rule.checks:
            if isinstance(check, ChangeCheck):
                yield from _guarded(rule, None, lambda check=check: check.run(changes))


def of_all(resources: Sequence[Resource], context: Context, rules: Sequence[Rule]) -> list[Result]:
    """What all rules say that need no preview."""
    singles = [result for resource in resources for result in of_resource(resource, context, rules)]
    return [*singles, *of_stack(resources, context, rules)]


def _guarded(rule: Rule, resource: Resource | None, run: Callable[[], Iterator[Said]]) -> Iterator[Result]:
    """What a check says until it needs a value that is not known."""
    try:
        for told, message in run():
            yield Found(rule, told, message)
    except NotEvaluated as unknown:
        yield Unevaluated(rule, resource, str(unknown))
