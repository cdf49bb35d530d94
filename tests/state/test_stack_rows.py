"""`make stacks`: what it says of every stack, and how few questions that takes."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.state.copies import ADA, Office, code_of
from tools import stacks
from tools.state.objects import Objects, client_of
from tools.state.registry import change

Said = pytest.CaptureFixture[str]
URN = "urn:pulumi:staging::socle::socle:index:Site::"


def listed(desks: Office, capsys: Said) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    assert code_of(lambda: stacks.run(as_json=True, means=desks.means)) == 0
    return {row["stack"]: row for row in json.loads(capsys.readouterr().out)}


def shown(desks: Office, capsys: Said) -> str:
    capsys.readouterr()
    assert code_of(lambda: stacks.run(as_json=False, means=desks.means)) == 0
    return capsys.readouterr().out


def test_every_stack_is_listed_with_what_it_has(desks: Office, capsys: Said) -> None:
    desks.place.init("staging")
    desks.make("dev-x")
    sites = [{"urn": URN + name, "type": "socle:index:Site", "custom": False} for name in ("a", "b")]
    desks.place.load("staging", *sites)
    desks.objects.write("socle/costs/staging.json", b'{"eur_month": 41.5, "at": "2026-11-21T10:00:00Z"}')
    lock = b'{"pid": 7, "username": "marie", "hostname": "elsewhere", "timestamp": "2026-01-01T00:00:00Z"}'
    desks.objects.write(".pulumi/locks/organization/socle/staging/1.json", lock)
    found = listed(desks, capsys)
    assert found.keys() == {"dev-x", "f1-vote", "prod", "staging"}
    staging, own, prod = found["staging"], found["dev-x"], found["prod"]
    assert (staging["kind"], staging["resources"], staging["eur_month"]) == ("k3s", 2, 41.5)
    assert staging["lock"].startswith("marie@elsewhere (process 7) since ")
    assert (staging["expires"], staging["made_by"], staging["note"]) == ("", "", "")
    assert (own["kind"], own["resources"], own["made_by"], own["lock"]) == ("k3s", 0, ADA.arn, "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", own["expires"])
    assert (prod["kind"], prod["resources"]) == ("eks", None)
    assert prod["note"] == "not in the backend: `pulumi stack init prod` makes it"
    table = shown(desks, capsys)
    assert re.search(r"staging +k3s +2 +.* 41\.50 +marie@elsewhere \(process 7\) since [0-9 :-]+ +never", table)
    assert re.search(r"dev-x +k3s +0 +never +- +unknown +free +in (8 h|7 h 59 min)", table)
    assert re.search(r"prod +eks +- +never", table)


def test_the_newest_update_is_told_with_who_made_it(desks: Office, capsys: Said) -> None:
    desks.place.init("staging")
    note = {
        "kind": "update", "startTime": 1795000000, "endTime": 1795000060, "result": "succeeded",
        "environment": {"ci.system": "GitLab", "ci.build.url": "https://gitlab.com/devu42/jobs/7"},
        "resourceChanges": {"create": 2}, "message": "", "config": {}, "version": 0,
    }  # fmt: skip
    history = desks.objects.backend.history_prefix("staging")
    desks.objects.write(f"{history}staging-1795000060000000000.history.json", json.dumps(note).encode())
    row = listed(desks, capsys)["staging"]
    assert (row["updated"], row["updated_by"]) == (
        "2026-11-18T11:07:40+00:00",
        "GitLab https://gitlab.com/devu42/jobs/7",
    )


def test_files_states_and_records_without_the_others_are_told(desks: Office, capsys: Said) -> None:
    desks.place.init("lost")
    desks.file("lost").unlink()
    desks.make("dev-x")
    desks.make("dev-y")
    desks.file("dev-x").unlink()
    change(desks.objects, "dev-y", lambda record: replace(record, stack_file="", maker="elsewhere 1 1"))
    found = listed(desks, capsys)
    assert (found["lost"]["kind"], found["lost"]["note"]) == ("", "no file here")
    # Its file is in the record.
    assert (found["dev-x"]["kind"], found["dev-x"]["note"]) == ("k3s", "no file here: `make new STACK=dev-x RESTORE=1`")
    assert found["dev-y"]["note"] == "half made: `make new STACK=dev-y` goes on, `make remove STACK=dev-y` gives up"


def test_a_broken_state_is_told_and_does_not_hide_the_others(desks: Office, capsys: Said) -> None:
    desks.place.init("staging")
    desks.objects.write(desks.objects.backend.state_key("prod"), b'{"checkpoint": ')
    desks.objects.write("socle/costs/staging.json", b"[")
    found = listed(desks, capsys)
    assert found["prod"]["note"] == "the state's object does not decode (15 bytes): `make rescue STACK=prod`"
    assert (found["staging"]["resources"], found["staging"]["eur_month"]) == (0, None)


def test_an_end_that_nobody_can_read_is_told(desks: Office, capsys: Said) -> None:
    file = desks.file("staging")
    file.write_text(file.read_text() + "  socle:expires: soon\n")
    desks.file("prod").write_text("config: [\n")
    found = listed(desks, capsys)
    assert "staging: socle:expires: expected a moment in UTC" in found["staging"]["note"]
    assert found["prod"]["note"].startswith("Pulumi.prod.yaml, line 2: not valid YAML")


def test_a_stack_more_costs_a_bounded_number_of_questions(desks: Office) -> None:
    asked: list[str] = []

    def note(**event: Any) -> None:
        asked.append(str(event["model"].name))

    def questions() -> int:
        client: BaseClient = client_of(desks.place.backend, "s3")
        client.meta.events.register("before-call.s3", note)
        asked.clear()
        means = replace(desks.means, objects=lambda: Objects(desks.place.backend, client))
        assert code_of(lambda: stacks.run(as_json=True, means=means)) == 0
        return len(asked)

    counts: Sequence[int] = []
    for number in range(3):
        desks.objects.write(desks.objects.backend.state_key(f"s{number}"), b'{"checkpoint": {"latest": {}}}')
        desks.objects.write(f"socle/costs/s{number}.json", b'{"eur_month": 1}')
        counts = [*counts, questions()]
    steps = {later - earlier for earlier, later in pairwise(counts)}
    assert len(steps) == 1
    assert max(steps) <= 8
    assert counts[0] <= 8 + 8
