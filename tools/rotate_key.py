"""Encrypts a stack's secrets anew, under a new data key: `python -m tools.rotate_key STACK [--to awskms://…]`."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from tools.in_turn import in_turn
from tools.pulumi_cli import Pulumi, Runner
from tools.sentences import BAD_INPUT, FAILED, errors, refuse, sentences
from tools.setup import ROOT
from tools.stack_copies.files import kept_again
from tools.state.backend import Backend, found_backend
from tools.state.hold import Held, refuse_held
from tools.state.objects import Objects
from tools.state.quoting import keep_plain
from tools.state.rotation import Before, NotRotated, put_back, read_before, verify

# https://gocloud.dev/howto/secrets/#aws
_PROVIDER: Final = re.compile(r"awskms://\S+\?(?:\S+&)?region=[a-z]{2}(?:-[a-z]+)+-\d(?:&\S+)?")
_EXAMPLE: Final = "awskms://alias/socle-staging?region=eu-west-3"


@dataclass(frozen=True)
class Means:
    """What a rotation works with, so that tests can give it others."""

    backend: Callable[[], Backend] = found_backend
    run: Runner | None = None
    folder: Path = ROOT
    turn: Callable[[str, str], AbstractContextManager[Any]] = in_turn


def run(stack: str, to: str = "", means: Means | None = None) -> None:
    """Rotate, verify, and put everything back as it was when anything fails."""
    means = means or Means()
    again = f"make rotate-key STACK={stack}" + (f" TO={to}" if to else "")
    if to and not _PROVIDER.fullmatch(to):
        raise refuse(f'TO={to}: expected the address of a KMS key with its region, such as "{_EXAMPLE}"', BAD_INPUT)
    with sentences(stack, again):
        backend = means.backend()
    with sentences(stack, again, backend), means.turn(stack, again):
        objects, pulumi = Objects(backend), Pulumi(stack, means.run)
        try:
            refuse_held(objects, stack)
            before = read_before(objects, stack, means.folder, pulumi)
        except Held as held:
            raise refuse(
                f"{stack}: {held} holds the lock, nothing was changed: wait until that ends, or see with "
                f"`make unlock STACK={stack}` whether it is stale, then `{again}`",
                FAILED,
            ) from None
        except NotRotated as reason:
            raise refuse(f"{stack}: {reason}", BAD_INPUT) from None
        _rotate(objects, pulumi, before, to or before.provider, again)
    trouble = kept_again(stack, means.folder)
    if trouble:
        errors().print(trouble, markup=False)
    _say(stack, backend, before, to)


def _rotate(objects: Objects, pulumi: Pulumi, before: Before, to: str, again: str) -> None:
    done = False
    try:
        pulumi.rekey(to)
        verify(objects, before, pulumi)
        done = True
    except NotRotated as reason:
        raise refuse(
            f"{before.stack}: {reason}, so the rotation is taken back: `{again}` tries again", FAILED
        ) from None
    finally:
        # Also after Ctrl-C: a file with one key beside a state with another is what must not stay.
        if not done:
            left = put_back(objects, before)
            errors().print(f"{before.stack}: {left or 'its file and its state are as they were'}", markup=False)
    keep_plain(before.path, before.file.decode())


def _say(stack: str, backend: Backend, before: Before, to: str) -> None:
    which = f"under {to}" if to else "under the same KMS key"
    old = "the old KMS key has to stay as long as they are needed" if to else "whoever may use the KMS key reads them"
    Console(highlight=False, soft_wrap=True).print(
        f"{stack}: {before.count} secrets of its file and state are now encrypted by a new data key {which}: commit "
        f"Pulumi.{stack}.yaml.\n"
        f"{stack}: what was before is kept as s3://{backend.bucket}/{before.copy}. That copy, the older versions of "
        f"the state, its history, and Pulumi.{stack}.yaml in Git are still encrypted by the old data key, {old}. A "
        "secret that leaked is leaked: change it where it is valid, then `make secret`.",
        markup=False,
    )


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    to: Annotated[str, typer.Option(help="Another KMS key, as awskms://alias/NAME?region=REGION.")] = "",
) -> None:
    """Encrypt the secrets of a stack anew, in its file and in its state."""
    run(stack, to)


if __name__ == "__main__":
    typer.run(main)
