"""One number for what a preview plans, by which a later preview is known to be the one that was reviewed."""

import hashlib
import json
from collections.abc import Iterable

from tools.changes.model import Change

PREFIX = "sha256:"


def digest_of(changes: Iterable[Change]) -> str:
    """`sha256:` over operations, resources, reasons and masked differences; neither order nor time matters.

    Two changes of a secret look alike here, as they do to a reader: what tells them apart is the state's version and
    the commit, which have to be compared too.
    """
    lines = sorted(json.dumps(_told(change), ensure_ascii=True, sort_keys=True) for change in changes)
    return PREFIX + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _told(change: Change) -> list[object]:
    diffs = [[each.path, each.kind, each.before, each.after, each.forces_replacement] for each in change.diffs]
    return [change.op, change.urn, change.type, sorted(change.replace_reasons), sorted(diffs, key=json.dumps)]
