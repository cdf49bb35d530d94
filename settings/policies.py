"""What a stack is let off: a rule of `policy/`, for one resource, for a reason, until a day."""

from datetime import date
from typing import Annotated, Any

from pydantic import PlainValidator

from policy.rules.catalogue import known
from settings.kinds import Expected, Section, refuse, text


def _rule(value: Any) -> str:
    if text(value, r"[A-Z0-9]{2,5}-\d\d") not in known():
        refuse(
            f'expected the id of a rule that exists, such as LOG-01 (policy/catalogue.yaml has them all), got "{value}"'
        )
    return value


def _day(value: Any) -> str:
    date.fromisoformat(text(value, r"\d{4}-\d\d-\d\d"))  # raises for a day that no month has
    return value


RuleId = Annotated[str, PlainValidator(_rule), Expected("the id of a rule such as LOG-01")]
Day = Annotated[str, PlainValidator(_day), Expected('a day such as "2026-12-24"')]
Pattern = Annotated[
    str,
    PlainValidator(lambda value: text(value, r"[\w.*?:@-]{1,200}")),
    Expected("the name of a resource, or a pattern with stars such as main-*"),
]
Reason = Annotated[
    str,
    PlainValidator(lambda value: text(value, r"[^\n\r]{10,300}")),
    Expected("one line of 10 to 300 characters that says why"),
]


class PolicyExemption(Section):
    """One thing that a rule does not stop for a while; `make policy` shows it."""

    rule: RuleId
    """Id of the rule."""
    resource: Pattern
    """Name of the resource, as the preview shows it; `*` is every resource, and the stack as a whole."""
    reason: Reason
    """Why, for whoever reads it later."""
    until: Day
    """The last day of it; from the next one on, the rule counts again."""
