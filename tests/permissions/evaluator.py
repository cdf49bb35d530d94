"""Decides as IAM does whether policies allow a request, as far as our policies go.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

Context = Mapping[str, str | Sequence[str]]
"""Condition keys that the request has; those that are missing are not there."""


def allows(documents: Sequence[Mapping[str, Any]], action: str, resource: str, context: Context | None = None) -> bool:
    """Whether a statement allows it and none denies it."""
    effects = {
        each["Effect"]
        for document in documents
        for each in document["Statement"]
        if _any(each["Action"], action, fold=True)
        and _any(each["Resource"], resource)
        and _holds(each.get("Condition", {}), context or {})
    }
    return effects == {"Allow"}


def _any(patterns: Sequence[str], value: str, *, fold: bool = False) -> bool:
    given = value.lower() if fold else value
    return any(_like(given, each.lower() if fold else each) for each in patterns)


def _like(value: str, pattern: str) -> bool:
    # Brackets mean themselves in IAM.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    return all(
        _operator(operator, context.get(key), [wanted] if isinstance(wanted, str) else wanted)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _operator(operator: str, given: str | Sequence[str] | None, wanted: Sequence[str]) -> bool:
    if operator == "Null":
        return (given is None) == (wanted == ["true"])
    if operator.startswith("ForAllValues:"):
        return all(value in wanted for value in given or ())
    if given is None:
        return operator.endswith("IfExists")
    if operator not in ("StringEquals", "StringEqualsIfExists", "ArnEquals", "Bool"):
        raise AssertionError(f"the evaluator does not know {operator}")
    assert isinstance(given, str), f"{operator} compares one value, got {given}"
    return given in wanted
