"""What the rules say of a preview."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from bootstrap.answers import read_answers
from policy.exemptions import Exempt, Exemption, Judged, judge
from policy.exemptions import read as read_exemptions
from policy.rules import evaluation
from policy.rules.catalogue import rules
from policy.rules.model import Change, Changes, Context, Resource
from policy.rules.values import newest, read
from settings import SettingsError, read_stack
from tools.changes import model
from tools.changes.stateful import danger
from tools.changes.summaries import CostSummary, Exempted, Finding, Pending, PolicySummary
from tools.changes.urns import name_of
from tools.changes.visible import one_line
from tools.setup import ROOT

_LEVELS = ("mandatory", "advisory")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What rules need to know of a stack beside its preview."""

    context: Context
    exemptions: tuple[Exemption, ...] = ()


def known_of(stack: str, folder: Path = ROOT, today: date | None = None) -> Known:
    """What the settings of a stack and the answers of the team say. Raises `SettingsError`."""
    settings = read_stack(stack, folder)
    try:
        production = read_answers(folder).production
    except SettingsError:
        production = ("prod",)  # a team without a bootstrap has not said otherwise
    registry = settings.registry.server if settings.registry else ""
    return Known(
        context=Context(
            stack=stack,
            production=stack in production,
            today=today or datetime.now(UTC).date(),
            expires=settings.expires is not None,
            registries=frozenset({registry} - {""}),
        ),
        exemptions=read_exemptions(each.model_dump() for each in settings.policy_exemptions),
    )


def policy_summary(
    preview: model.Preview, stack: str, known: Known | None = None, cost: CostSummary | None = None
) -> PolicySummary | None:
    """What the rules say of a preview; None when it failed. Raises `SettingsError`."""
    if preview.failed:
        return None
    known = known or known_of(stack)
    singles_and_stack = evaluation.of_all(resources_of(preview), known.context, rules())
    planned = evaluation.of_changes(_changes(preview, known.context, cost), rules())
    return summed([*singles_and_stack, *planned], known)


def policy_or_none(preview: model.Preview, stack: str, cost: CostSummary | None) -> PolicySummary | None:
    """Likewise for a report, which is worth more than its rules: None where the settings are wrong.

    The program refuses the same settings, and says why.
    """
    try:
        return policy_summary(preview, stack, cost=cost)
    except SettingsError:
        return None


def summed(results: Iterable[evaluation.Result], known: Known) -> PolicySummary:
    """Results as a summary: what counts, the strictest first, what is exempt, and what nobody can tell."""
    results = list(results)
    broken = [each for each in results if isinstance(each, evaluation.Found)]
    judged = judge(broken, known.exemptions, known.context.today)
    findings = {_finding(each, known.context) for each in judged if isinstance(each, Judged)}
    pending = {_pending(each) for each in results if isinstance(each, evaluation.Unevaluated)}
    let_off = [each for each in judged if isinstance(each, Exempt)]
    return PolicySummary(
        findings=tuple(sorted(findings, key=_rank)),
        unevaluated=tuple(sorted(pending, key=lambda each: (each.rule, each.resource, each.value))),
        exempt=tuple(
            sorted(
                {*map(_let_off, let_off), *_idle(known, {each.exemption for each in let_off})},
                key=lambda each: (each.rule, each.resource, each.message, each.until, each.reason),
            )
        ),
    )


def resources_of(preview: model.Preview) -> list[Resource]:
    """Every resource of a preview as it is afterwards, as rules read it."""
    after = list(preview.resources_after())
    # The log of events has no links: then an input that has none may have some.
    linked = any(each.links for each in after)
    return [
        Resource(
            type=newest(each.type),
            name=each.name,
            inputs=read(each.inputs),
            urn=each.urn,
            parent=each.parent,
            links=each.links if linked else None,
            protect=each.protect,
        )
        for each in after
    ]


def _changes(preview: model.Preview, context: Context, cost: CostSummary | None) -> Changes:
    changes: list[Change] = []
    for step in preview.steps:
        if step.phase != "plan" or (step.op in model.UNCHANGED and step.protect == step.protected):
            continue
        before = step.before or {}
        changes.append(
            Change(
                op=step.op,
                resource=Resource(type=newest(step.type), name=name_of(step.urn), inputs=read(before), urn=step.urn),
                lost=danger(step.op, step.type, before),
                unprotected=step.protected and not step.protect and step.op not in ("create", "import"),
            )
        )
    others = sum(each or 0.0 for each in cost.others.values()) if cost else 0.0
    return Changes(
        changes=changes,
        context=context,
        cost_before=cost.before + others if cost else None,
        cost_after=cost.after + others if cost else None,
        budget=cost.budget if cost else None,
    )


def _finding(judged: Judged, context: Context) -> Finding:
    rule = judged.found.rule
    return Finding(
        rule=rule.id,
        level=rule.level(context),
        resource=one_line(_called(judged.found.resource)),
        message=one_line(judged.message),
        remedy=rule.remedy,
    )


def _pending(result: evaluation.Unevaluated) -> Pending:
    return Pending(rule=result.rule.id, resource=one_line(_called(result.resource)), value=one_line(result.unknown))


def _let_off(exempt: Exempt) -> Exempted:
    found = exempt.found
    return _exempted(exempt.exemption, resource=one_line(_called(found.resource)), message=one_line(found.message))


def _idle(known: Known, used: Set[Exemption]) -> Iterator[Exempted]:
    """Exemptions in force that let nothing off now."""
    for each in known.exemptions:
        if each not in used and known.context.today <= each.until:
            yield _exempted(each, resource=each.resource, message="")


def _exempted(exemption: Exemption, *, resource: str, message: str) -> Exempted:
    return Exempted(
        rule=exemption.rule,
        resource=resource,
        message=message,
        until=exemption.until.isoformat(),
        reason=one_line(exemption.reason),
    )


def _called(resource: Resource | None) -> str:
    return f"{resource.type} {resource.name}" if resource else "the stack"


def _rank(finding: Finding) -> tuple[int, str, str, str]:
    return _LEVELS.index(finding.level), finding.rule, finding.resource, finding.message
