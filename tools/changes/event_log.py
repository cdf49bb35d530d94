"""Previews through the engine's log of events, where its own JSON fails.

`pulumi preview --json` of 3.250.0 panics ("attempt to encrypt value") when an input is a secret that is not known yet
and its provider is not known yet either: a Secret on a cluster that the same preview creates. Its log of events has the
same rows, without the inputs' dependencies.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from tools.changes.document import Object
from tools.changes.rows import part
from tools.pulumi_cli import Done, Runner

PANIC: Final = "panic: attempt to encrypt value"
"""What the engine's JSON display says when it cannot show a secret."""
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the engine's mark of one)
_SECRET: Final = "[secret]"  # noqa: S105 (stands for one)
_NANOSECONDS: Final = 1_000_000_000
_SHOWN: Final = ("--json", "--show-sames")


def previewed(run: Runner, arguments: Sequence[str], variables: Mapping[str, str]) -> Done:
    """Run a preview and give its document as `--json` does, read from the log of events."""
    with tempfile.TemporaryDirectory(prefix="socle-") as folder:
        log = Path(folder) / "events"
        command = [*(each for each in arguments if each not in _SHOWN), "--event-log", str(log)]
        # The engine has this option among those for debugging; its own Automation API takes it too.
        done = run(command, False, {**variables, "PULUMI_DEBUG_COMMANDS": "true"})
        if not log.is_file():
            return done
        return Done(done.code, document_of(log.read_text(encoding="utf-8")), done.errors)


def told(run: Runner, arguments: Sequence[str], variables: Mapping[str, str]) -> Done:
    """Run a preview with `--json`, and once more through its log of events where the engine cannot write that."""
    done = run(arguments, False, variables)
    return previewed(run, arguments, variables) if done.code and PANIC in done.errors else done


def document_of(log: str) -> str:
    """The JSON of a preview that a log of events tells: an event a line, of which the last may be cut off."""
    steps: list[Object] = []
    said: list[Object] = []
    summary: Object = {}
    for event in _events(log):
        metadata = part(part(event, "resourcePreEvent"), "metadata")
        if metadata:
            steps.append(_row(metadata))
        if part(event, "diagnosticEvent").get("severity") not in (None, "debug"):
            said.append(part(event, "diagnosticEvent"))
        summary = part(event, "summaryEvent") or summary
    return json.dumps(
        {
            "steps": steps,
            "diagnostics": said,
            "duration": int(summary.get("durationSeconds") or 0) * _NANOSECONDS,
            "changeSummary": summary.get("resourceChanges") or {},
            "maybeCorrupt": bool(summary.get("maybeCorrupt")),
        }
    )


def _events(log: str) -> Iterator[Object]:
    for line in log.splitlines():
        try:
            event: Any = json.loads(line)
        except ValueError:
            continue  # an engine that is killed leaves half a line
        if isinstance(event, dict):
            yield cast(Object, event)


def _row(metadata: Object) -> Object:
    differing = cast(dict[str, Object], metadata.get("detailedDiff") or {})
    row: Object = {
        "op": metadata.get("op"),
        "urn": metadata.get("urn"),
        "diffReasons": metadata.get("diffs"),
        "replaceReasons": metadata.get("keys"),
        "detailedDiff": {
            path: {"kind": each.get("diffKind"), "inputDiff": bool(each.get("inputDiff"))}
            for path, each in differing.items()
        }
        or None,
    }
    for key, name in (("old", "oldState"), ("new", "newState")):
        if metadata.get(key):
            row[name] = _blind(metadata[key])
    return row


def _blind(value: Any) -> Any:
    """A value in which secrets are what the engine's JSON has in their place."""
    if isinstance(value, list):
        return [_blind(each) for each in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    mapping = cast(dict[str, Any], value)
    if mapping.get(_SIGNATURE) == _SECRET_SIGNATURE:
        return _SECRET
    return {key: _blind(each) for key, each in mapping.items()}
