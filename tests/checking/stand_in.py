"""A stand-in of Checkov, which says what it is told to."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def failed(check: str, file: str, resource: str = "", **fields: Any) -> dict[str, Any]:
    """A failed check as Checkov's JSON has it."""
    known = {"check_name": "Do better", "check_class": "checkov.kubernetes.checks.resource.k8s.Better"}
    return {"check_id": check, "file_path": f"/{file}", "resource": resource, "guideline": None, **known, **fields}


def report(framework: str, *found: dict[str, Any], passed: int = 1, unread: int = 0) -> dict[str, Any]:
    """What Checkov says of the files of a framework."""
    counts = {"passed": passed, "failed": len(found), "parsing_errors": unread, "checkov_version": "9.9.9"}
    return {"check_type": framework, "results": {"failed_checks": list(found)}, "summary": counts}


def checkov(folder: Path, said: object, *, code: int = 0, errors: str = "") -> Path:
    """The command: prints `said`, as JSON unless it is a text, and keeps what it was asked in `asked.json`."""
    printed = said if isinstance(said, str) else json.dumps(said)
    command = folder / "checkov"
    lines = [
        f"#!{sys.executable}",
        "import json, os, sys",
        f"known = {{'arguments': sys.argv[1:], 'variables': dict(os.environ)}}; file = {str(folder / 'asked.json')!r}",
        "open(file, 'w').write(json.dumps(known))",
        f"sys.stdout.write({printed!r}); sys.stderr.write({errors!r}); sys.exit({code})",
    ]
    command.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command.chmod(0o755)
    return command


def of_all(frameworks: Sequence[str]) -> list[dict[str, Any]]:
    """What it says of files without a fault."""
    return [report(each) for each in frameworks]
