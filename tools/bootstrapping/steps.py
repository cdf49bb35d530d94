"""The steps of the bootstrap: each says what it does before it does it, and finds out by itself whether it is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bootstrap.answers import FILE
from bootstrap.identity_providers import audiences
from tools.bootstrapping import files
from tools.bootstrapping.bucket import bucket_exists
from tools.bootstrapping.checkout import projects
from tools.bootstrapping.discovery import existing
from tools.bootstrapping.engine_stack import LOCAL_PROVIDER, EngineStack, bucket_stack, known, local_stack
from tools.bootstrapping.means import AGAIN, Team
from tools.bootstrapping.move import move, remove_local
from tools.bootstrapping.preflight import ACCOUNT_KEY, team_provider
from tools.bootstrapping.stacks import make_stack, missing_stacks
from tools.bootstrapping.whereabouts import settle, whereabouts

MONTHLY_KEY_USD: Final = 1
"""What a KMS key costs a month, https://aws.amazon.com/kms/pricing/."""


@dataclass(frozen=True)
class Step:
    """One of them."""

    title: str
    explains: Callable[[Team], str]
    """What it will do, and why."""
    is_done: Callable[[Team], bool]
    do: Callable[[Team], None]


def _note_account(team: Team) -> None:
    files.write_value(team.means.folder / FILE, ACCOUNT_KEY, team.account, after="socle-bootstrap:owner")


def stack_now(team: Team) -> tuple[EngineStack, bool, bool]:
    """The stack where its state is now, whether that is here, and whether the state exists at all.

    While both places have one, that of this checkout counts: the move was not finished.
    """
    places = whereabouts(team, bucket_exists=bucket_exists(team))
    if places.bucket and not places.local:
        return bucket_stack(team, AGAIN), False, True
    return local_stack(team, AGAIN), True, places.local


def _make(team: Team) -> None:
    stack, local, begun = stack_now(team)
    if not begun:
        team.local.mkdir(exist_ok=True)
        stack.init(LOCAL_PROVIDER)
    places = whereabouts(team, bucket_exists=bucket_exists(team))
    if places.local and places.bucket:
        return  # the move has begun, and shows whether both are the same: nothing may change one of them before
    settle(team, stack, local=local, again=AGAIN)
    found = existing(team, known(stack.export()), bucket_exists=bucket_exists(team), again=AGAIN)
    if found:
        print(f"  takes over what exists: {', '.join(found.values())}", flush=True)
        stack.up(found)
    stack.up({})


def _is_moved(team: Team) -> bool:
    places = whereabouts(team, bucket_exists=bucket_exists(team))
    return places.bucket and not team.local.exists()


def _move(team: Team) -> None:
    places = whereabouts(team, bucket_exists=True)
    if places.local:
        source, target = local_stack(team, AGAIN), bucket_stack(team, AGAIN)
        move(source, target, team_provider(team.answers), begun=places.bucket)
    remove_local(team)


def _is_addressed(team: Team) -> bool:
    return all(files.backend_url(project) == team.backend.url for project in projects(team.means.folder))


def _address(team: Team) -> None:
    for project in projects(team.means.folder):
        files.write_backend(project, team.backend.url)


def _make_stacks(team: Team) -> None:
    for stack in missing_stacks(team):
        print(f"  {stack}: {team.answers.provider_of(stack)}", flush=True)
        make_stack(team, stack, AGAIN)


def _makes(team: Team) -> str:
    trusted = [f"{forge} ({host})" for forge, (host, _) in audiences(team.answers).items()]
    ci = f"roles for the pipelines of {' and '.join(trusted)}" if trusted else "no roles of CI, for no forge is named"
    return (
        f"makes in account {team.account}, region {team.answers.region}: the bucket {team.backend.bucket}, the keys "
        f"alias/socle-staging and alias/socle-prod ({MONTHLY_KEY_USD} USD a month each), {ci}, and those of people. "
        "What exists already is taken over. Its own state is in .bootstrap/ until the bucket can hold it; that has no "
        "secret, so its passphrase is empty."
    )


STEPS: Sequence[Step] = (
    Step(
        "account",
        lambda team: f"notes account {team.account} in {FILE}: the credentials of any other are refused from then on.",
        lambda team: team.answers.account_id == team.account,
        _note_account,
    ),
    # The engine compares what is with what should be: only it can say that nothing is to do.
    Step("resources", _makes, lambda _: False, _make),
    Step(
        "state",
        lambda team: (
            f"moves its own state from .bootstrap/ into {team.backend.bucket}, sealed by alias/socle-prod: exports, "
            "imports, compares both, and removes the copy here."
        ),
        _is_moved,
        _move,
    ),
    Step(
        "address",
        lambda team: f"writes backend.url: {team.backend.url} into Pulumi.yaml and bootstrap/Pulumi.yaml.",
        _is_addressed,
        _address,
    ),
    Step(
        "stacks",
        lambda team: (
            f"makes the stacks of this checkout in {team.backend.bucket}, and notes account and key in their files; "
            f"production is {', '.join(team.answers.production) or 'none of them'}."
        ),
        lambda team: bucket_exists(team) and not missing_stacks(team),
        _make_stacks,
    ),
)
