"""What a stack runs of what is promoted from stack to stack: `versions/<stack>.yaml`, apart from its settings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError

from components import versions
from settings.errors import SettingsError, shown, unknown_key, words
from settings.kinds import Image
from settings.stack_files import read_yaml

FOLDER: Final = "versions"
"""Where these files are, beside Pulumi.yaml."""
APPLICATIONS: Final = ("f1-vote", "users-api", "web-frontend")
"""The team's own: their images by the names of their sections, with hyphens."""
SECTIONS: Final = ("charts", "programs", "images")
"""The sections of a file, in its order."""

# Helm takes ranges such as `1.x` too, which are another chart tomorrow: https://helm.sh/docs/topics/charts/
_CHART_VERSION = re.compile(r"v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
# What stands in a tag; a bare number, such as 18, moves on with each release.
_PROGRAM_VERSION = re.compile(r"v?\d+\.\d+[\w.-]{0,100}", re.ASCII)
_IMAGE: Final[TypeAdapter[str]] = TypeAdapter(Image)


@dataclass(frozen=True)
class Versions:
    """Versions on which a stack is kept; whatever is not in them follows `components/versions.py`."""

    charts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Versions of charts, by the names of `components.versions.CHARTS`."""
    programs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Versions of programs, by the names of `components.versions.PROGRAMS`."""
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    """Images of the team's applications, by the names of `APPLICATIONS`."""

    def chart(self, name: str) -> str:
        """Version of a chart: that of the file, else the pinned one."""
        return self.charts.get(name, versions.CHARTS[name].version)

    def program(self, name: str) -> str:
        """Version of a program: that of the file, else the pinned one."""
        return self.programs.get(name, versions.PROGRAMS[name].version)

    def image(self, name: str, wanted: str) -> str:
        """Image of an application: that of the file, else the one that its settings want."""
        return self.images.get(name, wanted)

    def section(self, name: str) -> Mapping[str, str]:
        """What the file has in one of `SECTIONS`."""
        return {"charts": self.charts, "programs": self.programs, "images": self.images}[name]


def versions_file(stack: str, folder: Path) -> Path:
    """Where the versions of a stack are, of a project in `folder`; there need not be such a file."""
    return folder / FOLDER / f"{stack}.yaml"


def read_versions(stack: str, folder: Path) -> Versions:
    """Versions of a stack; none where it has no file. Raises `SettingsError` with all that is wrong."""
    path = versions_file(stack, folder)
    if not path.is_file():
        return Versions()
    called = f"{FOLDER}/{path.name}"
    return parse_versions(read_yaml(path, called, "charts, programs or images"), called)


def parse_versions(document: Mapping[str, Any], called: str) -> Versions:
    """Versions from the content of the file that is `called` so.

    Raises `SettingsError`, whose `problems` hold one sentence for every wrong key.
    """
    problems = [unknown_key(f"{called}: {key}", key, SECTIONS) for key in document if key not in SECTIONS]
    found: dict[str, dict[str, str]] = {}
    for section, (names, example, accepts) in _KINDS.items():
        given = document.get(section)
        if given is None:
            continue
        if not isinstance(given, dict):
            problems.append(f"{called}: {section}: expected a mapping of names to versions, got {shown(given)}")
            continue
        entries = {str(name): value for name, value in cast(dict[Any, Any], given).items()}
        for name, value in entries.items():
            path = f"{called}: {section}.{name}"
            if name not in names:
                problems.append(unknown_key(path, name, names))
            elif not isinstance(value, str) or not accepts(value):
                problems.append(f"{path}: expected {example(name)}, got {shown(value)}")
        found[section] = entries
    if problems:
        raise SettingsError(problems)
    return Versions(**found)


def _is_image(value: str) -> bool:
    try:
        _IMAGE.validate_python(value)
    except ValidationError:
        return False
    return True


_KINDS: Final[Mapping[str, tuple[tuple[str, ...], Callable[[str], str], Callable[[str], bool]]]] = {
    "charts": (
        tuple(versions.CHARTS),
        lambda name: f'a whole version such as "{versions.CHARTS[name].version}"',
        lambda value: _CHART_VERSION.fullmatch(value) is not None,
    ),
    "programs": (
        tuple(versions.PROGRAMS),
        lambda name: f'a whole version such as "{versions.PROGRAMS[name].version}"',
        lambda value: _PROGRAM_VERSION.fullmatch(value) is not None,
    ),
    "images": (APPLICATIONS, lambda _: words(Image), _is_image),
}
