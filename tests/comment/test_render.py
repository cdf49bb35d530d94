"""Comments, as they are written and as they are shown."""

from dataclasses import replace

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.comment.markdown import check, html_of
from tests.comment.reports import CHANGED, FAILED, FULL, FULLER, JOB, UNCHANGED, change, context, diff
from tools.changes.report import Report
from tools.changes.summaries import CostSummary, DriftSummary, PolicySummary
from tools.comment.context import LIMITS, Forge
from tools.comment.escape import size
from tools.comment.render import render

FORGES: tuple[Forge, ...] = ("github", "gitlab")
CASES = {
    "changed": [CHANGED, UNCHANGED],
    "failed": [CHANGED, FAILED],
    "everything": [FULLER, UNCHANGED],
    "unchanged": [UNCHANGED, replace(UNCHANGED, stack="prod")],
}


@pytest.mark.parametrize("forge", FORGES)
@pytest.mark.parametrize("case", CASES)
def test_a_comment_is_written_like_this(snapshot: SnapshotAssertion, forge: Forge, case: str) -> None:
    body = render(CASES[case], context(forge))
    check(body, JOB, FULL)
    assert size(body) <= LIMITS[forge]
    assert body == snapshot


def test_a_comment_is_shown_like_this(snapshot: SnapshotAssertion) -> None:
    assert html_of(render(CASES["everything"], context())) == snapshot


def test_the_order_of_the_reports_does_not_matter() -> None:
    assert render([CHANGED, UNCHANGED], context()) == render([UNCHANGED, CHANGED], context())


def test_no_change_at_all_is_one_line() -> None:
    hidden, shown = render(CASES["unchanged"], context()).split("\n")
    assert hidden.startswith("<!-- socle:preview ")
    assert shown == (
        f"**Infrastructure preview**: no changes in `prod`, `staging` · [job]({JOB}) · [full report]({FULL})"
        " · preview of `abc1234` · took 21 s"
    )


def test_no_drift_at_all_is_one_line_too() -> None:
    report = replace(UNCHANGED, drift=DriftSummary())
    assert "**Infrastructure drift**: the cloud is as it should be in `staging`" in render(
        [report], context(subject="drift")
    )


@pytest.mark.parametrize(
    ("report", "title"),
    [
        (replace(UNCHANGED, cost=CostSummary(before=1, after=2)), "Δ"),
        (replace(UNCHANGED, policy=PolicySummary()), "Policy"),
        (replace(UNCHANGED, drift=DriftSummary()), "Drift"),
        (replace(UNCHANGED, lock=FULLER.lock), "Lock"),
    ],
)
def test_a_column_is_there_when_some_stack_has_something_for_it(report: Report, title: str) -> None:
    def columns(*reports: Report) -> list[str]:
        (head,) = [line for line in render(reports, context()).split("\n") if line.startswith("| Stack")]
        return [cell.strip() for cell in head.strip("|").split("|")]

    assert columns(CHANGED) == ["Stack", "+", "~", "±", "−"]
    assert title in columns(CHANGED, report)


def test_what_is_lost_is_told_in_the_block_of_warnings() -> None:
    body = render([CHANGED], context())
    assert "> [!CAUTION]\n" in body
    assert (
        "> - `prod` replaces `aws:rds:Instance main` because of `engineVersion`: its data go with it; only a snapshot "
        "or a backup brings them back\n"
    ) in body
    assert "> ⛔ **Caution**\n" in render([CHANGED], context("gitlab"))


def test_a_change_without_danger_has_no_block_of_warnings() -> None:
    assert "CAUTION" not in render([replace(CHANGED, changes=CHANGED.changes[2:])], context())


def test_a_failure_tells_the_cause_and_the_whole_error() -> None:
    body = render([FAILED], context())
    assert "> - `staging`: the preview failed: `ValueError: password=[masked]`" in body
    assert "\n│ Traceback (most recent call last):\n" in body
    assert "\n# aws:s3:Bucket files:\n" in body


def test_few_changes_are_unfolded_and_many_are_folded() -> None:
    few = replace(UNCHANGED, changes=(change("update", "a", diff("x", "1", "2")),))
    assert "<details open>" in render([few], context())
    many = replace(UNCHANGED, changes=tuple(change("update", f"a{n}", diff("x", "1", "2")) for n in range(9)))
    assert "<details><summary>" in render([many], context())


def test_links_that_are_none_are_left_out() -> None:
    body = render([CHANGED], context(job_url="javascript:alert(1)", report_url=""))
    assert body.split("\n")[-1] == "job · preview of `abc1234` · took 38 s"


def test_what_is_exempt_and_what_nobody_can_tell_yet_is_told_with_its_day_reason_and_value() -> None:
    body = render([FULLER], context())
    assert "**1 mandatory**, 1 advisory, 1 not evaluated, 1 exempt |" in body
    assert "policy, 2 exemptions in force" in body
    named = "| `LOG-01` | `aws:cloudwatch:LogGroup audit` |"
    assert f"{named} `2026-12-31` | `the auditor wants a year` | `is kept for ever` |" in body
    assert "| `EKS-01` | `main-*` | `2027-01-31` | `a demonstration` | `lets nothing off now: take it out` |" in body
    assert "policy, 1 check not evaluated before the update" in body
    assert "| `IAM-02` | `aws:iam/rolePolicy:RolePolicy deploy` | `policy` |" in body


def test_a_stack_that_keeps_its_rules_says_what_was_not_evaluated_all_the_same() -> None:
    assert FULLER.policy
    kept = replace(FULLER, policy=replace(FULLER.policy, findings=()))
    assert "| passed, 1 not evaluated, 1 exempt |" in render([kept], context())


def test_a_budget_that_the_change_exceeds_is_a_warning() -> None:
    assert "> - `prod` costs `130.60 EUR` a month with this change, the budget is `125.00 EUR`" in render(
        [FULLER], context()
    )
    assert FULLER.cost
    cheaper = replace(FULLER, cost=replace(FULLER.cost, before=140.0))
    assert "the budget is `" not in render([cheaper], context())


def test_the_first_line_tells_what_the_bill_grows_by_or_that_it_stays() -> None:
    def first(after: float) -> str:
        report = replace(CHANGED, cost=CostSummary(before=10.0, after=after))
        return next(line for line in render([report], context()).splitlines() if line.startswith("### "))

    assert first(12.5).endswith(" · `+2.50 EUR` a month")
    assert first(10.001).endswith(" · costs as before")
