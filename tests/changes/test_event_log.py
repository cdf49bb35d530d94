"""Previews read from the engine's log of events, where its JSON display panics."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.changes.event_log import PANIC, document_of, told
from tools.changes.reader import read_preview
from tools.pulumi_cli import Done

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
URN = "urn:pulumi:dev::socle::aws:s3/bucket:Bucket::files"


def state(**inputs: Any) -> dict[str, Any]:
    return {"type": "aws:s3/bucket:Bucket", "urn": URN, "parent": "urn:parent", "inputs": inputs, "outputs": {}}


EVENTS: list[dict[str, Any]] = [
    {"diagnosticEvent": {"severity": "debug", "message": "opensesame", "prefix": ""}},
    {"diagnosticEvent": {"severity": "warning", "message": "mind the gap", "prefix": "warning: "}},
    {
        "resourcePreEvent": {
            "metadata": {
                "op": "replace",
                "urn": URN,
                "type": "aws:s3/bucket:Bucket",
                "old": state(bucket="one", login=SECRET),
                "new": state(bucket="two", login=SECRET),
                "keys": ["bucket"],
                "diffs": ["bucket"],
                "detailedDiff": {"bucket": {"diffKind": "update-replace", "inputDiff": True}},
            }
        }
    },
    {"summaryEvent": {"durationSeconds": 7, "resourceChanges": {"replace": 1}, "maybeCorrupt": False}},
]
LOG = "\n".join([*map(json.dumps, EVENTS), '{"cut off'])


def test_a_log_of_events_tells_what_the_json_would() -> None:
    read = read_preview("dev", document_of(LOG))
    (change,) = read.changes
    assert (change.op, change.name, change.replace_reasons) == ("replace", "files", ("bucket",))
    assert [(diff.path, diff.before, diff.after) for diff in change.diffs] == [("bucket", '"one"', '"two"')]
    assert [each.message for each in read.diagnostics] == ["mind the gap"]
    assert (read.duration, dict(read.summary)) == (7.0, {"replace": 1})
    (after,) = read.resources_after()
    assert (after.parent, after.inputs) == ("urn:parent", {"bucket": "two", "login": "[secret]"})


class Panicking:
    """An engine whose JSON display panics."""

    def __init__(self, said: str = f"{PANIC}\n\ngoroutine 44 [running]:") -> None:
        self.asked: list[list[str]] = []
        self._said = said

    def __call__(self, arguments: Sequence[str], shown: bool, variables: Mapping[str, str]) -> Done:
        self.asked.append(list(arguments))
        if "--json" in arguments:
            return Done(2, "", self._said)
        assert variables["PULUMI_DEBUG_COMMANDS"] == "true"
        Path(arguments[arguments.index("--event-log") + 1]).write_text(LOG, encoding="utf-8")
        return Done(0)


def test_a_preview_that_the_engine_cannot_show_is_made_again_through_its_log() -> None:
    engine = Panicking()
    done = told(engine, ["preview", "--json", "--show-sames", "--stack", "dev"], {})
    assert read_preview("dev", done.output, done.code, done.errors).changes
    assert engine.asked[1][:3] == ["preview", "--stack", "dev"]


def test_a_preview_that_fails_otherwise_is_not_made_again() -> None:
    engine = Panicking("error: no such stack")
    assert told(engine, ["preview", "--json"], {}).errors == "error: no such stack"
    assert len(engine.asked) == 1
