"""The files of a stack of one's own in a checkout, and what the bucket keeps of them."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from settings import SettingsError, read_stack_file, versions_file
from tools.account import Failure
from tools.setup import ROOT
from tools.stack_copies.names import stack_file
from tools.state.backend import BackendRefused, found_backend
from tools.state.objects import Objects
from tools.state.registry import Record, change

EXPIRES: Final = "socle:expires"


def keep(objects: Objects, stack: str, folder: Path = ROOT) -> Record | None:
    """Keep the files of a stack in its record, as they are here: for a checkout that does not have them. What the
    record is then; None for a stack that was not made with `make new`, or has no file here.

    To be called by whatever changes the file: secrets are in there, encrypted. Raises `SettingsError` when it is wrong.
    """
    file, versions = stack_file(folder, stack), versions_file(stack, folder)
    if not file.is_file():
        return None
    text = file.read_text(encoding="utf-8")
    kept = versions.read_text(encoding="utf-8") if versions.is_file() else ""
    expires = read_stack_file(file).get(EXPIRES, "")

    def same(record: Record) -> Record:
        if not record.complete:
            return record
        return replace(record, stack_file=text, versions_file=kept, expires=expires or record.expires)

    return change(objects, stack, same)


def restore_files(record: Record, folder: Path) -> None:
    """Write the files of a stack as its record has them."""
    stack_file(folder, record.stack).write_text(record.stack_file, encoding="utf-8")
    if record.versions_file:
        path = versions_file(record.stack, folder)
        path.parent.mkdir(exist_ok=True)
        path.write_text(record.versions_file, encoding="utf-8")


def remove_files(folder: Path, stack: str) -> None:
    """Delete the files of a stack."""
    stack_file(folder, stack).unlink(missing_ok=True)
    versions_file(stack, folder).unlink(missing_ok=True)


def kept_again(stack: str, folder: Path = ROOT) -> str | None:
    """Keep the files of a stack of one's own anew, after a command that may have changed them.

    What went wrong, in one sentence: the command itself has succeeded. None when nothing did, or for other stacks.
    """
    try:
        if EXPIRES not in read_stack_file(stack_file(folder, stack)):
            return None
        keep(Objects(found_backend(folder=folder)), stack, folder)
    except (SettingsError, BackendRefused, *Failure) as error:
        said = " ".join(str(error).split())
        return f"{stack}: its file is not kept in the bucket as it is here ({said}): `make extend STACK={stack}` does"
    return None
