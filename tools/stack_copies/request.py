"""What `make new` is asked for, checked before anything is touched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network
from pathlib import Path
from re import sub
from typing import Final

from bootstrap.answers import FILE, Answers, read_answers
from bootstrap.names import secrets_provider
from settings import Settings, SettingsError, parse, read_stack_file
from tools.stack_copies.derive import Origin
from tools.stack_copies.lifetimes import lifetime
from tools.stack_copies.names import check_name, stack_file, stacks_of
from tools.stack_copies.refused import StackRefused
from tools.stack_copies.settings_of import Claims, claims_of, claims_of_file, settings_of
from tools.state.backend import Backend
from tools.state.person import Person
from tools.state.registry import Record

QUOTA: Final = 2
"""Stacks that a person may have at a time, where the team's answers do not say."""


@dataclass(frozen=True)
class Request:
    """A stack of one's own that may be made, as far as this machine knows."""

    stack: str
    origin: Origin
    ttl: timedelta
    owner: str
    """Empty for whoever asks."""


def read_request(stack: str, source: str, ttl: str, owner: str, folder: Path) -> Request:
    """What was asked for. Raises `StackRefused`, or `SettingsError` when the origin's own settings are wrong."""
    answers = answers_of(folder)
    check_name(stack, answers.production if answers else ())
    time = lifetime(ttl)
    if source not in stacks_of(folder):
        raise StackRefused(f'FROM: expected a stack that has a file ({", ".join(stacks_of(folder))}), got "{source}"')
    path = stack_file(folder, source)
    try:
        parse(read_stack_file(path))
    except SettingsError as error:
        raise SettingsError(
            line if line.startswith(path.name) else f"{path.name}: {line}" for line in error.problems
        ) from None
    return Request(stack, Origin(source, path.read_text(encoding="utf-8")), time, owner)


def answers_of(folder: Path) -> Answers | None:
    """The team's answers; None in a checkout that has none. Raises `SettingsError`."""
    return read_answers(folder) if (folder / FILE).is_file() else None


def quota_of(folder: Path) -> int:
    """How many stacks of one's own a person may have."""
    answers = answers_of(folder)
    return answers.stacks_per_person if answers else QUOTA


def provider_of(stack: str, backend: Backend, folder: Path) -> str:
    """The secrets provider of a stack of one's own, which is never one of production's."""
    answers = answers_of(folder)
    return answers.provider_of(stack) if answers else secrets_provider("staging", backend.region)


def owner_of(person: Person) -> str:
    """The owner that resources get when none was named: the person's name, in the letters that the setting takes."""
    return sub(r"[^A-Za-z0-9._@-]", "-", person.name).lstrip("._@-")[:64] or "unknown"


def neighbours(stack: str, folder: Path, records: Mapping[str, Record]) -> list[Claims]:
    """What other stacks have: those with a file here, and those that others made with `make new`."""
    files = [each for each in stacks_of(folder) if each != stack]
    found = [claims_of_file(each, folder) for each in files]
    for name, record in records.items():
        if name == stack or name in files:
            continue
        settings = _settings(record, folder)
        cidr = IPv4Network(record.cidr) if record.cidr else None
        found.append(Claims(name, cidr, claims_of(name, settings).names if settings else dict[str, str]()))
    return found


def ranges(claims: Iterable[Claims]) -> list[IPv4Network]:
    """Addresses that others have."""
    return [each.cidr for each in claims if each.cidr]


def _settings(record: Record, folder: Path) -> Settings | None:
    """Settings of a stack whose file is in the bucket alone; None when this checkout does not understand them."""
    if not record.complete:
        return None
    try:
        return settings_of(record.stack_file, record.stack, folder)
    except SettingsError:
        return None
