"""What has to be right before the bootstrap does anything, each with the sentence that says how to put it right."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from bootstrap.answers import FILE, Answers, read_answers
from bootstrap.names import secrets_provider
from bootstrap.policies import PoliciesRefused, read_policies
from rehearsal.aws.schemas import region_exists
from settings import SettingsError
from settings.stack_files import read_stack_file
from tools.bootstrapping import files
from tools.bootstrapping.bucket import bucket_exists
from tools.bootstrapping.checkout import projects
from tools.bootstrapping.means import BootstrapRefused, Means, Team
from tools.sentences import BAD_INPUT, FAILED
from tools.state.backend import VARIABLE
from tools.state.person import whoami

ACCOUNT_KEY: Final = "socle-bootstrap:account_id"
STACK_ACCOUNT_KEY: Final = "socle:account_id"
_EXAMPLE_ACCOUNT: Final = "123456789012"
"""AWS's own number for documentation, which our placeholders have."""
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList; STS says it of the signature.
_CLOCK_CODES: Final = ("RequestTimeTooSkewed", "RequestExpired")
_CLOCK_WORDS: Final = ("Signature expired", "Signature not yet current")


def read_team(means: Means, again: str) -> Team:
    """Everything that is known before anything is done.

    Raises `SettingsError` for wrong answers, `BootstrapRefused` for anything else that has to change first, and what
    `tools.account.Failure` names when AWS does not answer.
    """
    answers = read_answers(means.folder)
    if not region_exists(answers.region):
        raise SettingsError([f'{FILE}: aws:region: expected an AWS region such as eu-west-3, got "{answers.region}"'])
    try:
        policies = read_policies(means.folder / "bootstrap" / "permissions")
    except PoliciesRefused as error:
        raise BootstrapRefused(str(error), BAD_INPUT) from None
    try:
        person = whoami(means.client("sts", answers.region))
    except ClientError as error:
        _refuse_clock(error, again)
        raise
    team = Team(means, answers, policies, person.account, person.arn)
    _refuse_account(team)
    _refuse_address(team)
    return team


def refuse_unready(team: Team) -> None:
    """Refuse what only making has to mind: the bucket, people that do not exist, secrets that a new key cannot open."""
    bucket_exists(team)
    problems = [*_unknown_people(team), *_other_seals(team)]
    if problems:
        raise BootstrapRefused("\n".join(problems), BAD_INPUT)


def stack_files(folder: Path) -> dict[str, Path]:
    """Files of the stacks, by name of the stack."""
    found = sorted(folder.glob("Pulumi.*.yaml"))
    return {file.name.removeprefix("Pulumi.").removesuffix(".yaml"): file for file in found}


def _refuse_clock(error: ClientError, again: str) -> None:
    said: dict[str, Any] = cast(dict[str, Any], error.response).get("Error", {})
    text = str(said.get("Message", ""))
    if said.get("Code") in _CLOCK_CODES or any(words in text for words in _CLOCK_WORDS):
        raise BootstrapRefused(
            f"AWS refuses what this machine signs, for its clock is wrong ({text.rstrip('.')}): set it, for example "
            f"with `sudo timedatectl set-ntp true`, then `{again}`",
            FAILED,
        ) from None


def _refuse_account(team: Team) -> None:
    named = {f"{ACCOUNT_KEY} in {FILE}": team.answers.account_id}
    for file in stack_files(team.means.folder).values():
        # Through the reader of settings, for whom a file that is no YAML is a sentence.
        named[f"{STACK_ACCOUNT_KEY} in {file.name}"] = read_stack_file(file).get(STACK_ACCOUNT_KEY) or None
    for where, account in named.items():
        if account and account != team.account:
            raise BootstrapRefused(
                f"the credentials are of account {team.account} ({team.person}), and {where} says {account}: "
                "take those of the account, for example with AWS_PROFILE, or correct the file",
                BAD_INPUT,
            )


def _refuse_address(team: Team) -> None:
    wanted = team.backend.url
    told = os.environ.get(VARIABLE)
    if told and told != wanted:
        raise BootstrapRefused(
            f"{VARIABLE} is {told}, and would win over the {wanted} that Pulumi.yaml gets: `unset {VARIABLE}`",
            BAD_INPUT,
        )
    for project in projects(team.means.folder):
        written = files.backend_url(project)
        if written and written != wanted:
            raise BootstrapRefused(
                f"{project.relative_to(team.means.folder)}: backend.url is {written}, and the answers in {FILE} make "
                f"it {wanted}: correct socle-bootstrap:bucket or aws:region there, or take the backend out",
                BAD_INPUT,
            )


def _unknown_people(team: Team) -> Iterator[str]:
    """AWS refuses a trust policy that names somebody who does not exist, in words that name nobody."""
    iam = team.client("iam")
    people = team.answers.people
    for key, principals in (("administrators", people.administrators), ("developers", people.developers)):
        for arn in principals:
            account, _, path = arn.split(":", 4)[4].partition(":")
            kind, name = path.partition("/")[0], path.rpartition("/")[2]
            if account == _EXAMPLE_ACCOUNT != team.account:
                yield f"{FILE}: socle-bootstrap:people.{key}: replace the placeholder {arn} by a user or role of yours"
            elif account == team.account and not _exists(iam, kind, name):
                yield f"{FILE}: socle-bootstrap:people.{key}: expected a user or role that exists, got {arn}"


def _exists(iam: Any, kind: str, name: str) -> bool:
    try:
        iam.get_user(UserName=name) if kind == "user" else iam.get_role(RoleName=name)
    except ClientError as error:
        if cast(dict[str, Any], error.response).get("Error", {}).get("Code") == "NoSuchEntity":
            return False
        raise
    return True


def _other_seals(team: Team) -> Iterator[str]:
    answers: Answers = team.answers
    for stack, file in stack_files(team.means.folder).items():
        keys, provider = files.sealed_keys(file), files.provider_of(file)
        wanted = answers.provider_of(stack)
        if keys and provider != wanted:
            yield (
                f"{file.name}: {', '.join(keys)}: sealed by {provider or 'a key that the file does not name'}, which "
                f"{wanted} cannot open: note the values, take them out with `pulumi config rm KEY --stack {stack}`, "
                "and set them again when the bootstrap is done"
            )


def team_provider(answers: Answers) -> str:
    """Secrets provider of the bootstrap's own state, which decides on everything else: that of production."""
    return secrets_provider("prod", answers.region)
