"""The stacks that are shipped keep the rules, and the rules see when they no longer do."""

from collections import Counter
from datetime import date

import pytest

from policy.rules.catalogue import rules
from policy.rules.evaluation import Found, of_all
from policy.rules.model import Context, Resource
from policy.rules.values import newest, read
from settings import read_stack
from tests.conftest import Declare
from tests.policy.mutations import MUTATIONS
from tests.stack_examples import STACKS, example

TODAY = date(2026, 11, 21)
UNCAUGHT = {
    "prod LaunchTemplate nat-template networkInterfaces/0/associatePublicIpAddress=true": "it has that address",
}
"""Mutations that no rule sees, and why."""
_resources: dict[str, list[Resource]] = {}


def context(stack: str) -> Context:
    return Context(stack=stack, production=stack == "prod", today=TODAY)


def resources(declare: Declare, stack: str) -> list[Resource]:
    if stack not in _resources:
        plan = example(declare, stack).plan
        _resources[stack] = [
            Resource(type=newest(each.type), name=each.name, inputs=read(each.inputs), urn=f"{each.type} {each.name}")
            for each in plan.resources
        ]
    return _resources[stack]


def found(declared: list[Resource], stack: str) -> Counter[tuple[str, str, str]]:
    results = of_all(declared, context(stack), rules())
    return Counter(
        (each.rule.id, each.resource.name if each.resource else "", each.message)
        for each in results
        if isinstance(each, Found)
    )


@pytest.mark.parametrize("stack", STACKS)
def test_a_shipped_stack_keeps_every_mandatory_rule_without_an_exemption(declare: Declare, stack: str) -> None:
    assert read_stack(stack).policy_exemptions == ()
    levels = {rule.id: rule.level(context(stack)) for rule in rules()}
    broken = found(resources(declare, stack), stack)
    assert {each for each in broken if levels[each[0]] == "mandatory"} == set()


def test_production_is_advised_of_nothing_but_flow_logs(declare: Declare) -> None:
    assert {rule for rule, _, _ in found(resources(declare, "prod"), "prod")} == {"NET-02"}


def test_every_unsafe_value_of_a_stack_is_caught(declare: Declare) -> None:
    assert len(MUTATIONS) >= 60
    before = {stack: found(resources(declare, stack), stack) for stack in STACKS}
    missed, unfit = set[str](), set[str]()
    for mutation in MUTATIONS:
        made = list(mutation.of(resources(declare, mutation.stack)))
        if not made:
            unfit.add(str(mutation))
        elif not found(made[0], mutation.stack) - before[mutation.stack]:
            missed.add(str(mutation))
    assert unfit == set(), "no resource has that input"
    assert missed == set(UNCAUGHT)
