"""What an application's pipeline asks for, checked: it comes from another repository, and is trusted with nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from bootstrap.answers import FILE, read_answers
from settings import Settings, SettingsError, read_stack
from settings.errors import shown, unknown_key
from settings.versions_file import APPLICATIONS, parse_versions
from tools.informing.build import Build
from tools.promotion.used import used

_STACK: Final = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}\Z")
_BUILD: Final = re.compile(r"[1-9][0-9]{0,17}")
_SOURCE: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?/[A-Za-z0-9._/~%-]{1,300}")


@dataclass(frozen=True)
class Request:
    """An image that a stack shall run."""

    stack: str
    name: str
    image: str
    """By digest."""
    build: Build | None = None
    """The build that made it; None when a person says it."""

    @property
    def digest(self) -> str:
        """What the image is, whatever its tag."""
        return digest_of(self.image)


def digest_of(image: str) -> str:
    """Digest of an image that is named by one; empty otherwise."""
    return image.partition("@")[2]


def repository_of(image: str) -> str:
    """An image without its tag and digest."""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def checked(stack: str, name: str, image: str, *, build: str, source: str, folder: Path) -> Request:
    """The request, if the stack may have it. Raises `SettingsError` with a sentence for everything that is wrong."""
    if not _STACK.fullmatch(stack):
        raise SettingsError([f"STACK: expected the name of a stack such as staging, got {shown(stack)}"])
    settings = read_stack(stack, folder)
    problems = [*_of_stack(stack, folder), *_of_image(stack, name, image, settings), *_of_build(build, source)]
    if problems:
        raise SettingsError(problems)
    return Request(stack, name, image, Build(int(build), source) if build else None)


def wanted_image(settings: Settings, name: str) -> str:
    """What the stack's settings and its file of versions say that an application runs; empty when it has none."""
    section = getattr(settings, name.replace("-", "_"), None)
    return "" if section is None else settings.versions.image(name, cast(str, section.image))


def _of_stack(stack: str, folder: Path) -> Iterator[str]:
    # A checkout without answers has not been bootstrapped; then the usual name is the only one known.
    production = read_answers(folder).production if (folder / FILE).is_file() else ("prod",)
    if stack in production:
        yield (
            f"STACK: {stack} is production, which gets what another stack has run: "
            f"`make promote FROM=staging TO={stack}`"
        )


def _of_image(stack: str, name: str, image: str, settings: Settings) -> Iterator[str]:
    if name not in APPLICATIONS:
        yield unknown_key("NAME", name, APPLICATIONS)
        return
    if name not in used(settings)["images"]:
        yield f"NAME: {stack} has no {name}: its section in Pulumi.{stack}.yaml comes first"
        return
    try:
        parse_versions({"images": {name: image}}, "IMAGE")
    except SettingsError as error:
        yield from (problem.replace(f"IMAGE: images.{name}:", "IMAGE:") for problem in error.problems)
        return
    if not _DIGEST.search(image):
        yield f"IMAGE: expected the digest too, as in {repository_of(image)}:TAG@sha256:..., got {shown(image)}"
    section = getattr(settings, name.replace("-", "_"))
    known = {repository_of(cast(str, section.image)), repository_of(wanted_image(settings, name))}
    if repository_of(image) not in known:
        yield (
            f"IMAGE: expected one of {' or '.join(sorted(known))}, which {stack} runs, got {shown(image)}: "
            f"another place is first written into Pulumi.{stack}.yaml"
        )


def _of_build(build: str, source: str) -> Iterator[str]:
    if build and not _BUILD.fullmatch(build):
        yield f"BUILD: expected the number of the pipeline such as 1234, got {shown(build)}"
    if source and not _SOURCE.fullmatch(source):
        yield f"SOURCE: expected the address of the pipeline, which begins with https://, got {shown(source)}"
