"""Keeps an issue on pinned versions whose support ends: `python -m tools.pins_report`."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

import typer

from components.versions import PINS, Pin, due_soon, overdue
from tools.forge.ci_job import CiJob, ci_job
from tools.forge.forge import ForgeRefused
from tools.forge.posting import Rules, close_issue, upsert_issue
from tools.sentences import FAILED, refuse

DAYS: Final = 60
"""How many days before its end a version is told."""
_MARK: Final = re.compile(r"\A<!-- socle:pins day=(?P<day>\d{4}-\d{2}-\d{2}) -->\n")


@dataclass(frozen=True)
class Means:
    """What a report works with, so that tests can give it others."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    today: Callable[[], date] = lambda: datetime.now(UTC).date()
    pins: Mapping[str, Pin] = field(default_factory=lambda: PINS)


def _day(body: str) -> str:
    match = _MARK.match(body.replace("\r\n", "\n"))
    return match["day"] if match else ""


RULES: Final = Rules(
    ours=lambda body: bool(_day(body)),
    older=lambda one, other: _day(one) < _day(other),
    same=lambda one, other: _told(one) == _told(other),
)
"""How the issue on pinned versions is told from others."""


def _told(body: str) -> str:
    return _MARK.sub("", body.replace("\r\n", "\n")).strip()


def named(today: date, pins: Mapping[str, Pin]) -> list[str]:
    """Pins past their date or near it, the most urgent first."""
    return [*overdue(today, pins), *due_soon(today, DAYS, pins)]


def title_of(names: Sequence[str], today: date, pins: Mapping[str, Pin]) -> str:
    """Title of the issue."""
    late = set(overdue(today, pins))
    ended = sum(name in late for name in names)
    parts = [f"{ended} ended"] * bool(ended) + [f"{len(names) - ended} soon"] * bool(len(names) - ended)
    return f"Support of pinned versions: {', '.join(parts)}"


def body_of(names: Sequence[str], today: date, pins: Mapping[str, Pin]) -> str:
    """Text of the issue; the same on every day of which it tells the same."""
    rows = [f"| {name} | {pins[name].version} | {pins[name].end_of_support} | {pins[name].source} |" for name in names]
    return "\n".join(
        [
            f"<!-- socle:pins day={today.isoformat()} -->",
            "The publishers of these versions mend them no longer, or stop within two months. Raise each in "
            "`components/versions.py` after reading its page. `make pins` lists all, and `make check` fails once a "
            "date has passed.",
            "",
            "| pin | version | support ends | read first |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def tell(names: Sequence[str], job: CiJob, today: date, pins: Mapping[str, Pin]) -> str:
    """Open, renew or close the issue; what was done. Raises `ForgeRefused`."""
    forge = job.forge()
    if not names:
        closed = close_issue(forge, f"Every pinned version is supported for {DAYS} days or more: {job.url}", RULES)
        return f"issue closed: {closed.url}" if closed else "no issue is open"
    deed, issue = upsert_issue(forge, title_of(names, today, pins), body_of(names, today, pins), RULES)
    return f"issue {deed}: {issue.url}"


def run(means: Means | None = None) -> None:
    """Print which versions end, and keep the issue; raises `typer.Exit` after a sentence."""
    means = means or Means()
    today = means.today()
    names = named(today, means.pins)
    for name in names:
        typer.echo(f"{name}: support of {means.pins[name].version} ends on {means.pins[name].end_of_support}")
    if not names:
        typer.echo(f"every pinned version with a date is supported for {DAYS} days or more")
    job = ci_job(means.environ)
    if job is None:
        return
    if not job.token:
        typer.echo("pins: no issue, because this job has no token for the forge")
        return
    try:
        typer.echo(f"pins: {tell(names, job, today, means.pins)}")
    except ForgeRefused as refused:
        raise refuse(f"pins: no issue: {refused}", FAILED) from None


def main() -> None:
    """Keep an issue on pinned versions whose support has ended or ends within two months."""
    run()


if __name__ == "__main__":
    typer.run(main)
