"""The note behind an image in a file of versions that says which build it comes from; pure."""

import re
from dataclasses import dataclass
from typing import Final

_NOTE: Final = re.compile(r"(?:after )?build (?P<number>[0-9]{1,18})(?: of (?P<source>https?://[^\s;#]+))?")


@dataclass(frozen=True)
class Build:
    """A run of an application's pipeline; later ones have higher numbers."""

    number: int
    source: str = ""
    """Address of the run for people."""
    exact: bool = True
    """Whether the image is of this very run; false when somebody has set it by hand since."""

    def note(self) -> str:
        """How the file says it."""
        return f"{'' if self.exact else 'after '}build {self.number}{f' of {self.source}' if self.source else ''}"


def build_of(text: str, name: str) -> Build | None:
    """The build that the file `text` notes for the image of an application; None when it notes none."""
    line = _line(text, name)
    found = _NOTE.search(line.group("comment") or "") if line else None
    if found is None:
        return None
    return Build(int(found["number"]), found["source"] or "", exact=not found[0].startswith("after"))


def with_build(text: str, name: str, build: Build) -> str:
    """The file `text` with this build noted for the image of an application, beside what people have noted there."""
    line = _line(text, name)
    if line is None:
        raise ValueError(f"name must be that of an image in the file, got {name!r}")
    said = line.group("comment") or ""
    if _NOTE.search(said):
        said = _NOTE.sub(lambda _: build.note(), said, count=1)
    else:
        said = f"{said}; {build.note()}" if said else build.note()
    return f"{text[: line.start()]}{line.group('entry')}  # {said}{text[line.end() :]}"


def _line(text: str, name: str) -> re.Match[str] | None:
    # As `tools.promotion.document.written` writes it; no image holds a number sign.
    entry = re.compile(rf"^(?P<entry>  {re.escape(name)}: [^#\n]*?)(?:[ \t]+#[ \t]*(?P<comment>[^\n]*?))?[ \t]*$", re.M)
    section = re.search(r"^images:[^\n]*$", text, re.M)
    return entry.search(text, section.end()) if section else None
