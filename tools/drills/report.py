"""What a person sees of a drill: its progress, and what came of it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.drills.result import DatabaseResult, ObjectsResult, Result

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@contextmanager
def progress(console: Console) -> Generator[Callable[[str], None]]:
    """Give a function that says what is going on: in one line that changes, or in a log a line per change."""
    if console.is_terminal:
        with console.status("Starting") as status:
            yield lambda text: status.update(escape(text))
        return
    said: list[str] = []

    def say(text: str) -> None:
        if said[-1:] != [text]:
            console.print(text, markup=False, highlight=False)
            said.append(text)

    yield say


def show(result: Result, console: Console) -> None:
    """Print what came of a drill."""
    if result.objects:
        console.print(_counts(result.objects))
        console.print(_times(f"backup {result.objects.backup}", result.objects))
    if result.database:
        what = f"{result.database.engine}, {', '.join(result.database.databases)}: {result.database.tables} compared"
        console.print(_times(what, result.database))
    parts = [part for part in (result.objects, result.database) if part]
    for note in (*result.notes, *(note for part in parts for note in part.notes)):
        console.print(f"note: {note}", markup=False, highlight=False)
    for difference in result.differences:
        console.print(f"[red]difference:[/red] {escape(difference)}", highlight=False)
    if not result.differences:
        console.print(f"[green]The backups of {escape(result.stack)} can be restored.[/green]", highlight=False)


def duration(seconds: float | None) -> str:
    """A time as people say it, in two units at most."""
    if seconds is None:
        return "unknown"
    whole = round(seconds)
    for size, unit, small, name in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{whole} s"


def _times(what: str, part: ObjectsResult | DatabaseResult) -> str:
    recovery, point = duration(part.recovery_seconds), duration(part.recovery_point_seconds)
    return f"{escape(what)}, recovery time {recovery}, recovery point {point}"


def _counts(objects: ObjectsResult) -> Table:
    table = Table("namespace", "kind", "source", "restored", "since the backup")
    for each in objects.kinds:
        since = [f"{each.newer} new" if each.newer else "", f"{len(each.removed)} gone" if each.removed else ""]
        style = "red" if each.missing else ""
        row = (each.namespace, each.kind, str(each.source), str(each.restored), ", ".join(filter(None, since)))
        table.add_row(*row, style=style)
    return table
