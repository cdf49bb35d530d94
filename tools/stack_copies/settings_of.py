"""What a stack file says, when it is only a text: the settings, its names and its range of addresses."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from settings import Settings, SettingsError, parse, read_stack_file
from settings.conflicts import hosts
from settings.stack_files import PROJECT_FILE
from tools.stack_copies.names import stack_file
from tools.stack_copies.refused import StackRefused


@dataclass(frozen=True)
class Claims:
    """What two stacks cannot both have."""

    stack: str
    cidr: IPv4Network | None
    names: Mapping[str, str]
    """Names at which the internet finds it, with the key of the setting."""


def settings_of(text: str, stack: str, folder: Path) -> Settings:
    """Settings of the text of a stack file, beside the project file of `folder`. Raises `SettingsError`."""
    with tempfile.TemporaryDirectory(prefix="socle-") as place:
        project = folder / PROJECT_FILE
        if project.is_file():
            shutil.copy(project, place)
        file = stack_file(Path(place), stack)
        # No value of a secret is in there in plain text: stack files keep them encrypted.
        file.write_text(text, encoding="utf-8")
        return parse(read_stack_file(file))


def claims_of(stack: str, settings: Settings) -> Claims:
    """What a stack with these settings has for itself."""
    names = {host: key for key, host in hosts(settings).items()}
    if settings.site and settings.site.domain:
        names[settings.site.domain] = "socle:site.domain"
    return Claims(stack, settings.network.cidr if settings.network else None, names)


def claims_of_file(stack: str, folder: Path) -> Claims:
    """What the stack of a file has. Raises `StackRefused` when the file is wrong: its range could be anything."""
    try:
        return claims_of(stack, parse(read_stack_file(stack_file(folder, stack))))
    except SettingsError as error:
        raise StackRefused(
            f"Pulumi.{stack}.yaml is wrong, so nobody knows which addresses and names it has: {error.problems[0]}"
        ) from None


def refuse_shared(new: Claims, others: Iterable[Claims]) -> None:
    """Raise `StackRefused` when another stack has one of the names, or addresses in the range."""
    for other in others:
        if new.cidr and other.cidr and new.cidr.overlaps(other.cidr):
            raise StackRefused(f"{new.stack}: its range {new.cidr} overlaps {other.cidr} of {other.stack}")
        for name, key in new.names.items():
            if name in other.names:
                raise StackRefused(
                    f'STACK: expected a name with which no host is another stack\'s, got "{new.stack}": {key} would be '
                    f"{name}, which is {other.names[name]} of {other.stack}"
                )
