"""What becomes of a request, given the file of versions on the main branch and on the branch of an open one; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast

import yaml

from settings.errors import SettingsError
from settings.versions_file import Versions, parse_versions
from tools.informing.build import Build, build_of, with_build
from tools.informing.request import Request, digest_of
from tools.promotion.document import merged, written

Verdict = Literal["there already", "proposed already", "left to a newer one", "written"]
_NONE: Final = Build(0)


@dataclass(frozen=True)
class Decision:
    """What to do, and the file of versions as it shall be proposed."""

    verdict: Verdict
    text: str = ""
    """Content of the file, when it is written."""
    newest: Build | None = None
    """The newest build that is known, when it is not that of the request."""
    is_open: bool = False
    """Whether the branch says something that the main branch does not have yet."""


def header(stack: str) -> str:
    """A file of versions that has nothing yet."""
    return (
        f"# Images of {stack}, written by `make inform`: docs/applications.md. What is absent follows\n"
        f"# components/versions.py, or the image of Pulumi.{stack}.yaml: docs/promotion.md.\n"
    )


def decide(request: Request, main: str | None, proposed: str | None) -> Decision:
    """What becomes of a request; `proposed` is the file on the branch of an earlier request, if there is one.

    Raises `SettingsError` when a file cannot be read.
    """
    ours = request.build
    current, current_build = _entry(main, request)
    branch, branch_build = _entry(proposed, request)
    # A branch whose merge request was merged says what the main branch says, or less.
    open_ = branch and branch != current and branch_build.number >= current_build.number
    image, build = (branch, branch_build) if open_ else (current, current_build)
    if ours and build.number > ours.number:
        return Decision("left to a newer one", newest=build, is_open=bool(open_))
    if image and digest_of(image) == request.digest:
        return Decision("proposed already" if open_ else "there already", is_open=bool(open_))
    return Decision("written", _with(request, main, build))


def entry(text: str | None, name: str) -> str:
    """Image of an application in a file of versions; empty when it has none. Raises `SettingsError`."""
    return _read(text).images.get(name, "") if text else ""


def _entry(text: str | None, request: Request) -> tuple[str, Build]:
    return entry(text, request.name), (build_of(text, request.name) if text else None) or _NONE


def _with(request: Request, main: str | None, newest: Build) -> str:
    before = main or header(request.stack)
    text = written(before, merged(_read(before), {"images": {request.name: request.image}}))
    # An image that a person sets is of no build; those from before it stay older all the same.
    build = request.build or (replace(newest, source="", exact=False) if newest.number else None)
    return with_build(text, request.name, build) if build else text


def _read(text: str) -> Versions:
    try:
        document: Any = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise SettingsError([f"the file of versions cannot be read: {' '.join(str(error).split())}"]) from None
    if not isinstance(document, dict):
        raise SettingsError(["the file of versions has no sections: expected charts, programs or images"])
    return parse_versions(cast(Mapping[str, Any], document), "versions")
