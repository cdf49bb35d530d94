import ast
import re
from pathlib import Path

import pytest

from rehearsal.aws.catalogue import resource_types
from tools.permissions import reference
from tools.permissions.declared import Declared
from tools.permissions.needed import LINKED_ROLE, PASS_ROLE, SECRETS, NotKnown, needed, of_type, table
from tools.setup import ROOT

# Operations that AWS calls otherwise than their action:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html and
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
OTHERWISE = {
    "describe_budget": "ViewBudget",
    "head_bucket": "ListBucket",
    "list_object_versions": "ListBucketVersions",
}


def stack(*types: str, lookups: tuple[str, ...] = (), attached: tuple[str, ...] = ()) -> Declared:
    return Declared(types, lookups, attached)


@pytest.mark.parametrize("type_", sorted(resource_types()))
def test_the_needs_of_every_type_of_the_rehearsal_are_known_to_aws(type_: str) -> None:
    actions = of_type(type_)
    assert actions
    assert [action for action in actions if not reference.is_known(action)] == []


@pytest.mark.parametrize("type_", sorted(table().types))
def test_every_exception_is_about_something(type_: str) -> None:
    entry = table().types[type_]
    assert type_ in resource_types()
    assert not (entry.only and entry.without), "what replaces the schema needs no exceptions from it"
    bare = set(of_type(type_))
    assert {*entry.only, *entry.adds} <= bare
    assert (PASS_ROLE in bare) == bool(entry.passes)
    assert (LINKED_ROLE in bare) == bool(entry.linked)


def test_a_type_that_no_table_knows_is_named() -> None:
    with pytest.raises(NotKnown, match=r"^aws:rds/instance:Instance: .* say it in tools/permissions/actions\.yaml$"):
        needed([stack("aws:rds/instance:Instance")], "deploy")


def test_a_look_up_that_no_table_knows_is_named() -> None:
    with pytest.raises(NotKnown, match=r"^aws:ec2/getVpc:getVpc: "):
        needed([stack(lookups=("aws:ec2/getVpc:getVpc",))], "deploy")


def test_each_action_says_who_needs_it() -> None:
    needs = needed([stack("aws:kms/alias:Alias"), stack("aws:kms/key:Key")], "deploy")
    assert needs.reasons["kms:CreateAlias"] == {"aws:kms/alias:Alias"}
    assert needs.reasons["kms:DescribeKey"] == {"aws:kms/key:Key", "tools/left"}


def test_what_no_stack_has_is_not_needed() -> None:
    assert "kms:CreateKey" in needed([stack("aws:kms/key:Key")], "deploy").actions
    assert "kms:CreateKey" not in needed([stack("aws:kms/alias:Alias")], "deploy").actions


def test_a_preview_needs_no_action_that_changes_anything(found: dict[str, Declared]) -> None:
    actions = needed(found.values(), "preview").actions
    assert len(actions) > 50
    assert {reference.action(action).level for action in actions} == {"Read", "List"}


def test_a_preview_reads_no_secret(found: dict[str, Declared]) -> None:
    assert SECRETS & set(needed(found.values(), "deploy").actions) == SECRETS
    assert SECRETS & set(needed(found.values(), "preview").actions) == set()


def test_a_preview_hands_out_no_role(found: dict[str, Declared]) -> None:
    needs = needed(found.values(), "preview")
    assert (needs.passes, needs.linked, needs.attached) == (frozenset(), frozenset(), frozenset())


def test_a_preview_may_all_that_it_needs_of_what_deploy_reads(found: dict[str, Declared]) -> None:
    deploy = needed(found.values(), "deploy").actions
    reads = {action for action in deploy if reference.action(action).reads}
    assert set(needed(found.values(), "preview").actions) == reads - SECRETS


def operations(path: Path) -> set[str]:
    """Names of AWS's operations among the words of a file, as actions without their service."""
    words = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    asked = {word for word in words if re.fullmatch(r"(cancel|describe|get|head|list|terminate)_[a-z_]+", word)}
    return {OTHERWISE.get(word) or "".join(part.title() for part in word.split("_")) for word in asked}


@pytest.mark.parametrize("verb", ["tools/left", "tools/drain.py", "tools/spot_requests.py"])
def test_the_table_has_what_a_command_asks_aws_for(verb: str) -> None:
    place = ROOT / verb
    files = sorted(place.glob("*.py")) if place.is_dir() else [place]
    assert files
    asked = {operation for file in files for operation in operations(file)}
    assert asked == {action.partition(":")[2] for action in table().verbs[verb]}


def test_every_verb_of_the_table_is_there() -> None:
    assert [verb for verb in table().verbs if not (ROOT / verb).exists()] == []
