"""The sections about money: what they refuse, and what they advise against."""

from datetime import datetime
from typing import Any

import pytest

import settings
from settings.money import Sleep
from tests.setting_examples import ON_CLUSTER, both, drop, good, problems, put, raw

BUDGET = {"usd_per_month": 165, "emails": ["team@example.org"], "scope": "stack"}
HOURS = {"awake_from": "07:00", "awake_until": "20:00"}


def refused(section: str, base: dict[str, Any], **wrong: Any) -> str:
    (sentence,) = problems(put(section, {**base, **wrong}))
    return sentence


def advised(**sections: Any) -> list[str]:
    values = {
        **good(),
        "socle:high_availability": "false",
        **{f"socle:{name}": each for name, each in sections.items()},
    }
    return settings.advice(settings.parse(raw(values)))


def test_hours_have_defaults_for_the_days_and_the_place() -> None:
    read = settings.parse(raw({**good(), "socle:sleep": HOURS})).sleep
    assert read == Sleep(
        awake_days=("mon", "tue", "wed", "thu", "fri"),
        awake_from="07:00",
        awake_until="20:00",
        timezone="Europe/Paris",
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"awake_until": "07:30"}, 'socle:sleep.awake_until: expected a time from an hour after awake_from "07:00" to'),
        ({"awake_until": "23:30"}, 'to "23:00", got "23:30"'),
        (
            {"awake_from": "7:00"},
            'socle:sleep.awake_from: expected a time of day in quotes such as "07:00", got "7:00"',
        ),
        ({"awake_from": 420}, 'socle:sleep.awake_from: expected a time of day in quotes such as "07:00", got 420'),
        ({"timezone": "Paris"}, 'socle:sleep.timezone: expected a time zone such as Europe/Paris, got "Paris"'),
        ({"awake_days": ["mon", "mon"]}, 'socle:sleep.awake_days: expected each item once, got "mon" twice'),
        ({"awake_days": ["lundi"]}, "socle:sleep.awake_days[0]: expected one of "),
        ({"awake_days": []}, "socle:sleep.awake_days: expected a list of one or more items"),
        ({"weekends": True}, "socle:sleep.weekends: unknown key"),
    ],
)
def test_hours_that_no_schedule_could_follow_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    assert sentence in refused("sleep", HOURS, **wrong)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"usd_per_month": 0}, "socle:budget.usd_per_month: expected a whole number from 1 to 1000000, got 0"),
        ({"emails": []}, "socle:budget.emails: expected "),
        ({"emails": ["nobody"]}, "socle:budget.emails[0]: expected an e-mail address such as"),
        ({"scope": "team"}, "socle:budget.scope: expected one of "),
        (
            {"scope": "account", "anomaly_usd": 5},
            "socle:budget.anomaly_usd: expected none, because scope is account, for which AWS has one monitor",
        ),
        ({"eur_per_month": 150}, "socle:budget.eur_per_month: unknown key"),
    ],
)
def test_a_budget_that_aws_would_not_take_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    assert sentence in refused("budget", BUDGET, **wrong)


def test_a_stack_without_a_cluster_has_nothing_that_sleeps() -> None:
    found = problems(both(put("sleep", HOURS), drop("socle:cluster", "socle:ingress", "socle:site", *ON_CLUSTER)))
    assert "socle:sleep: expected socle:cluster to be set too, because it builds on it" in found


@pytest.mark.parametrize(
    ("moment", "awake"),
    [
        ("2026-11-20T06:00:00+00:00", True),  # a Friday in winter, 7:00 in Paris
        ("2026-11-20T05:59:00+00:00", False),
        ("2026-07-17T05:00:00+00:00", True),  # in summer
        ("2026-11-20T19:00:00+00:00", False),
        ("2026-11-21T12:00:00+00:00", False),  # a Saturday
    ],
)
def test_hours_follow_the_place_and_its_summer_time(moment: str, awake: bool) -> None:
    assert Sleep(awake_from="07:00", awake_until="20:00").is_awake(datetime.fromisoformat(moment)) is awake


def test_a_backup_that_always_finds_machines_stopped_is_advised_against() -> None:
    missed = "always finds the machines of socle:sleep stopped, so that nothing is copied"
    assert advised(sleep=HOURS) == [
        f'socle:backups.schedule: "30 2 * * *" (UTC) {missed}',
        f'socle:database.backup.schedule: "0 2 * * *" (UTC) {missed}',
    ]


def test_a_backup_by_day_is_not() -> None:
    day = {"schedule": "0 12 * * *"}
    values = good()
    backups = {**values["socle:backups"], **day}
    database = values["socle:database"]
    found = advised(sleep=HOURS, backups=backups, database={**database, "backup": {**database["backup"], **day}})
    assert [each for each in found if "sleep" in each] == []


def test_high_availability_and_sleep_contradict_each_other() -> None:
    found = settings.advice(settings.parse(raw({**good(), "socle:sleep": HOURS})))
    assert any(each.startswith("socle:sleep: everything stops when the machines do") for each in found)
