"""Makes the stacks of this checkout in the bucket, each with the key of its level."""

from collections.abc import Mapping
from typing import Final

from bootstrap.answers import FILE
from tools.bootstrapping import files
from tools.bootstrapping.means import BootstrapRefused, Team
from tools.bootstrapping.preflight import STACK_ACCOUNT_KEY, stack_files
from tools.bootstrapping.whereabouts import objects_of
from tools.sentences import BAD_INPUT, FAILED
from tools.state.backend import VARIABLE
from tools.state.checkpoint import deployment_of, resources_of

_SAID: Final = 500


def missing_stacks(team: Team) -> list[str]:
    """Stacks with a file that the bucket does not have, or whose file does not name the key that it should."""
    objects = objects_of(team)
    return [
        stack
        for stack, file in stack_files(team.means.folder).items()
        if files.provider_of(file) != team.answers.provider_of(stack)
        or files.stack_value(file, STACK_ACCOUNT_KEY) != team.account
        or objects.read(team.backend.state_key(stack)) is None
    ]


def make_stack(team: Team, stack: str, again: str) -> None:
    """Make one of them. Raises `BootstrapRefused` when it has resources, sealed by another key."""
    file = stack_files(team.means.folder)[stack]
    provider = team.answers.provider_of(stack)
    stored = objects_of(team).read(team.backend.state_key(stack))
    if stored is not None and files.provider_of(file) != provider:
        if resources_of(deployment_of(stored.body)):
            raise BootstrapRefused(
                f"{stack}: has resources, and its secrets are sealed by {files.provider_of(file) or 'another key'} in "
                f"place of {provider}: `make rotate-key STACK={stack}` changes that, or correct "
                f"socle-bootstrap:production in {FILE}",
                BAD_INPUT,
            )
        # Made by a bootstrap that was killed before it wrote the key into the file.
        _must(team, again, "stack", "rm", stack, "--yes", "--preserve-config")
        stored = None
    files.write_value(file, STACK_ACCOUNT_KEY, team.account, after="socle:owner")
    if stored is None:
        with files.as_written(file):
            _must(team, again, "stack", "init", stack, "--no-select", "--secrets-provider", provider)


def _must(team: Team, again: str, *arguments: str) -> None:
    variables: Mapping[str, str] = {VARIABLE: team.backend.url, "PULUMI_CONFIG_PASSPHRASE": ""}
    done = team.means.engine(team.means.folder)([*arguments, "--non-interactive"], False, variables)
    if done.code:
        said = " ".join((done.errors or done.output).split()).removeprefix("error: ")[:_SAID].rstrip(".")
        raise BootstrapRefused(
            f"bootstrap: `pulumi {' '.join(arguments)}` failed ({said}): correct that, then `{again}` goes on", FAILED
        )
