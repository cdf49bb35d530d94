"""Which stacks have expired, by their files here and their records in the bucket."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from settings import SettingsError, read_stack_file
from tools.stack_copies.files import EXPIRES
from tools.stack_copies.lifetimes import read
from tools.stack_copies.names import stack_file, stacks_of
from tools.state.registry import Record


@dataclass(frozen=True)
class End:
    """When a stack may be destroyed."""

    expires: str
    """Moment; empty when it may never be."""
    problem: str = ""
    """Why nobody can tell: such a stack is left alone."""

    def is_over(self, now: datetime) -> bool:
        """Whether that moment has come."""
        return bool(self.expires) and not self.problem and read(self.expires) <= now


def end_of(stack: str, record: Record | None, folder: Path) -> End:
    """The later of what file and record say: nobody's stack goes before everything says so.

    A file here that names no end keeps the stack for good, whatever the record says.
    """
    file = stack_file(folder, stack)
    told = [record.expires] if record else []
    if file.is_file():
        try:
            in_file = read_stack_file(file).get(EXPIRES, "").strip()
        except SettingsError as error:
            return End("", error.problems[0])
        if not in_file:
            return End("")
        told.append(in_file)
    try:
        return End(max(told, key=read, default=""))
    except ValueError:
        return End("", f'{stack}: {EXPIRES}: expected a moment in UTC such as "2026-12-24T18:00:00Z", got {told}')


def ends(records: Mapping[str, Record], folder: Path) -> dict[str, End]:
    """The end of every stack that has a file here or a record, by name."""
    names = sorted({*stacks_of(folder), *records})
    return {name: end_of(name, records.get(name), folder) for name in names}
