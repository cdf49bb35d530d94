import pytest

from tools.permissions import reference
from tools.permissions.narrowing import ADOPTED, MADE, OURS, Grant, grants, table
from tools.permissions.needed import Needed, NotKnown
from tools.permissions.reference import UnknownAction

CREATES = ("ec2:AllocateAddress", "ec2:CreateVpc", "ec2:CreateTags")


def of(*actions: str, **more: frozenset[str]) -> list[Grant]:
    return grants(Needed({action: frozenset() for action in actions}, **more))


def test_a_named_thing_is_told_by_its_name() -> None:
    assert of("eks:DeleteCluster") == [Grant("eks:DeleteCluster", "arn:aws:eks:*:*:cluster/socle-*")]


def test_a_thing_with_a_drawn_id_is_told_by_its_tag() -> None:
    (found,) = of("ec2:DeleteVpc")
    assert (found.resource, found.narrowed_by) == ("arn:aws:ec2:*:*:vpc/*", "tag")
    assert '"aws:ResourceTag/project": "socle"' in found.conditions


def test_what_is_made_gets_our_tag_and_is_put_into_what_is_ours() -> None:
    conditions = {each.resource.rpartition(":")[2]: each.conditions for each in of("ec2:CreateSubnet")}
    assert sorted(conditions) == ["subnet/*", "vpc/*"]
    assert "RequestTag" in conditions["subnet/*"]
    assert "ResourceTag" in conditions["vpc/*"]


def test_a_read_without_a_name_of_ours_is_open_and_says_so() -> None:
    (found,) = of("kms:GetKeyPolicy")
    assert (found.resource, found.narrowed_by) == ("*", "nothing")
    assert found.why == "it reads, and its resource has no name of ours"


def test_roles_are_handed_to_the_services_that_the_stacks_use_alone() -> None:
    (found,) = of("iam:PassRole", passes=frozenset({"ec2.amazonaws.com"}))
    assert found.conditions == '{"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}}'


def test_roles_get_the_policies_that_the_stacks_attach_alone() -> None:
    arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    (found,) = of("iam:AttachRolePolicy", attached=frozenset({arn}))
    assert found.conditions == f'{{"ArnEquals": {{"iam:PolicyARN": ["{arn}"]}}}}'


def test_tags_are_put_on_what_the_needed_actions_make() -> None:
    found = [each for each in of(*CREATES) if "CreateAction" in each.conditions]
    assert len(found) == 1
    assert '"ec2:CreateAction": ["AllocateAddress", "CreateVpc"]' in found[0].conditions


def test_an_action_whose_resource_no_table_knows_is_named() -> None:
    with pytest.raises(NotKnown, match=r"^rds:DeleteDBInstance: nothing tells which rds:db is ours"):
        of("rds:DeleteDBInstance")


def test_an_action_that_aws_does_not_have_is_named() -> None:
    with pytest.raises(UnknownAction, match=r"^ec2:CreateEverything: AWS documents no such action$"):
        of("ec2:CreateEverything")


def test_every_grant_of_the_stacks_is_narrowed_or_says_why_not(needs: Needed) -> None:
    found = grants(needs)
    assert {each.narrowed_by for each in found} == {"name", "tag", "condition", "kind", "nothing"}
    assert [each for each in found if each.narrowed_by in ("kind", "nothing") and not each.why] == []


def test_what_changes_something_is_open_only_where_aws_lets_nobody_narrow_it(needs: Needed) -> None:
    changes = {each.action for each in grants(needs) if each.narrowed_by == "nothing"}
    assert {action for action in changes if not reference.action(action).reads} == {
        "cloudfront:CreateCachePolicy",
        "cloudfront:CreateFunction",
        "cloudfront:CreateOriginAccessControl",
        "cloudfront:CreateResponseHeadersPolicy",
    }


def test_the_management_of_permissions_is_always_narrowed(needs: Needed) -> None:
    managing = [each for each in grants(needs) if reference.action(each.action).level == "Permissions management"]
    assert {each.action for each in managing} > {"iam:CreateRole", "iam:PassRole", "s3:PutBucketPolicy"}
    assert {each.narrowed_by for each in managing} <= {"name", "tag", "condition"}


@pytest.mark.parametrize("action", sorted(table().actions))
def test_every_special_case_is_about_an_action_that_aws_has(action: str) -> None:
    assert reference.action(action).name == action


def test_kinds_of_the_table_are_those_of_aws() -> None:
    kinds = {*table().names, *table().tags, *table().open, *table().unused}
    services = {kind.partition(":")[0] for kind in kinds}
    known = {
        each.type
        for service in services
        for name in reference.matching(f"{service}:*")
        for each in reference.action(name).resources
    }
    assert kinds <= known


def test_the_three_ways_to_be_ours_differ() -> None:
    assert OURS != MADE
    assert {**MADE, "StringEqualsIfExists": OURS["StringEquals"]} == ADOPTED
