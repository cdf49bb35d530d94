"""Sentences about what rules did not judge: what is let off, and what nobody can tell yet."""

from tools.changes.summaries import Exempted, Pending, PolicySummary


def counts(policy: PolicySummary) -> list[str]:
    """How many findings of each level there are, and how much was not judged, where there is any."""
    numbers = {
        "mandatory": policy.count("mandatory"),
        "advisory": policy.count("advisory"),
        "not evaluated": len(policy.unevaluated),
        "exempt": sum(bool(each.message) for each in policy.exempt),
    }
    return [f"{number} {what}" for what, number in numbers.items() if number]


def pending(each: Pending) -> str:
    """What a rule needs."""
    return f"{each.rule} {each.resource}: needs {each.value}, which is not known yet"


def exempted(each: Exempted) -> str:
    """What an exemption lets off, until when and why."""
    return f"{each.rule} {each.resource}: {let_off(each)} (until {each.until}: {each.reason})"


def let_off(each: Exempted) -> str:
    """What would be a finding, or that there is nothing to let off."""
    return each.message or "lets nothing off now: take it out"
