"""What the team answers once for all its stacks: `bootstrap/Pulumi.team.yaml`, checked."""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pulumi.runtime import config
from pydantic import Field, PlainValidator, TypeAdapter, ValidationError

from bootstrap.names import PROJECT, STACK, Level, secrets_provider
from settings.errors import SettingsError, annotated, bare, problems_of, unknown_key, words
from settings.kinds import AccountId, Expected, HttpsUrl, Owner, PrincipalArn, Region, Section, text
from settings.stack_files import read_stack_file
from tools.setup import ROOT

FILE: Final = Path("bootstrap", f"Pulumi.{STACK}.yaml")
"""The team's answers, from the top of the checkout."""


def _pattern(pattern: str) -> PlainValidator:
    return PlainValidator(lambda value: text(value, pattern))


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; a period would break the certificate of
# the bucket's own host name.
BucketName = Annotated[
    str,
    _pattern(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    Expected("a name of 3 to 63 lower-case letters, digits and inner hyphens"),
]
StackName = Annotated[
    str, _pattern(r"[A-Za-z0-9_.-]{1,100}"), Expected("the name of a stack, of letters, digits, . _ and -")
]
Repository = Annotated[
    str,
    _pattern(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{1,100}"),
    Expected("the owner and name of a repository such as devu42/infrastructure"),
]
# GitHub writes ids as numbers, its tokens as texts of digits.
GitHubId = Annotated[
    str,
    PlainValidator(lambda value: text(str(value) if type(value) is int else value, r"\d{1,20}")),
    Expected("the number that `gh api repos/OWNER/NAME` shows as id"),
]
# What git takes, without the characters that are wildcards in a policy: https://git-scm.com/docs/git-check-ref-format
Branch = Annotated[str, _pattern(r"[\w][\w./@+-]{0,200}"), Expected("the name of one branch such as main")]
Environment = Annotated[str, _pattern(r"[\w][\w.-]{0,99}"), Expected("the name of an environment such as production")]
ProjectPath = Annotated[
    str, _pattern(r"[\w.-]+(?:/[\w.-]+)+"), Expected("the path of a project such as devu42/infrastructure")
]


class GitHub(Section):
    """The repository whose workflows may take the roles of CI."""

    repository: Repository
    repository_id: GitHubId
    """Stays when the repository is renamed, and is another one when somebody registers the old name."""
    owner_id: GitHubId
    branch: Branch = "main"
    """The protected branch from which stacks are deployed."""
    environment: Environment | None = None
    """Environment of the jobs that deploy or preview production, when they name one. It has to be protected: GitHub
    makes an environment, open to all, for whoever names a new one."""


class GitLab(Section):
    """The project whose pipelines may take the roles of CI."""

    project_path: ProjectPath
    url: HttpsUrl = "https://gitlab.com"
    branch: Branch = "main"
    """The protected branch from which stacks are deployed."""

    @property
    def host(self) -> str:
        """Address without its scheme, as AWS names the provider."""
        return self.url.removeprefix("https://").rstrip("/")


class People(Section):
    """Who may take which role; each is a user or a role that exists."""

    administrators: tuple[PrincipalArn, ...] = ()
    developers: tuple[PrincipalArn, ...] = ()


class Answers(Section):
    """All answers of the team."""

    region: Region
    """Where bucket and keys are; stacks may live elsewhere."""
    owner: Owner
    account_id: AccountId | None = None
    """Written by `make bootstrap`, which refuses the credentials of any other account from then on."""
    bucket: BucketName | None = None
    production: tuple[StackName, ...] = ("prod",)
    """Stacks whose secrets the key of production seals."""
    github: GitHub | None = None
    gitlab: GitLab | None = None
    people: People = People()
    stacks_per_person: Annotated[int, Field(ge=0, le=20)] = 2
    """How many stacks of one's own a person may have at a time."""

    def bucket_name(self, account: str) -> str:
        """Bucket of the states; a name is taken worldwide, so the account's number is in it."""
        return self.bucket or f"socle-state-{account}"

    def level_of(self, stack: str) -> Level:
        """Level of trust of a stack."""
        return "prod" if stack in self.production else "staging"

    def provider_of(self, stack: str) -> str:
        """Secrets provider of a stack."""
        return secrets_provider(self.level_of(stack), self.region)


def read_answers(folder: Path = ROOT) -> Answers:
    """The answers of a checkout. Raises `SettingsError`, with a sentence for every wrong key."""
    try:
        return parse(read_stack_file(folder / FILE))
    except SettingsError as error:
        raise SettingsError(
            problem if problem.startswith(FILE.name) else f"{FILE}: {problem}" for problem in error.problems
        ) from None


def load() -> Answers:
    """The answers as the running program gets them from the engine. Raises `SettingsError`."""
    return parse({**config.get_config_env(), **config.CONFIG.get()})


def parse(values: Mapping[str, str]) -> Answers:
    """Answers from full keys and texts, as Pulumi delivers them. Raises `SettingsError`."""
    problems = list(_unknown(values))
    given: dict[str, Any] = {}
    for name, field in Answers.model_fields.items():
        key, kind = _full_key(name), annotated(field)
        value = values.get(key, "")
        if not value.strip():
            if field.is_required():
                problems.append(f"{key}: missing, expected {words(kind)}")
            continue
        try:
            given[name] = _reader(name).validate_json(json.dumps(value) if bare(kind)[0] is str else _as_json(value))
        except ValidationError as error:
            problems += problems_of(key, kind, error)
    if problems:
        raise SettingsError(problems)
    return Answers.model_construct(**given)


@functools.cache
def _reader(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(annotated(Answers.model_fields[name]))


def _as_json(value: str) -> str:
    try:
        return json.dumps(json.loads(value))
    except ValueError:
        return json.dumps(value)


def _full_key(name: str) -> str:
    return "aws:region" if name == "region" else f"{PROJECT}:{name}"


def _unknown(values: Mapping[str, str]) -> Iterator[str]:
    known = [_full_key(name) for name in Answers.model_fields]
    for key in values:
        if key not in known and not key.startswith("pulumi:"):
            yield unknown_key(key, key, known)
