"""The checks that do not count, each with its reason: `skipped.yaml`."""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from settings import SettingsError
from tools.checking.scan import Broken

FILE: Final = Path(__file__).with_name("skipped.yaml")


class Skip(BaseModel):
    """A check that does not count for some resources."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    check: Annotated[str, StringConstraints(pattern=r"^CKV2?_[A-Z0-9]+_[0-9]+$")]
    """Its id."""
    resource: Annotated[str, StringConstraints(min_length=1)] = "*"
    """The resource as the command prints it, or a pattern; all when omitted."""
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=300)]
    """Why, for whoever reads it later."""

    def covers(self, broken: Broken) -> bool:
        """Whether it is about this one."""
        return self.check == broken.check and fnmatch.fnmatchcase(broken.resource, self.resource)


@dataclass(frozen=True)
class Judged:
    """What counts, and what does not."""

    counts: tuple[Broken, ...]
    skipped: tuple[tuple[Skip, tuple[Broken, ...]], ...]
    """What each skip let off."""

    @property
    def unused(self) -> list[Skip]:
        """Skips that nothing needs."""
        return [skip for skip, covered in self.skipped if not covered]


def read(file: Path = FILE) -> list[Skip]:
    """All skips of a file. Raises `SettingsError` with all that is wrong."""
    try:
        document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return TypeAdapter(list[Skip]).validate_python(document)
    except yaml.YAMLError as error:
        raise SettingsError([f"{file.name}: is no YAML ({' '.join(str(error).split())})"]) from None
    except ValidationError as error:
        raise SettingsError([_told(file, each["loc"], each["msg"], each["input"]) for each in error.errors()]) from None


def judge(broken: Iterable[Broken], skips: Sequence[Skip]) -> Judged:
    """Tell what counts from what one of the skips lets off."""
    left = list(broken)
    skipped: list[tuple[Skip, tuple[Broken, ...]]] = []
    for skip in skips:
        covered = tuple(each for each in left if skip.covers(each))
        left = [each for each in left if each not in covered]
        skipped.append((skip, covered))
    return Judged(tuple(left), tuple(skipped))


def _told(file: Path, place: Sequence[int | str], message: str, given: object) -> str:
    key = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in place) or "the whole"
    return f"{file.name}: {key.lstrip('.')}: {message[:1].lower()}{message[1:]}, got {given!r}"
