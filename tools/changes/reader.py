"""Reads what `pulumi preview --json --show-sames` printed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from tools.changes.differences import differences
from tools.changes.digest import digest_of
from tools.changes.document import Document, Object, PreviewUnreadable, read_document
from tools.changes.masks import Masks
from tools.changes.model import Change, Diagnostic, Preview, Severity
from tools.changes.rows import Rows, part, type_in
from tools.changes.stateful import danger
from tools.changes.urns import name_of
from tools.changes.visible import one_line, visible

_ROOT: Final = "pulumi:pulumi:Stack"
_REPLACED: Final = frozenset({"replace"})
_PARTS: Final = frozenset({"create-replacement", "delete-replaced", "read-replacement", "import-replacement"})
"""Rows of `--show-replacement-steps`, which repeat the row `replace`."""
_RANKS: Final = ("replace", "delete", "delete-replaced", "update", "create", "import")
_NANOSECONDS: Final = 1e9
_COLOURS: Final = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*[A-Za-z]")
_PREFIX: Final = re.compile(r"\A(?:error|warning|info|debug):\s*", re.IGNORECASE)
_SAID: Final = 20_000
"""Characters of a message that are kept."""
_NO_MASKS: Final = Masks()


def read_preview(stack: str, printed: str, code: int = 0, errors: str = "", masks: Masks = _NO_MASKS) -> Preview:
    """The preview that a command of exit code `code` printed, its standard error in `errors`.

    A command that failed before the engine had a plan gives a preview with its error alone. Raises
    `PreviewUnreadable` when the JSON ends in the middle, or when there is none although the command succeeded.
    """
    rows = Rows()
    found = read_document(printed, rows.take)
    if found is None and code == 0:
        raise PreviewUnreadable("there is no JSON of a preview in what was printed")
    document = found or Document({}, printed)
    diagnostics = tuple(_diagnostics(document.top, masks))
    failed = code != 0 or any(each.severity == "error" for each in diagnostics)
    if failed and not any(each.severity == "error" for each in diagnostics):
        diagnostics += (_said("\n".join(filter(None, (document.said, errors))), code, masks),)
    changes, drift = _told(rows, masks, failed=failed)
    return Preview(
        stack=stack,
        steps=tuple(rows.steps),
        changes=changes,
        drift=drift if rows.looked else None,
        diagnostics=diagnostics,
        duration=round(float(document.top.get("duration") or 0) / _NANOSECONDS, 3),
        summary={str(op): int(count) for op, count in part(document.top, "changeSummary").items()},
        failed=failed,
        corrupt=bool(document.top.get("maybeCorrupt")),
        digest="" if failed else _digest(rows, masks, changes, drift),
    )


def failed_preview(stack: str, reason: str, masks: Masks = _NO_MASKS) -> Preview:
    """The preview of a stack that gave none, for a reason."""
    return Preview(stack=stack, failed=True, diagnostics=(_said(reason, 1, masks),))


def _told(rows: Rows, masks: Masks, *, failed: bool) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """What is planned, and what drifted, which has happened already and is no danger of this change."""
    drift = _changes(rows.drifted(complete=not failed), masks)
    return _changes(rows.planned, masks), tuple(replace(change, dangerous=None) for change in drift)


def _digest(rows: Rows, masks: Masks, changes: tuple[Change, ...], drift: tuple[Change, ...]) -> str:
    """The digest, which secrets that only this run knows do not make another."""
    if masks.knows_secrets:
        changes, drift = _told(rows, _NO_MASKS, failed=False)
    return digest_of([*changes, *drift])


def _changes(rows: list[Object], masks: Masks) -> tuple[Change, ...]:
    return tuple(sorted((_change(row, masks) for row in rows), key=_order))


def _change(row: Object, masks: Masks) -> Change:
    old = part(row, "oldState")
    urn, op, type_ = str(row.get("urn", "")), str(row.get("op", "")), type_in(row)
    reasons = cast(list[Any], row.get("replaceReasons") or []) if op == "replace" else []
    return Change(
        op=op,
        urn=_shown(urn, masks),
        type=_shown(type_, masks),
        name=_shown(name_of(urn), masks),
        diffs=differences(row, masks),
        replace_reasons=tuple(sorted(_shown(str(each), masks) for each in reasons)),
        dangerous=danger(op, type_, part(old, "inputs"), retained=bool(old.get("retainOnDelete"))),
    )


def _order(change: Change) -> tuple[bool, int, str, str, str]:
    rank = _RANKS.index(change.op) if change.op in _RANKS else len(_RANKS)
    return change.dangerous is None, rank, change.type, change.name, change.urn


def _diagnostics(top: Mapping[str, Any], masks: Masks) -> Iterable[Diagnostic]:
    """What was said, each sentence once; debugging carries outputs with secrets in plain text, and is dropped."""
    found: dict[Diagnostic, None] = {}
    for each in cast(list[Object], top.get("diagnostics") or []):
        word = str(each.get("severity", "info")).removeprefix("info#")
        if word == "debug":
            continue
        severity: Severity = "error" if word == "error" else "warning" if word == "warning" else "info"
        message = _message(f"{each.get('prefix') or ''}{each.get('message') or ''}", masks)
        if message:
            found[Diagnostic(severity=severity, message=message, urn=_shown(str(each.get("urn", "")), masks))] = None
    return found


def _said(text: str, code: int, masks: Masks) -> Diagnostic:
    """The error of a command, from what it said."""
    return Diagnostic(severity="error", message=_message(text, masks) or f"it said nothing, exit code {code}")


def _message(text: str, masks: Masks) -> str:
    plain = _PREFIX.sub("", _COLOURS.sub("", text).strip())
    return visible(masks.text(plain))[:_SAID].rstrip()


def _shown(text: str, masks: Masks) -> str:
    return one_line(masks.text(text))
