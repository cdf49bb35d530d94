"""A promotion as people, programs and the history of the repository read it; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.table import Table

from settings.versions_file import FOLDER
from tools.promotion.difference import Row, short, to_write

# https://www.conventionalcommits.org/en/v1.0.0/ ; longer titles are cut where histories are shown.
_LONGEST_TITLE: Final = 72


@dataclass(frozen=True)
class Promotion:
    """What one stack would take over from another."""

    source: str
    target: str
    ended: str
    """When the last update of the source ended."""
    rows: Sequence[Row]
    """Everything that the target uses and the source runs."""
    not_run: Sequence[str] = ()
    """What the target uses beyond that, and no file pins."""
    found_at: dict[str, str] = field(default_factory=dict[str, str])
    """Who told the digest of an image that the source names by its tag alone."""

    @property
    def written(self) -> list[Row]:
        """What its file gets."""
        return to_write(self.rows)

    def table(self) -> Table:
        """What changes, for people."""
        columns = ("", f"{self.target} has", f"{self.source} runs", "")
        table = Table(*columns, box=None, padding=(0, 2, 0, 0))
        for column in table.columns:
            column.overflow = "fold"
        for row in self.written:
            table.add_row(row.called, _escaped(row.has), _escaped(row.runs), _escaped(self._note(row)))
        return table

    def notes(self) -> list[str]:
        """What the table does not say."""
        majors = (row for row in self.written if row.step == "major" and row.source)
        lines = [f"Read before: {row.source} ({row.called})." for row in majors]
        same = len(self.rows) - len(self.written)
        lines += [f"Already kept on what {self.source} runs: {same}."] if same else []
        if self.not_run:
            lines.append(
                f"{self.target} also has {', '.join(self.not_run)}, which {self.source} does not run: "
                f"components/versions.py says which version, or Pulumi.{self.target}.yaml which image."
            )
        return lines

    def as_json(self, *, done: bool) -> dict[str, Any]:
        """For programs; `done` is whether the file was written."""
        return {
            "from": self.source,
            "to": self.target,
            "last_update": self.ended,
            "rows": [row.as_json() for row in self.rows],
            "not_run": list(self.not_run),
            "file": f"{FOLDER}/{self.target}.yaml",
            "written": done,
            "message": self.message() if self.written else None,
        }

    def message(self) -> str:
        """Message of the commit that promotes."""
        changed = [row for row in self.written if row.changed]
        pinned = [row for row in self.written if not row.changed]
        parts = [_title(self.source, self.target, changed, pinned), ""]
        if changed:
            parts += ["Changed:", *(_line(row) for row in changed), ""]
        if pinned:
            parts += ["Pinned as they are:", *(f"- {row.called} {row.runs}" for row in pinned), ""]
        parts.append(f"{self.source} ran this without changes or drift; its last update ended at {self.ended}.")
        return "\n".join(parts) + "\n"

    def _note(self, row: Row) -> str:
        told = {"major": "a major version", "back": "a step back", "": ""}
        notes = [told[row.step], "" if row.changed else "pinned as it is", self.found_at.get(row.name, "")]
        return ", ".join(filter(None, notes))


def _title(source: str, target: str, changed: Sequence[Row], pinned: Sequence[Row]) -> str:
    if not changed:
        return f"chore({target}): pin {_counted(len(pinned))} as {source} runs them"
    named = ", ".join(f"{row.name} {short(row.runs)}" for row in changed)
    title = f"chore({target}): promote {named} from {source}"
    if len(title) <= _LONGEST_TITLE:
        return title
    return f"chore({target}): promote {_counted(len(changed))} from {source}"


def _counted(number: int) -> str:
    return f"{number} version{'s' if number != 1 else ''}"


def _line(row: Row) -> str:
    step = {
        "major": f", a major version{f', read {row.source}' if row.source else ''}",
        "back": ", a step back",
        "": "",
    }
    return f"- {row.called} {row.has} -> {row.runs}{step[row.step]}"


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
