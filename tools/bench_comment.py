"""Measures the way from a preview's JSON to the comment, without the network: `python -m tools.bench_comment`."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tools.changes.reader import read_preview
from tools.changes.report import report_of
from tools.comment.context import Context
from tools.comment.render import render
from tools.setup import ROOT

COUNTS: Final = (1_000, 5_000)
"""Resources of the previews."""
AIM: Final = 1.0
"""Seconds from JSON to comment that a preview of 1,000 resources shall stay under."""
CHANGED: Final = 5
"""Of so many resources, one changes."""
_FRAMES: Final = 20
"""Lines of the program that the engine notes for each resource, most of what it writes."""
_FORGE: Final = "github"


def preview(count: int) -> dict[str, Any]:
    """A preview in the engine's own form and of its usual size, in which one resource of five changes."""
    steps = [_step(number) for number in range(count)]
    changed = sum(step["op"] != "same" for step in steps)
    summary = {"update": changed, "same": count - changed}
    return {"steps": steps, "duration": 12_000_000_000, "changeSummary": summary}


def _step(number: int) -> dict[str, Any]:
    changes = number % CHANGED == 0
    urn = f"urn:pulumi:bench::socle::aws:s3/bucket:Bucket::bucket-{number}"
    place = f"project:///../../.venv/lib/python3.11/site-packages/pulumi_aws/s3/bucket.py#{number}"

    def state(version: int) -> dict[str, Any]:
        statement = [{"Effect": "Allow", "Action": f"s3:Get{each}", "Resource": f"arn:{number}"} for each in range(8)]
        inputs = {
            "bucket": f"socle-bench-{number}",
            "tags": {"Name": f"bucket-{number}", "release": str(version)},
            "policy": json.dumps({"Version": "2012-10-17", "Statement": statement, "Id": f"v{version}"}),
        }
        trace = [{"sourcePosition": place}] * _FRAMES
        return {"urn": urn, "type": "aws:s3/bucket:Bucket", "inputs": inputs, "outputs": inputs, "stackTrace": trace}

    detailed = {name: {"kind": "update", "inputDiff": True} for name in ("tags.release", "policy")}
    return {
        "op": "update" if changes else "same",
        "urn": urn,
        "oldState": state(1),
        "newState": state(2 if changes else 1),
        "detailedDiff": detailed if changes else None,
    }


def measure(file: Path) -> dict[str, float]:
    """Read a preview and render its comment in this process: seconds, characters, and the most memory it had."""
    start = _peak()
    started = time.perf_counter()
    read = read_preview("bench", file.read_text(encoding="utf-8"))
    middle = time.perf_counter()
    context = Context(forge=_FORGE, project="team/infra", merge_request=1, sha="0" * 40, pipeline=1)
    comment = render([report_of(read, valid_at="2026-01-01T00:00:00Z")], context)
    ended = time.perf_counter()
    return {
        "read": middle - started,
        "render": ended - middle,
        "start": start,
        "peak": _peak(),
        "characters": len(comment),
    }


def _peak() -> float:
    """The most memory that this process has had, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _in_process(*arguments: str) -> str:
    """Run a part of this in a process of its own, whose memory nothing else has a part in."""
    command = [sys.executable, "-m", "tools.bench_comment", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def table(folder: Path) -> Table:
    """Measure each number of resources."""
    rows = Table("resources", "JSON", "read", "render", "both", "memory", "comment", "aim", title="Preview to comment")
    for column in rows.columns[:7]:
        column.justify = "right"
    for count in COUNTS:
        file = folder / f"{count}.json"
        _in_process("make", str(count), str(file))
        found = json.loads(_in_process("measure", str(file)))
        both = found["read"] + found["render"]
        rows.add_row(
            f"{count:,}",
            f"{file.stat().st_size / 1e6:.0f} MB",
            *(f"{seconds:.2f} s" for seconds in (found["read"], found["render"], both)),
            f"{found['peak']:.0f} MiB ({found['start']:.0f} at its start)",
            f"{found['characters']:,}",
            f"under {AIM:g} s: {'met' if both < AIM else 'missed'}" if count == COUNTS[0] else "",
        )
    return rows


def main() -> None:
    """Print the table; with arguments, do one part of the work."""
    match sys.argv[1:]:
        case ["make", count, file]:
            Path(file).write_text(json.dumps(preview(int(count)), indent=4), encoding="utf-8")
        case ["measure", file]:
            print(json.dumps(measure(Path(file))))
        case _:
            with tempfile.TemporaryDirectory(prefix="socle-bench-") as folder:
                Console(highlight=False).print(table(Path(folder)))


if __name__ == "__main__":
    main()
