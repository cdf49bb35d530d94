"""Every alert has its page, every page its alert, and the page says what a person woken at night needs."""

import re
from pathlib import Path

import pytest

from components.alarm_list import UNANSWERED, Balancer
from components.cloudwatch_alarms import CloudWatchAlarmsArgs, plan_alarms
from components.monitor_list import plan_monitors
from components.watched import Watched

FOLDER = Path(__file__).parents[1] / "docs" / "runbooks"
INDEX = FOLDER / "README.md"
PAGES = {path.stem: path for path in sorted(FOLDER.glob("*.md")) if path != INDEX}
MONITORS = {
    each.key: each
    for each in plan_monitors(
        Watched(
            cluster_name="plain",
            namespaces=("users-api",),
            api_namespace="users-api",
            database_namespace="database",
            database_backup_hours=24,
            backup_schedule="daily",
        )
    )
}
COMMAND = re.compile(r"^ {4}(?:kubectl|aws) \S", re.MULTILINE)
LONGEST_LINES = 45
"""What fits on the screens of a laptop, with the alert beside it."""

each_page = pytest.mark.parametrize("page", PAGES.values(), ids=lambda path: path.stem)


def test_every_monitor_has_a_page_and_every_page_a_monitor():
    assert set(PAGES) == set(MONITORS)


@pytest.mark.parametrize("kind", ["network", "application"])
def test_every_alarm_of_cloudwatch_has_a_page(kind: str):
    balancer = Balancer(
        kind="network" if kind == "network" else "application",
        arn_suffix="net/x/1",
        target_group_arn_suffixes={"https": "targetgroup/x/1"},
    )
    args = CloudWatchAlarmsArgs(
        account_id="123456789012",
        region="eu-west-3",
        emails=("a@devu42.fr",),
        cluster_name="plain",
        runbook_url="https://forge.example/runbooks",
        autoscaling_group_names={"main": "asg"},
        balancer=balancer,
        certificate_arn="arn:aws:acm:eu-west-3:123456789012:certificate/1",
        container_insights=True,
    )
    assert {each.runbook for each in plan_alarms(args)} <= set(PAGES)


def test_what_cloudwatch_cannot_answer_is_a_question_that_datadog_answers():
    assert set(UNANSWERED) <= set(MONITORS)


def test_the_index_tells_what_cloudwatch_cannot_answer():
    rows = re.findall(r"^\| \[([a-z0-9-]+)\]\(\1\.md\) \| (.+) \|$", INDEX.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(rows) == UNANSWERED


@each_page
def test_a_page_says_what_it_means_what_to_look_at_and_what_to_do(page: Path):
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem}: ")
    places = [text.index(f"\n**{word}.**") for word in ("Means", "Look", "Do")]
    assert places == sorted(places)


@each_page
def test_a_page_gives_commands_to_type(page: Path):
    text = page.read_text(encoding="utf-8")
    look, _, do = text.partition("\n**Look.**")[2].partition("\n**Do.**")
    assert COMMAND.search(look)
    assert "|---|---|" in do


@each_page
def test_a_page_is_short(page: Path):
    assert len(page.read_text(encoding="utf-8").splitlines()) <= LONGEST_LINES


@each_page
def test_a_page_explains_silence_where_it_alerts(page: Path):
    if MONITORS[page.stem].no_data_minutes is not None:
        assert re.search(r"no data", page.read_text(encoding="utf-8"), re.IGNORECASE)


@each_page
def test_a_page_names_the_levels_of_its_monitor(page: Path):
    text = page.read_text(encoding="utf-8")
    levels = MONITORS[page.stem].levels
    # Ages of backups and availability are told in words.
    if page.stem not in ("backup-age", "database-backup-age", "service-availability", "node-not-ready", "http-500"):
        assert f"{levels.critical:g}" in text
        assert f"{levels.warning:g}" in text or page.stem == "pods-per-node"


@each_page
def test_a_command_says_whose_backups_it_means(page: Path):
    # Velero and CloudNativePG both call theirs so, and kubectl takes one of the two.
    assert not re.search(r"(?:get|describe|delete) (?:\S+,)?backups?(?:,| |$)", page.read_text(encoding="utf-8"))


def test_the_index_leads_to_every_page():
    index, _, _ = INDEX.read_text(encoding="utf-8").partition("\nWith `monitoring.provider")
    assert sorted(re.findall(r"\]\(([a-z0-9-]+)\.md\)", index)) == sorted(PAGES)
