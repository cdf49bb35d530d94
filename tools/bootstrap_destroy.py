"""Takes down what `make bootstrap` made, once no stack needs it: `python -m tools.bootstrap_destroy [--yes]`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Final

import typer
from rich.console import Console

from bootstrap.answers import FILE
from bootstrap.identity_providers import audiences
from tools.bootstrap import told
from tools.bootstrapping.bucket import bucket_exists
from tools.bootstrapping.engine_stack import LOCAL_PROVIDER, bucket_stack, local_stack
from tools.bootstrapping.means import BootstrapRefused, Means, Team
from tools.bootstrapping.move import move, remove_local
from tools.bootstrapping.preflight import read_team
from tools.bootstrapping.teardown import delete_bucket, refuse_living, restore_files, sealed
from tools.bootstrapping.whereabouts import settle, whereabouts
from tools.pulumi_cli import resources
from tools.sentences import BAD_INPUT
from tools.setup import locked

AGAIN: Final = "make bootstrap-destroy"
_WAITING = "bootstrap: another one is at work in this checkout, waiting for it"


def run(*, yes: bool, means: Means | None = None) -> None:
    """Refuse while a stack has resources, ask, move the state here, delete everything; may be repeated."""
    means = means or Means()
    console = Console(highlight=False, soft_wrap=True)

    def say(line: str) -> None:
        console.print(line, markup=False)

    with told(AGAIN), locked(means.folder / FILE.parent, _WAITING):
        team = read_team(means, AGAIN)
        exists = bucket_exists(team)
        places = whereabouts(team, bucket_exists=exists)
        if exists and not (places.local or places.bucket):
            raise BootstrapRefused(
                f"{team.backend.bucket}: holds no state of the bootstrap, so nobody knows whose it is: nothing was "
                f"changed. `make bootstrap` takes it over; then `{AGAIN}`",
                BAD_INPUT,
            )
        lost = sealed(team)
        if exists:
            refuse_living(team, AGAIN)
            _ask(means, team, yes=yes)
        if places.bucket:
            say("1/4 state: moves it back into .bootstrap/, for the bucket and the keys go")
            team.local.mkdir(exist_ok=True)
            move(bucket_stack(team, AGAIN), local_stack(team, AGAIN), LOCAL_PROVIDER, begun=places.local)
        if places.bucket or places.local:
            _destroy(team, say=say)
        if exists:
            say(f"3/4 bucket: deletes all versions of all objects in {team.backend.bucket}, and the bucket")
            delete_bucket(team)
        say("4/4 files: takes the backend and the keys out of the project's files; account numbers stay")
        if team.local_state.is_file():
            local_stack(team, AGAIN).forget()
        remove_local(team)
        restore_files(team)
    for line in _epilogue(team, lost):
        say(line)


def _destroy(team: Team, *, say: Callable[[str], None]) -> None:
    say("2/4 resources: lifts their protection and deletes them, except the bucket")
    stack = local_stack(team, AGAIN)
    settle(team, stack, local=True, again=AGAIN)
    if resources(stack.export()):
        stack.unprotect()
        stack.destroy()


def _ask(means: Means, team: Team, *, yes: bool) -> None:
    name = team.backend.bucket
    if yes:
        return
    if not means.interactive():
        raise BootstrapRefused(f"bootstrap: nobody is here to ask, nothing was changed: `{AGAIN} YES=1`", BAD_INPUT)
    asked = f"All versions of all states in {name} are deleted, and both keys in 30 days. Type the bucket's name"
    if means.ask(asked).strip() != name:
        raise BootstrapRefused(f"{name}: that was not its name, nothing was changed", BAD_INPUT)


def _epilogue(team: Team, lost: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield "bootstrap: taken down."
    yield (
        "  the keys are deleted in 30 days; until then `aws kms cancel-key-deletion --key-id ID` keeps one, and "
        "`aws kms list-keys` names them. They cost nothing meanwhile"
    )
    for forge, (host, _) in audiences(team.answers).items():
        arn = f"arn:aws:iam::{team.account}:oidc-provider/{host}"
        yield (
            f"  the identity provider of {forge} stays, for other roles may trust it: "
            f"`aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {arn}` deletes it"
        )
    for name, keys in lost.items():
        yield f"  {name}: {', '.join(keys)} cannot be read any more: set them again"


def main(yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the bucket's name.")] = False) -> None:
    """Delete the bucket of the states, the keys and the roles, unless a stack still has resources."""
    run(yes=yes)


if __name__ == "__main__":
    typer.run(main)
