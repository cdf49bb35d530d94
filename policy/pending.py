"""What a preview could not tell, in a file that the policy pack writes and whoever runs the engine reads."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from policy.rules.evaluation import Unevaluated

VARIABLE: Final = "SOCLE_PENDING_RULES"
"""Variable that names the file; without it, nothing is written."""

Key = tuple[str, str]
"""A rule and the URN of a resource, which is empty for what is about the stack as a whole."""


def write(file: Path, results: Iterable[Unevaluated]) -> None:
    """Add results to a file, which is there from the first call on, even of none."""
    with file.open("a", encoding="utf-8") as lines:
        for each in results:
            urn = each.resource.urn if each.resource else ""
            lines.write(json.dumps({"rule": each.rule.id, "urn": urn}) + "\n")


def read(file: Path) -> frozenset[Key] | None:
    """What a file has; None where there is none, or where it was cut off."""
    try:
        found: list[dict[str, Any]] = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return None
    return frozenset((str(each["rule"]), str(each["urn"])) for each in found)
