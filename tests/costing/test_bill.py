"""The bill beside the estimate, through the real client of Cost Explorer with answers of its form."""

from collections.abc import Iterator
from datetime import date
from typing import Any, cast

import boto3
import pytest
import typer
from botocore.stub import Stubber

from tools import bill
from tools.bill import Means
from tools.costing.billed import UNTAGGED, billed, following, previous
from tools.costing.kept import Known
from tools.costing.totals import Total
from tools.sentences import BAD_INPUT, FAILED

OCTOBER = date(2026, 10, 1)
TODAY = date(2026, 11, 21)


def group(key: str, usd: float) -> dict[str, Any]:
    return {"Keys": [f"stack${key}"], "Metrics": {"UnblendedCost": {"Amount": f"{usd}", "Unit": "USD"}}}


def answer(*groups: dict[str, Any], **more: str) -> dict[str, Any]:
    period = {"Start": "2026-10-01", "End": "2026-11-01"}
    return {"ResultsByTime": [{"TimePeriod": period, "Total": {}, "Groups": list(groups), "Estimated": False}], **more}


def question(**more: str) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": "2026-10-01", "End": "2026-11-01"},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "TAG", "Key": "stack"}],
        "Filter": {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Tax", "Credit", "Refund"]}}},
        **more,
    }


@pytest.fixture
def explorer() -> Iterator[tuple[Any, Stubber]]:
    client = cast(Any, boto3).client("ce", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        yield client, stubber


def known(stacks: list[str]) -> Known:
    return Known({"staging": Total(90.0, 0, 93.1, "2026-10-01T00:00:00Z"), "prod": None}, (), True)


def means(client: Any, *, attended: bool = False) -> Means:
    return Means(lambda: client, known, lambda: TODAY, lambda: attended)


def test_every_page_is_added_up_by_stack(explorer: tuple[Any, Stubber]) -> None:
    client, stubber = explorer
    stubber.add_response(
        "get_cost_and_usage", answer(group("staging", 60), group("", 5), NextPageToken="n"), question()
    )
    stubber.add_response("get_cost_and_usage", answer(group("staging", 40)), question(NextPageToken="n"))
    assert billed(client, OCTOBER) == {"staging": 100.0, UNTAGGED: 5.0}
    stubber.assert_no_pending_responses()


def test_the_last_whole_month_is_compared_with_the_estimate(
    explorer: tuple[Any, Stubber], capsys: pytest.CaptureFixture[str]
) -> None:
    client, stubber = explorer
    groups = group("staging", 100), group("prod", 7), group("old-copy", 3), group("", 5)
    stubber.add_response("get_cost_and_usage", answer(*groups), question())
    bill.run("", yes=True, means=means(client))
    shown = capsys.readouterr().out
    rows = [" ".join(row.replace("│", " ").split()) for row in shown.splitlines()]
    assert "staging 90.00 100.00 +10.00" in rows
    assert "prod unknown 7.00" in rows
    assert "old-copy unknown 3.00" in rows
    assert "without a tag 5.00" in rows
    assert "all 115.00 118.97 EUR of 150" in rows


def test_a_bill_without_tags_says_that_the_tag_is_not_activated(
    explorer: tuple[Any, Stubber], capsys: pytest.CaptureFixture[str]
) -> None:
    client, stubber = explorer
    stubber.add_response("get_cost_and_usage", answer(group("", 5)), question())
    bill.run("2026-10", yes=True, means=means(client))
    assert "No cost has the tag `stack`" in capsys.readouterr().out


def test_nothing_is_asked_that_costs_money_unless_somebody_agrees(
    explorer: tuple[Any, Stubber], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = explorer  # a stubbed client refuses any request
    with pytest.raises(typer.Exit) as end:
        bill.run("", yes=False, means=means(client))
    assert end.value.exit_code == BAD_INPUT
    assert "Cost Explorer bills 0.01 USD for each request: `make bill YES=1` asks it" in capsys.readouterr().err

    def no(question: str) -> bool:
        assert "0.01 USD" in question
        return False

    monkeypatch.setattr(typer, "confirm", no)
    with pytest.raises(typer.Exit):
        bill.run("", yes=False, means=means(client, attended=True))
    assert "nothing was asked" in capsys.readouterr().err


@pytest.mark.parametrize("month", ["October", "2026-13", "2026-1", "2026-12", "0000-01"])
def test_a_month_that_is_none_or_not_yet_is_refused(month: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end:
        bill.run(month, yes=True, means=means(None))
    assert end.value.exit_code == BAD_INPUT
    assert f'MONTH: expected a month up to now such as 2026-10, got "{month}"' in capsys.readouterr().err


def test_what_the_account_refuses_is_said(explorer: tuple[Any, Stubber], capsys: pytest.CaptureFixture[str]) -> None:
    client, stubber = explorer
    stubber.add_client_error("get_cost_and_usage", "AccessDeniedException", "not authorized: ce:GetCostAndUsage")
    with pytest.raises(typer.Exit) as end:
        bill.run("", yes=True, means=means(client))
    assert end.value.exit_code == FAILED
    assert "these credentials may not GetCostAndUsage" in capsys.readouterr().err


def test_months_follow_each_other_over_the_new_year() -> None:
    assert following(date(2026, 12, 1)) == date(2027, 1, 1)
    assert previous(date(2027, 1, 1)) == date(2026, 12, 1)
    assert previous(date(2026, 12, 1)) == date(2026, 11, 1)
