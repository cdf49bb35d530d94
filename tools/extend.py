"""Prolongs a stack of one's own: `python -m tools.extend STACK --ttl 8h`, counted from now."""

from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from tools.stack_copies.document import Document
from tools.stack_copies.files import EXPIRES
from tools.stack_copies.lifetimes import lifetime, written
from tools.stack_copies.lifetimes import told as time_left
from tools.stack_copies.means import Means
from tools.stack_copies.names import stack_file
from tools.stack_copies.reaping import refuse_doomed
from tools.stack_copies.refused import StackRefused, told
from tools.state.registry import Record, change


def run(stack: str, ttl: str, means: Means | None = None) -> None:
    """Write the new end into the record and into the file, where there is one."""
    means = means or Means()
    with told(stack, f"make extend STACK={stack} TTL={ttl}"):
        time = lifetime(ttl)
        objects = means.objects()
        now = objects.now()
        expires = written(now + time)
        before = ""

        def prolonged(record: Record) -> Record:
            nonlocal before
            refuse_doomed(record, now)
            before = record.expires
            return replace(record, expires=expires, stack_file=_with_end(record.stack_file, stack, expires), doomed="")

        if change(objects, stack, prolonged) is None:
            raise StackRefused(
                f"{stack}: nobody made it with `make new`: if it has an end, that is {EXPIRES} of its file"
            )
        file = stack_file(means.folder, stack)
        if file.is_file():
            file.write_text(_with_end(file.read_text(encoding="utf-8"), stack, expires), encoding="utf-8")
        Console(highlight=False, soft_wrap=True).print(
            f"{stack}: expires {expires}, {time_left(expires, now)}, where it was {before}; the tags of its resources "
            f"say so after `make up STACK={stack}`",
            markup=False,
        )


def _with_end(text: str, stack: str, expires: str) -> str:
    """The text of a stack file with another end; one that names none keeps none."""
    document = Document(text, f"Pulumi.{stack}.yaml")
    if document.get("config", EXPIRES) is not None:
        document.put(expires, "config", EXPIRES)
    return document.text


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that was made with make new")],
    ttl: Annotated[str, typer.Option(help="How long it lives from now on, from 30m to 14d.")],
) -> None:
    """Give a stack of one's own more time, or less."""
    run(stack, ttl)


if __name__ == "__main__":
    typer.run(main)
