"""The policies that the roles are given, read from `permissions/`: one folder for each kind of role."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

Kind = Literal["preview", "deploy"]
"""What a role is for: to read, or to change."""

FOLDER: Final = Path(__file__).with_name("permissions")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LARGEST: Final = 6144
"""Characters of a managed policy, white space apart."""
MOST: Final = 10
"""Managed policies of a role."""


class PoliciesRefused(Exception):  # noqa: N818 (reads as what it is)
    """The files do not make policies that AWS takes; the text is one sentence."""


@dataclass(frozen=True)
class Policies:
    """Policy documents as AWS gets them, by the name that each has in AWS."""

    preview: Mapping[str, str]
    deploy: Mapping[str, str]
    boundary: str
    """What no role of CI may exceed: a role has one boundary, hence one document."""

    def of(self, kind: Kind) -> Mapping[str, str]:
        """Documents of a kind of role, by name."""
        return self.preview if kind == "preview" else self.deploy

    @property
    def names(self) -> list[str]:
        """Names of all managed policies."""
        return [*self.preview, *self.deploy, "socle-boundary"]


def read_policies(folder: Path = FOLDER) -> Policies:
    """All documents. Raises `PoliciesRefused` when some are missing, or would be refused by AWS."""
    preview, deploy, boundary = (_documents(folder / kind) for kind in ("preview", "deploy", "boundary"))
    if len(boundary) > 1:
        raise PoliciesRefused(f"{folder / 'boundary'}: expected one policy, as a role has one, got {len(boundary)}")
    return Policies(preview, deploy, next(iter(boundary.values())))


def _documents(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("*.json"), key=lambda file: (len(file.stem), file.stem))
    if not files:
        raise PoliciesRefused(f"{folder}: expected policies of a role as *.json, found none: get the whole checkout")
    if len(files) > MOST:
        raise PoliciesRefused(
            f"{folder}: expected {MOST} policies at most, which AWS lets a role have, got {len(files)}"
        )
    return {f"socle-{folder.name}-{file.stem}": _document(file) for file in files}


def _document(file: Path) -> str:
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PoliciesRefused(f"{file}: expected a policy in JSON ({error})") from None
    for place, statement in enumerate(_statements(document)):
        if statement.get("Effect") == "Allow" and _is_all(statement):
            raise PoliciesRefused(f"{file}: statement {place} allows everything: name actions or resources")
    compact = json.dumps(document, separators=(",", ":"))
    size = sum(not character.isspace() for character in compact)
    if size > LARGEST:
        raise PoliciesRefused(f"{file}: expected {LARGEST} characters at most, got {size}: split it")
    return compact


def _statements(document: Any) -> list[dict[str, Any]]:
    found: Any = cast(dict[str, Any], document).get("Statement", []) if isinstance(document, dict) else []
    return cast(list[dict[str, Any]], found if isinstance(found, list) else [found])


def _is_all(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is what AdministratorAccess is."""
    return all(
        statement.get(key) in each
        for key, each in (("Action", ("*", ["*"], "*:*", ["*:*"])), ("Resource", ("*", ["*"])))
    )
