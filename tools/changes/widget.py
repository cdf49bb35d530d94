"""The numbers that GitLab shows on a merge request by itself, without any token."""

import json
from pathlib import Path
from typing import Final

from tools.changes.report import Report

FILE: Final = "terraform.json"
_MOST: Final = 999_999
"""The largest number that GitLab takes."""


def widget(report: Report) -> dict[str, int]:
    """The stack's changes in the form of `artifacts:reports:terraform`, which knows no replacement and no import.

    https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsterraform
    """
    counts = report.counts
    numbers = {
        "create": counts.create + counts.replace,
        "update": counts.update + counts.imported + counts.other,
        "delete": counts.delete + counts.replace,
    }
    return {name: min(number, _MOST) for name, number in numbers.items()}


def write_widget(report: Report, file: Path) -> None:
    """Write them for GitLab; the folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(widget(report)), encoding="utf-8")
