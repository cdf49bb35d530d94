"""Makes where the states live, and moves into it: `python -m tools.bootstrap [--yes] [--dry-run]`."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from bootstrap.answers import FILE
from tools.bootstrapping.dry_run import preview
from tools.bootstrapping.means import AGAIN, BootstrapRefused, Means
from tools.bootstrapping.preflight import read_team, refuse_unready
from tools.bootstrapping.steps import STEPS
from tools.bootstrapping.summary import summary
from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.setup import locked
from tools.state.checkpoint import StateBroken

_WAITING = "bootstrap: another one is at work in this checkout, waiting for it"


@contextmanager
def told(again: str) -> Generator[None]:
    """Say in one sentence why the bootstrap stops."""
    with sentences("bootstrap", again):
        try:
            yield
        except BootstrapRefused as error:
            raise refuse(str(error), error.code) from None
        except StateBroken as error:
            raise refuse(
                f"bootstrap: {error}: restore an older version of the object, then `{again}`", FAILED
            ) from None


def run(*, yes: bool, dry_run: bool, means: Means | None = None) -> None:
    """Do every step that is not done, or show what each would do; may be repeated after any failure."""
    means = means or Means()
    console = Console(highlight=False, soft_wrap=True)

    def say(line: str) -> None:
        console.print(line, markup=False)

    with told(AGAIN), locked(means.folder / FILE.parent, _WAITING):
        team = read_team(means, AGAIN)
        refuse_unready(team)
        say(f"bootstrap of account {team.account} in {team.answers.region}, as {team.person}")
        if not dry_run:
            _ask(means, yes=yes)
        for number, step in enumerate(STEPS, 1):
            head = f"{number}/{len(STEPS)} {step.title}"
            if step.is_done(team):
                say(f"{head}: is done")
                continue
            say(f"{head}: {step.explains(team)}")
            if not dry_run:
                step.do(team)
                # A step may have written what the next one reads.
                team = read_team(means, AGAIN)
        if dry_run:
            preview(team)
            say(f"bootstrap: nothing was changed, `{AGAIN}` does it")
            return
    for line in summary(team):
        say(line)


def _ask(means: Means, *, yes: bool) -> None:
    if yes:
        return
    if not means.interactive():
        raise BootstrapRefused(f"bootstrap: nobody is here to ask, nothing was changed: `{AGAIN} YES=1`", BAD_INPUT)
    if not means.confirm(
        f"It costs about 2 USD a month, and each step is explained ({AGAIN} DRY_RUN=1 shows them). Go on?"
    ):
        raise BootstrapRefused("bootstrap: nothing was changed", BAD_INPUT)


def main(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before changing anything.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the steps and what they change, and do none.")
    ] = False,
) -> None:
    """Make the bucket of the states, its keys and the roles of CI and people; everything that is done already stays."""
    run(yes=yes, dry_run=dry_run)


if __name__ == "__main__":
    typer.run(main)
