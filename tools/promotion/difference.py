"""What a promotion would change: what one stack has, beside what the other runs; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from components.versions import CHARTS, PROGRAMS
from settings import Settings, Versions
from settings.versions_file import SECTIONS
from tools.promotion.used import used

Step = Literal["major", "back", ""]
# A commit's id may begin with a digit, and is no number.
_NUMBERS: Final = re.compile(r"v?(\d+(?:\.\d+)+)")
_KIND: Final = {"charts": "chart", "programs": "program", "images": "image"}


@dataclass(frozen=True)
class Row:
    """One version, on both sides."""

    section: str
    name: str
    has: str
    """What the target would run as its files are now."""
    pinned: bool
    """Whether its file of versions says so; otherwise it follows `components/versions.py` or its settings."""
    runs: str
    """What the source runs."""

    @property
    def changed(self) -> bool:
        """Whether the target gets another version; a digest for the very tag that it has is none."""
        return self.has not in (self.runs, self.runs.partition("@")[0])

    @property
    def called(self) -> str:
        """Name as people read it; a chart and its program may share one."""
        return self.name if self.section == "images" else f"{self.name} {_KIND[self.section]}"

    @property
    def source(self) -> str:
        """Page to read before the version is changed; none for the team's own."""
        pin = {"charts": CHARTS, "programs": PROGRAMS}.get(self.section, {}).get(self.name)
        return pin.source if pin else ""

    @property
    def step(self) -> Step:
        """Whether the change may break something, or goes back; nothing when it cannot be known."""
        return step(short(self.has), short(self.runs)) if _repository(self.has) == _repository(self.runs) else ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "section": self.section,
            "name": self.name,
            "has": self.has,
            "pinned": self.pinned,
            "runs": self.runs,
            "changed": self.changed,
            "step": self.step or None,
            "source": self.source or None,
        }


def difference(target: Settings, source: Versions) -> list[Row]:
    """Everything that the target uses and the source runs, in the order of the file."""
    wanted, kept = used(target), target.versions
    rows: list[Row] = []
    for section in SECTIONS:
        runs, pinned = source.section(section), kept.section(section)
        for name in sorted(wanted[section] & runs.keys()):
            rows.append(Row(section, name, has(target, section, name), name in pinned, runs[name]))
    return rows


def not_run(target: Settings, source: Versions) -> list[str]:
    """What the target uses, the source does not run, and no file pins: it follows `components/versions.py`."""
    wanted, kept = used(target), target.versions
    return [
        name
        for section in SECTIONS
        for name in sorted(wanted[section] - source.section(section).keys() - kept.section(section).keys())
    ]


def to_write(rows: Sequence[Row]) -> list[Row]:
    """The rows that the target's file does not say yet."""
    return [row for row in rows if row.has != row.runs or not row.pinned]


def has(settings: Settings, section: str, name: str) -> str:
    """What a stack would run of something that it uses, as its files are."""
    if section == "charts":
        return settings.versions.chart(name)
    if section == "programs":
        return settings.versions.program(name)
    parts = {"f1-vote": settings.f1_vote, "users-api": settings.users_api, "web-frontend": settings.web_frontend}
    part = parts[name]
    return settings.versions.image(name, part.image if part else "")


def step(old: str, new: str) -> Step:
    """`major` when the first number rises (the second one while the first is 0), `back` when any falls."""
    one, two = _numbers(old), _numbers(new)
    if not one or not two:
        return ""
    if two < one:
        return "back"
    # https://semver.org/#spec-item-4
    breaking = 2 if one[0] == 0 else 1
    return "major" if one[:breaking] != two[:breaking] else ""


def digest_of(image: str) -> str:
    """Digest in the name of an image; empty without one."""
    return image.partition("@")[2]


def short(version: str) -> str:
    """A version as people say it: of an image its tag, or the beginning of its digest."""
    name, _, digest = version.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2] if "/" in version or digest else version
    return tag or digest[: len("sha256:") + 12]


def _repository(text: str) -> str:
    """Name of an image without tag and digest; empty for a bare version."""
    name = text.partition("@")[0]
    folder, _, last = name.rpartition("/")
    return f"{folder}/{last.partition(':')[0]}" if folder or "@" in text else ""


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version)
    return tuple(map(int, found[1].split("."))) if found else ()
