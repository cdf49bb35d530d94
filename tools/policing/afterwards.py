"""What the rules say once an update is done, of what nobody could tell before it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from policy.pending import Key
from policy.pending import read as read_pending
from policy.rules import evaluation
from policy.rules.catalogue import rules
from policy.rules.model import Resource, StackCheck
from policy.rules.values import newest, read
from settings import SettingsError
from tools.changes.known_secrets import secrets_in
from tools.changes.masks import Masks
from tools.changes.summaries import PolicySummary
from tools.changes.urns import name_of
from tools.policing.summary import Known, known_of, summed
from tools.policing.wording import counts, pending
from tools.pulumi_cli import Export, Pulumi, PulumiFailed, resources
from tools.sentences import FAILED
from tools.setup import ROOT, SetupError


@dataclass(frozen=True)
class Afterwards:
    """What to say after an update, and whether it is a failure."""

    lines: tuple[str, ...] = ()
    code: int = 0
    """1 when a mandatory rule is broken: what is deployed stays, and whoever deployed has to know."""


def with_secrets(stack: str) -> Export:
    """The state of a stack, secrets in plain text. Raises `PulumiFailed` and `SetupError`."""
    return Pulumi(stack).export(secrets=True)


def afterwards(
    stack: str,
    waiting: Path,
    folder: Path = ROOT,
    export: Callable[[str], Export] = with_secrets,
    known: Callable[[str, Path], Known] = known_of,
) -> Afterwards:
    """Evaluate from the state what the file `waiting` says that a preview could not tell; all, where no pack wrote it.

    Costs one export of the state, and nothing where the preview could tell everything. It never fails.
    """
    before = read_pending(waiting)
    if before is not None and not before:
        return Afterwards()
    try:
        state = export(stack)
        summary = _evaluated(before, state, known(stack, folder))
    except (PulumiFailed, SetupError, SettingsError, OSError) as error:
        why = " ".join(str(error).split())
        said = f"{stack}: what the rules could not tell before the update is not evaluated ({why})"
        return Afterwards((f"{said}: `make policy STACK={stack} REAL=1` evaluates it",))
    masks = Masks(secrets_in(state))
    told = tuple(map(masks.text, _lines(stack, before, summary)))
    return Afterwards(told, FAILED if summary.count("mandatory") else 0)


def beforehand(stack: str, waiting: Path) -> str:
    """How much a preview could not tell, by the file that the pack wrote; empty where it told everything."""
    found = read_pending(waiting)
    if not found:
        return ""
    waits = f"{len(found)} {'check waits' if len(found) == 1 else 'checks wait'}"
    return f"{stack}: {waits} for values that only the update gives: `make policy STACK={stack}` names them"


def _evaluated(before: frozenset[Key] | None, state: Export, known: Known) -> PolicySummary:
    results = evaluation.of_all(list(resources_in(state)), known.context, rules())
    return summed((each for each in results if before is None or _waited(each, before)), known)


def _waited(result: evaluation.Result, before: frozenset[Key]) -> bool:
    """Whether a result is of a check that waited. A check of all resources waits for the stack, and names resources."""
    urn = result.resource.urn if result.resource else ""
    whole = any(isinstance(check, StackCheck) for check in result.rule.checks)
    return (result.rule.id, urn) in before or (whole and (result.rule.id, "") in before)


def resources_in(state: Export) -> Iterator[Resource]:
    """Every resource of a state, as rules read it."""
    for each in resources(state):
        if each.get("delete"):
            continue  # what took its place is in the state too
        links = cast(Mapping[str, Iterable[str] | None], each.get("propertyDependencies") or {})
        inputs: Any = read(each.get("inputs") or {})
        yield Resource(
            type=newest(str(each["type"])),
            name=name_of(str(each["urn"])),
            inputs=inputs,
            urn=str(each["urn"]),
            parent=str(each.get("parent") or ""),
            links={key: tuple(urns) for key, urns in links.items() if urns},
            protect=bool(each.get("protect")),
        )


def _lines(stack: str, before: frozenset[Key] | None, summary: PolicySummary) -> Iterator[str]:
    told = ", ".join(counts(summary)) or "nothing is wrong"
    if before is None:
        yield f"{stack}: the rules, which the engine ran without, are evaluated on what is deployed: {told}"
    else:
        many = f"{len(before)} {'check' if len(before) == 1 else 'checks'}"
        yield f"{stack}: {many} that needed values of the update are evaluated now: {told}"
    for each in summary.findings:
        yield f"{each.level} {each.rule} {each.resource}: {each.message}. {each.remedy}"
    yield from (f"not evaluated: {pending(each)}" for each in summary.unevaluated)
    if summary.count("mandatory"):
        yield f"{stack}: is deployed, and breaks a mandatory rule: correct that, then `make up STACK={stack}`"
