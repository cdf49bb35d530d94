"""The policies as files, which the bootstrap reads: `bootstrap/permissions/<kind>/<number>.json`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from tools.permissions.boundary import boundary
from tools.permissions.declared import Declared
from tools.permissions.documents import MOST, Document, documents
from tools.permissions.narrowing import grants
from tools.permissions.needed import Needed, needed
from tools.permissions.statements import statements

Kind = Literal["preview", "deploy", "boundary"]
"""What the bootstrap makes policies for: two kinds of role, and what neither may exceed."""
KINDS: Final[tuple[Kind, ...]] = ("preview", "deploy", "boundary")
_MOST: Final[Mapping[Kind, int]] = {"preview": MOST, "deploy": MOST, "boundary": 1}
_FOLDER: Final = ("bootstrap", "permissions")


class TooMany(Exception):  # noqa: N818 (reads as what it is)
    """A role cannot have as many policies as the stacks need."""


class Broken(Exception):  # noqa: N818 (reads as what it is)
    """A file holds no policy; the text names it and the command that renews it."""


def folder_of(kind: Kind, root: Path) -> Path:
    """Where the policies of a kind are."""
    return root.joinpath(*_FOLDER, kind)


def computed(kind: Kind, stacks: Sequence[Declared]) -> tuple[Needed, list[Document]]:
    """What these stacks need, and the policies that allow it.

    Raises `NotKnown` or `UnknownAction` when a table has to say more, `TooMany` when AWS would refuse so many.
    """
    needs = needed(stacks, "preview" if kind == "preview" else "deploy")
    found = documents(boundary(needs) if kind == "boundary" else statements(grants(needs)))
    if len(found) > _MOST[kind]:
        raise TooMany(f"{kind}: AWS takes {_MOST[kind]} policies at most, and what the stacks need fills {len(found)}")
    return needs, found


def written(kind: Kind, root: Path) -> list[Document]:
    """The policies that are there, by number; none when there is no folder. Raises `Broken`."""
    found: list[Document] = []
    for file in _files(kind, root):
        try:
            document: Any = json.loads(file.read_text(encoding="utf-8"))
            found.append({"Version": document["Version"], "Statement": list(document["Statement"])})
        except (ValueError, TypeError, KeyError) as error:
            raise Broken(f"{file.relative_to(root)}: is no policy ({error!r}): `make iam WRITE=1` renews it") from None
    return found


def write(kind: Kind, root: Path, policies: Sequence[Document]) -> bool:
    """Make the files say this; whether any changed."""
    folder = folder_of(kind, root)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {folder / f"{number}.json": text(each) for number, each in enumerate(policies, 1)}
    before = {file: file.read_text(encoding="utf-8") for file in _files(kind, root)}
    for file in before.keys() - wanted.keys():
        file.unlink()
    for file, words in wanted.items():
        if before.get(file) != words:
            file.write_text(words, encoding="utf-8")
    return before != wanted


def is_current(kind: Kind, root: Path, policies: Sequence[Document]) -> bool:
    """Whether the files say this, letter by letter."""
    return [file.read_text(encoding="utf-8") for file in _files(kind, root)] == [text(each) for each in policies]


def text(policy: Document) -> str:
    """A policy as its file has it: one line an action, so that a review shows what came and went."""
    return json.dumps(policy, indent=2) + "\n"


def _files(kind: Kind, root: Path) -> list[Path]:
    return sorted(folder_of(kind, root).glob("*.json"), key=lambda file: (len(file.stem), file.stem))
