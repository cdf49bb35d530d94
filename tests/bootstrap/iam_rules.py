"""What IAM decides, for the part of its language that our policies use.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Context = Mapping[str, str]


def like(pattern: str, value: str) -> bool:
    """StringLike: `*` is any text, colons and slashes included, `?` one character; all else is itself."""
    parts = (".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether all conditions hold; a key that the request does not have makes these operators false."""
    for operator, wanted in conditions.items():
        for key, values in wanted.items():
            given = context.get(key)
            choices = [values] if isinstance(values, str) else list(values)
            if given is None or not any(_matches(operator, each, given) for each in choices):
                return False
    return True


def _matches(operator: str, wanted: str, given: str) -> bool:
    if operator in ("StringEquals", "Bool"):
        return wanted == given
    assert operator in ("StringLike", "ArnEquals"), f"not known here: {operator}"
    return like(wanted, given)


def trusted(policy: str, provider: str, context: Context) -> bool:
    """Whether a trust policy lets a token of a provider take the role."""
    return any(
        each["Effect"] == "Allow"
        and each["Action"] == ["sts:AssumeRoleWithWebIdentity"]
        and each["Principal"] == {"Federated": provider}
        and holds(each["Condition"], context)
        for each in json.loads(policy)["Statement"]
    )


def allowed(
    statements: Sequence[Mapping[str, Any]], action: str, resource: str, context: Context | None = None
) -> bool:
    """Whether these statements, and no others, allow an action on a resource."""
    found = [
        str(each["Effect"])
        for each in statements
        if any(like(pattern.lower(), action.lower()) for pattern in each["Action"])
        and any(like(pattern, resource) for pattern in each["Resource"])
        and holds(each.get("Condition", {}), context or {})
    ]
    return "Allow" in found and "Deny" not in found
