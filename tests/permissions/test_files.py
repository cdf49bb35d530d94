"""The files of the bootstrap beside what the stacks need: one that is changed by hand is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.permissions.conftest import Policies
from tools.permissions import files
from tools.permissions.declared import Declared
from tools.permissions.difference import compare, sentences
from tools.permissions.documents import LARGEST, MOST, size
from tools.permissions.files import KINDS, Broken, Kind, TooMany
from tools.permissions.lint import Finding, lint
from tools.permissions.needed import Needed
from tools.setup import ROOT

Document = dict[str, Any]


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_say_what_the_stacks_need(kind: Kind, policies: Policies) -> None:
    assert files.is_current(kind, ROOT, policies[kind]), "make iam WRITE=1 renews them"


@pytest.mark.parametrize("kind", KINDS)
def test_aws_takes_them(kind: Kind, policies: Policies) -> None:
    assert 0 < len(policies[kind]) <= MOST
    assert [size(each) for each in policies[kind] if size(each) > LARGEST] == []


@pytest.mark.parametrize("kind", KINDS)
def test_none_is_an_administrator_s(kind: Kind, policies: Policies) -> None:
    allowed = [each for policy in policies[kind] for each in policy["Statement"] if each["Effect"] == "Allow"]
    actions = {action for each in allowed for action in each["Action"]}
    assert actions
    assert {action for action in actions if action == "*" or action.endswith(":*")} == set()
    assert not any("NotAction" in each or "NotResource" in each for each in allowed)


@pytest.mark.parametrize("kind", ["preview", "deploy"])
def test_patterns_in_roles_are_reads(kind: Kind, policies: Policies) -> None:
    actions = {action for policy in policies[kind] for each in policy["Statement"] for action in each["Action"]}
    patterns = {action for action in actions if "*" in action}
    assert "ec2:Describe*" in patterns
    assert {pattern for pattern in patterns if not pattern.endswith(("Describe*", "List*"))} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_linter_finds_nothing_that_is_not_explained(kind: Kind, policies: Policies) -> None:
    assert lint(policies[kind]) == []


# Changed by hand


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the files of the bootstrap."""
    shutil.copytree(ROOT / "bootstrap" / "permissions", tmp_path / "bootstrap" / "permissions")
    return tmp_path


def change(root: Path, kind: Kind, edit: Callable[[Document], None]) -> None:
    """Edit the first policy of a kind."""
    file = files.folder_of(kind, root) / "1.json"
    policy: Document = json.loads(file.read_text(encoding="utf-8"))
    edit(policy)
    file.write_text(json.dumps(policy), encoding="utf-8")


def differences(root: Path, kind: Kind, policies: Policies, needs: Needed) -> list[str]:
    return sentences(kind, compare(files.written(kind, root), policies[kind]), needs)


def remove(action: str) -> Callable[[Document], None]:
    def edit(policy: Document) -> None:
        for statement in policy["Statement"]:
            if action in statement["Action"]:
                statement["Action"].remove(action)

    return edit


def add(action: str) -> Callable[[Document], None]:
    def edit(policy: Document) -> None:
        policy["Statement"][0]["Action"].append(action)

    return edit


def widen(policy: Document) -> None:
    policy["Statement"][0]["Resource"] = ["*"]


def test_an_action_that_was_taken_out_is_named_with_who_needs_it(
    checkout: Path, policies: Policies, needs: Needed
) -> None:
    change(checkout, "deploy", remove("cloudfront:UpdateDistribution"))
    assert differences(checkout, "deploy", policies, needs) == [
        "deploy lacks cloudfront:UpdateDistribution on arn:aws:cloudfront::*:distribution/* "
        'if {"StringEquals": {"aws:ResourceTag/project": "socle"}}: '
        "aws:cloudfront/distribution:Distribution needs it"
    ]


def test_an_action_that_was_put_in_is_named(checkout: Path, policies: Policies, needs: Needed) -> None:
    change(checkout, "preview", add("ec2:RunInstances"))
    assert differences(checkout, "preview", policies, needs) == [
        "preview has ec2:RunInstances on *, which no stack needs"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_statement_counts(kind: Kind, checkout: Path, policies: Policies, needs: Needed) -> None:
    for place in range(len(policies[kind][0]["Statement"])):
        file = files.folder_of(kind, checkout) / "1.json"
        before = file.read_text(encoding="utf-8")
        policy: Document = json.loads(before)
        (gone, *_) = policy["Statement"].pop(place)["Action"]
        file.write_text(json.dumps(policy), encoding="utf-8")
        assert any(gone in line and "lacks" in line for line in differences(checkout, kind, policies, needs))
        file.write_text(before, encoding="utf-8")


def test_an_action_that_was_opened_to_more_is_named(checkout: Path, policies: Policies, needs: Needed) -> None:
    change(checkout, "deploy", widen)
    said = differences(checkout, "deploy", policies, needs)
    assert [line.split(" on ")[0] for line in said] == [
        "deploy lacks acm:AddTagsToCertificate",
        "deploy has acm:AddTagsToCertificate",
    ]


def test_a_denial_that_was_taken_out_is_named(checkout: Path, policies: Policies, needs: Needed) -> None:
    change(checkout, "boundary", remove("organizations:*"))
    said = differences(checkout, "boundary", policies, needs)
    assert said == ["boundary lacks the denial of organizations:* on *"]


def test_other_words_for_the_same_are_no_difference_but_are_not_current(
    checkout: Path, policies: Policies, needs: Needed
) -> None:
    change(checkout, "deploy", lambda policy: policy["Statement"].reverse())
    assert differences(checkout, "deploy", policies, needs) == []
    assert not files.is_current("deploy", checkout, policies["deploy"])


def test_writing_renews_what_was_changed_and_removes_what_is_too_much(checkout: Path, policies: Policies) -> None:
    change(checkout, "deploy", add("ec2:RunInstances"))
    (files.folder_of("deploy", checkout) / "9.json").write_text("{}", encoding="utf-8")
    assert files.write("deploy", checkout, policies["deploy"])
    assert files.is_current("deploy", checkout, policies["deploy"])
    assert not files.write("deploy", checkout, policies["deploy"])


def test_files_are_made_where_there_are_none(tmp_path: Path, policies: Policies) -> None:
    assert files.written("deploy", tmp_path) == []
    files.write("deploy", tmp_path, policies["deploy"])
    assert files.written("deploy", tmp_path) == policies["deploy"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"Version": "2012-10-17", "Statement": 3}'])
def test_a_file_that_holds_no_policy_is_named(text: str, checkout: Path) -> None:
    (files.folder_of("deploy", checkout) / "2.json").write_text(text, encoding="utf-8")
    with pytest.raises(Broken, match=r"^bootstrap/permissions/deploy/2\.json: is no policy .*`make iam WRITE=1`"):
        files.written("deploy", checkout)


def test_too_many_policies_are_refused(monkeypatch: pytest.MonkeyPatch, found: dict[str, Declared]) -> None:
    monkeypatch.setattr(files, "_MOST", {"preview": 10, "deploy": 2, "boundary": 1})
    with pytest.raises(TooMany, match=r"^deploy: AWS takes 2 policies at most, and what the stacks need fills [345]$"):
        files.computed("deploy", [*found.values()])


# The linter


def of(statement: Document) -> list[Finding]:
    return lint([{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": ["*"], **statement}]}])


def test_an_action_that_nobody_knows_is_found() -> None:
    assert of({"Action": ["ec2:CreateEverything"]}) == [Finding("UNKNOWN_ACTION", "ec2:CreateEverything")]


def test_an_action_without_its_resource_is_found() -> None:
    wrong = {"Action": ["ec2:CreateSubnet"], "Resource": ["arn:aws:ec2:*:*:subnet/*"]}
    assert [each.kind for each in of(wrong)] == ["RESOURCE_MISMATCH"]
    whole: Document = {"Effect": "Allow", "Action": ["ec2:CreateSubnet"], "Resource": ["arn:aws:ec2:*:*:vpc/*"]}
    both = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **wrong}, whole]}
    assert lint([both]) == []


def test_a_condition_that_the_action_does_not_have_is_found() -> None:
    wrong = {"Action": ["ec2:CreateVpc"], "Condition": {"StringEquals": {"s3:prefix": "a"}}}
    assert [each.kind for each in of(wrong)] == ["UNKNOWN_CONDITION_FOR_ACTION"]
