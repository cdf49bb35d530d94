# ruff: noqa: E501 (one case a line reads as the table that it is)
"""Exemptions: for a reason, until a day, of a rule that exists; and what `make policy` says."""

import json
from dataclasses import replace
from datetime import date

import pytest

from policy.exemptions import Exempt, Exemption, Judged, judge
from policy.rules.catalogue import rules
from policy.rules.evaluation import Found
from policy.rules.model import Context
from settings import SettingsError, parse, read_stack_file
from settings.stack_files import PROJECT_FILE
from tests.policy.cases import one
from tests.stack_examples import ROOT
from tools import policy as command
from tools.changes.model import Diagnostic, Preview, Step
from tools.changes.summaries import CostSummary, Pending
from tools.policing.summary import Known, policy_or_none, policy_summary
from tools.policing.wording import exempted

TODAY = date(2026, 11, 21)
RULES = {rule.id: rule for rule in rules()}
LOGS = Found(RULES["LOG-01"], one("aws:cloudwatch/logGroup:LogGroup", "audit-logs"), "kept for ever")
ENTRY = {"rule": "LOG-01", "resource": "audit-*", "reason": "the auditor wants a year", "until": "2026-12-31"}
KNOWN = Known(context=Context(stack="prod", production=True, today=TODAY))
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def exemption(**changes: object) -> Exemption:
    kept = Exemption(rule="LOG-01", resource="audit-*", reason="the auditor wants a year", until=date(2026, 12, 31))
    return replace(kept, **changes)  # type: ignore[arg-type]


def preview(*steps: Step) -> Preview:
    return Preview(stack="prod", steps=steps)


def step(op: str, type_: str, name: str, after: dict[str, object] | None = None, **more: object) -> Step:
    urn = f"urn:pulumi:prod::socle::{type_}::{name}"
    return Step(op=op, urn=urn, type=type_, name=name, phase="plan", after=after, **more)  # type: ignore[arg-type]


LOG_STEP = step("create", "aws:cloudwatch/logGroup:LogGroup", "audit-logs", {"name": "x"})


def refused(entry: dict[str, object]) -> list[str]:
    values = read_stack_file(ROOT / "Pulumi.prod.yaml")
    with pytest.raises(SettingsError) as error:
        parse({**values, "socle:policy_exemptions": json.dumps([entry])})
    return list(error.value.problems)


def test_an_exemption_lets_off_what_it_names_until_its_day() -> None:
    (judged,) = judge([LOGS], [exemption(until=TODAY)], TODAY)
    assert isinstance(judged, Exempt)


@pytest.mark.parametrize("changes", [{"rule": "LOG-02"}, {"resource": "other"}])
def test_an_exemption_lets_nothing_else_off(changes: dict[str, object]) -> None:
    (judged,) = judge([LOGS], [exemption(**changes)], TODAY)
    assert isinstance(judged, Judged) and judged.message == "kept for ever"


def test_past_its_day_the_rule_counts_again_and_says_why_it_did_not() -> None:
    (judged,) = judge([LOGS], [exemption(until=date(2026, 11, 20))], TODAY)
    assert isinstance(judged, Judged)
    assert judged.message == "kept for ever (its exemption ended on 2026-11-20: the auditor wants a year)"


def test_settings_take_an_exemption() -> None:
    values = read_stack_file(ROOT / "Pulumi.prod.yaml")
    settings = parse({**values, "socle:policy_exemptions": json.dumps([ENTRY])})
    assert [each.rule for each in settings.policy_exemptions] == ["LOG-01"]
    assert "socle:policy_exemptions" in (ROOT / PROJECT_FILE).read_text(encoding="utf-8")


def test_an_exemption_of_a_rule_that_does_not_exist_is_refused() -> None:
    assert refused({**ENTRY, "rule": "LOG-99"}) == [
        "socle:policy_exemptions[0].rule: expected the id of a rule that exists, such as LOG-01 "
        '(policy/catalogue.yaml has them all), got "LOG-99"'
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"until": "soon"}, 'socle:policy_exemptions[0].until: expected a day such as "2026-12-24", got "soon"'),
        ({"until": "2026-02-30"}, 'socle:policy_exemptions[0].until: expected a day such as "2026-12-24", got "2026-02-30"'),
        ({"reason": "no"}, "socle:policy_exemptions[0].reason: expected one line of 10 to 300 characters that says why, "
         'got "no"'),
    ],
)  # fmt: skip
def test_an_exemption_needs_a_reason_and_a_day(changes: dict[str, object], said: str) -> None:
    assert refused({**ENTRY, **changes}) == [said]


def test_a_summary_has_findings_what_is_exempt_and_what_nobody_can_tell() -> None:
    other = step("create", "aws:cloudwatch/logGroup:LogGroup", "app", {})
    unknown = step("create", "aws:kms/key:Key", "key", {"enableKeyRotation": UNKNOWN})
    known = replace(KNOWN, exemptions=(exemption(),))
    summary = policy_summary(preview(LOG_STEP, other, unknown), "prod", known)
    assert summary is not None
    assert [(each.rule, each.level, each.resource) for each in summary.findings] == [
        ("LOG-01", "mandatory", "aws:cloudwatch/logGroup:LogGroup app")
    ]
    assert [(each.rule, each.resource, each.until) for each in summary.exempt] == [
        ("LOG-01", "aws:cloudwatch/logGroup:LogGroup audit-logs", "2026-12-31")
    ]
    assert Pending(rule="KMS-01", resource="aws:kms/key:Key key", value="enableKeyRotation") in summary.unevaluated


def test_an_exemption_in_force_that_lets_nothing_off_is_told_and_one_that_ended_is_not() -> None:
    idle, ended = exemption(rule="EKS-01", resource="main-*"), exemption(rule="EKS-02", until=date(2026, 11, 20))
    summary = policy_summary(preview(LOG_STEP), "prod", replace(KNOWN, exemptions=(idle, ended)))
    assert summary is not None
    assert [exempted(each) for each in summary.exempt] == [
        "EKS-01 main-*: lets nothing off now: take it out (until 2026-12-31: the auditor wants a year)"
    ]


def test_a_preview_shows_what_is_deleted_replaced_and_no_longer_protected() -> None:
    before = {"forceDestroy": False}
    steps = [
        step("delete", "aws:s3/bucket:Bucket", "gone", before=before),
        step("same", "aws:eks/accessEntry:AccessEntry", "entry", {}, before={}, protected=True, protect=False),
    ]
    summary = policy_summary(preview(*steps), "prod", KNOWN)
    assert summary is not None
    assert {each.resource.rpartition(" ")[2] for each in summary.findings if each.rule == "SAFE-01"} == {
        "gone",
        "entry",
    }


def test_a_preview_that_failed_and_a_stack_without_settings_have_no_summary() -> None:
    assert policy_summary(replace(preview(LOG_STEP), failed=True), "prod", KNOWN) is None
    assert policy_or_none(preview(LOG_STEP), "nowhere", None) is None


def run(
    found: Preview,
    *,
    as_json: bool = False,
    exemptions: tuple[Exemption, ...] = (),
    cost: CostSummary | Diagnostic | None = None,
) -> int:
    known = replace(KNOWN, exemptions=exemptions)
    means = command.Means(rehearsed=lambda _: found, known=lambda _: known, cost=lambda _, __, ___: cost)
    return command.run("prod", as_json=as_json, means=means)


def test_the_command_judges_the_cost_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(preview(), cost=CostSummary(before=100.0, after=140.0, budget=150.0, others={"staging": 20.0})) == 1
    assert "all stacks together cost 160.00 a month afterwards, of 150.00; this change adds 40.00" in " ".join(
        capsys.readouterr().out.split()
    )


def test_the_command_says_why_the_cost_is_not_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(preview(), cost=Diagnostic(severity="warning", message="the cost is not estimated: no prices")) == 0
    shown = capsys.readouterr()
    assert "prod: the cost is not estimated: no prices" in shown.err
    assert "not evaluated: COST-01 the stack: needs the cost of all stacks" in shown.out


def test_the_command_ends_with_1_when_a_mandatory_rule_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(preview(LOG_STEP)) == 1
    shown = capsys.readouterr()
    assert "retentionInDays is not set" in shown.out
    assert "LOG-01: Set retentionInDays" in shown.out
    assert "prod (production): 1 mandatory, 0 advisory, 0 exempt" in shown.err


def test_the_command_ends_with_0_when_all_is_exempt_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(preview(LOG_STEP), exemptions=(exemption(),)) == 0
    assert "(until 2026-12-31: the auditor wants a year)" in capsys.readouterr().out


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(preview(LOG_STEP), as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["production"] is True
    assert [each["rule"] for each in document["findings"]] == ["LOG-01"]


def test_the_command_says_why_a_preview_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(command.typer.Exit) as ended:
        run(replace(preview(), failed=True))
    assert ended.value.exit_code == 1
    assert (
        "prod: the preview failed (it said nothing): correct that, then `make policy STACK=prod`"
        in capsys.readouterr().err
    )
