# ruff: noqa: E501 (one case a line reads as the table that it is)
"""Every rule keeps quiet where it is kept, and speaks where it is broken."""

from dataclasses import replace
from datetime import date

import pytest
import yaml

from policy.rules.catalogue import FILE, known, rules
from policy.rules.evaluation import Found, Unevaluated, of_all, of_changes
from policy.rules.model import UNKNOWN, Change, Changes, Context, Resource
from tests.policy.cases import Case, cluster, one, pod
from tests.policy.cases_aws import CASES as AWS
from tests.policy.cases_edge import CASES as EDGE

CASES = [*AWS, *EDGE]
PRODUCTION = Context(stack="prod", production=True, today=date(2027, 1, 5))
RULES = {rule.id: rule for rule in rules()}


def broken(rule: str, resources: tuple[Resource, ...], context: Context = PRODUCTION) -> list[str]:
    results = of_all(resources, context, [RULES[rule]])
    assert not [each for each in results if isinstance(each, Unevaluated)]
    return [each.message for each in results if isinstance(each, Found)]


def changes(*planned: Change, **costs: float) -> Changes:
    return Changes(changes=planned, context=PRODUCTION, **costs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_rule_says_nothing_of_what_keeps_it(case: Case) -> None:
    assert broken(case.rule, case.good) == []


@pytest.mark.parametrize(
    ("rule", "bad"), [pytest.param(case.rule, bad, id=f"{case.rule}-{n}") for case in CASES for n, bad in enumerate(case.bad)]
)  # fmt: skip
def test_a_rule_speaks_of_what_breaks_it(rule: str, bad: tuple[Resource, ...]) -> None:
    assert broken(rule, bad)


def test_there_are_forty_rules_and_each_has_cases_or_is_on_what_is_planned() -> None:
    assert len(known()) == 40
    assert {case.rule for case in CASES} | {"COST-01"} == known()


def test_every_rule_of_the_catalogue_has_checks_a_reason_and_a_remedy() -> None:
    assert set(yaml.safe_load(FILE.read_text(encoding="utf-8"))) == known()
    for rule in rules():
        assert rule.checks and rule.title and rule.reason and rule.remedy, rule.id


def test_a_mandatory_rule_of_staging_is_one_of_production_too() -> None:
    assert [rule.id for rule in rules() if rule.staging == "mandatory" and rule.production != "mandatory"] == []


def test_the_budget_stops_what_adds_to_an_overrun_and_nothing_else() -> None:
    rule = [RULES["COST-01"]]
    over = list(of_changes(changes(cost_before=140, cost_after=160, budget=150), rule))
    assert [each.message for each in over if isinstance(each, Found)] == [
        "all stacks together cost 160.00 a month afterwards, of 150.00; this change adds 20.00"
    ]
    assert list(of_changes(changes(cost_before=170, cost_after=160, budget=150), rule)) == []
    assert list(of_changes(changes(cost_before=100, cost_after=150, budget=150), rule)) == []


def test_the_budget_is_not_evaluated_where_nobody_estimated() -> None:
    assert [type(each) for each in of_changes(changes(), [RULES["COST-01"]])] == [Unevaluated]


@pytest.mark.parametrize("op", ["delete", "replace"])
def test_what_keeps_data_is_neither_deleted_nor_replaced(op: str) -> None:
    bucket = one("aws:s3/bucket:Bucket", "files")
    said = list(of_changes(changes(Change(op=op, resource=bucket, lost="its objects")), [RULES["SAFE-01"]]))
    assert [each.message for each in said if isinstance(each, Found)] == [f"it is to be {op}d: its objects"]
    assert list(of_changes(changes(Change(op=op, resource=bucket)), [RULES["SAFE-01"]])) == []


def test_protection_is_not_taken_away_unseen() -> None:
    change = Change(op="update", resource=one("aws:s3/bucket:Bucket", "files"), unprotected=True)
    assert [each.message for each in of_changes(changes(change), [RULES["SAFE-01"]]) if isinstance(each, Found)] == [
        "it loses its protection (protect)"
    ]


def test_what_is_not_known_is_not_evaluated_and_the_rest_is() -> None:
    results = of_all([cluster(version=UNKNOWN, upgradePolicy=None)], PRODUCTION, [RULES["EKS-04"]])
    assert [each.unknown for each in results if isinstance(each, Unevaluated)] == ["version", "version"]
    assert [each.message for each in results if isinstance(each, Found)]


def test_a_hidden_pod_is_not_evaluated() -> None:
    hidden = Resource(type=pod().type, name="x", inputs={"spec": UNKNOWN})
    results = of_all([hidden], PRODUCTION, [RULES["K8S-01"]])
    assert {type(each) for each in results} == {Unevaluated}


def test_a_version_is_told_ninety_days_before_its_support_ends() -> None:
    soon = Context(stack="prod", production=True, today=date(2026, 12, 28))
    assert broken("EKS-04", (cluster(version="1.35"),), soon) == [
        "Kubernetes 1.35 leaves standard support on 2027-03-27, in 89 days"
    ]
    assert (
        broken("EKS-04", (cluster(version="1.35"),), Context(stack="p", production=True, today=date(2026, 11, 21)))
        == []
    )


def test_a_creator_stays_administrator_where_pulumi_eks_leaves_no_choice_and_in_staging() -> None:
    open_ = cluster(accessConfig={"authenticationMode": "API"})
    ours = replace(open_, urn="urn:pulumi:prod::socle::eks:index:Cluster$aws:eks/cluster:Cluster::main")
    assert broken("EKS-05", (ours,)) == []
    assert broken("EKS-05", (open_,), replace(PRODUCTION, production=False)) == []


def test_a_stack_that_ends_may_lose_its_secrets_at_once_and_says_when_in_its_tags() -> None:
    ending = Context(stack="dev", production=False, today=date(2026, 11, 21), expires=True)
    assert broken("SEC-01", (one("aws:secretsmanager/secret:Secret", recoveryWindowInDays=0),), ending) == []
    tags = {"project": "socle", "stack": "dev", "owner": "me", "managed-by": "pulumi"}
    assert broken("TAG-01", (one("pulumi:providers:aws", defaultTags={"tags": tags}),), ending) == [
        "defaultTags lacks expires"
    ]


def test_a_registry_of_the_settings_is_allowed() -> None:
    own = Context(stack="p", production=True, today=date(2026, 11, 21), registries=frozenset({"registry.example.org"}))
    assert broken("K8S-03", (pod({"image": "registry.example.org/app:1.0"}),), own) == []
