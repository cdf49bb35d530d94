"""The files of `permissions/`, and those that AWS would refuse."""

import json
from pathlib import Path

import pytest

from bootstrap.policies import FOLDER, LARGEST, MOST, PoliciesRefused, read_policies
from tests.bootstrap.stage import write_permissions

ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Permissions that are right."""
    write_permissions(tmp_path / "permissions")
    return tmp_path / "permissions"


def _refusal(folder: Path) -> str:
    with pytest.raises(PoliciesRefused) as refused:
        read_policies(folder)
    return str(refused.value)


def test_a_policy_is_named_by_its_role_and_number(folder: Path) -> None:
    for number in (2, 10):
        (folder / "deploy" / f"{number}.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": []}))
    found = read_policies(folder)
    assert list(found.deploy) == ["socle-deploy-1", "socle-deploy-2", "socle-deploy-10"]
    assert found.of("preview") == found.preview
    assert found.names == ["socle-preview-1", *found.deploy, "socle-boundary"]
    assert "\n" not in found.boundary


def test_those_of_the_project_are_within_the_limits() -> None:
    found = read_policies(FOLDER)
    assert found.preview
    assert found.deploy
    assert len(found.boundary) <= LARGEST


@pytest.mark.parametrize("kind", ["preview", "deploy", "boundary"])
def test_a_role_without_policies_is_refused(folder: Path, kind: str) -> None:
    (folder / kind / "1.json").unlink()
    assert _refusal(folder) == (
        f"{folder / kind}: expected policies of a role as *.json, found none: get the whole checkout"
    )


def test_two_boundaries_are_refused(folder: Path) -> None:
    (folder / "boundary" / "2.json").write_text((folder / "boundary" / "1.json").read_text())
    assert _refusal(folder) == f"{folder / 'boundary'}: expected one policy, as a role has one, got 2"


def test_more_policies_than_a_role_can_have_are_refused(folder: Path) -> None:
    for number in range(2, MOST + 2):
        (folder / "deploy" / f"{number}.json").write_text((folder / "deploy" / "1.json").read_text())
    assert _refusal(folder) == f"{folder / 'deploy'}: expected 10 policies at most, which AWS lets a role have, got 11"


def test_a_policy_that_is_too_long_is_refused_by_its_characters_without_white_space(folder: Path) -> None:
    file = folder / "deploy" / "1.json"
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["a:b"], "Resource": [""]}]}
    overhead = len(json.dumps(document, separators=(",", ":")))
    document["Statement"] = [{"Effect": "Deny", "Action": ["a:b"], "Resource": ["x" * (LARGEST - overhead)]}]
    file.write_text(json.dumps(document, indent=8))
    assert len(read_policies(folder).deploy["socle-deploy-1"]) == LARGEST
    document["Statement"] = [{"Effect": "Deny", "Action": ["a:b"], "Resource": ["x" * (LARGEST - overhead + 1)]}]
    file.write_text(json.dumps(document))
    assert _refusal(folder) == f"{file}: expected 6144 characters at most, got 6145: split it"


def test_administrator_access_is_refused(folder: Path) -> None:
    file = folder / "deploy" / "1.json"
    file.write_text(json.dumps(ALL))
    assert _refusal(folder) == f"{file}: statement 0 allows everything: name actions or resources"
    file.write_text(file.read_text().replace("Allow", "Deny"))
    assert "socle-deploy-1" in read_policies(folder).deploy


def test_a_file_that_is_no_json_is_refused(folder: Path) -> None:
    file = folder / "preview" / "1.json"
    file.write_text("Version: 2012-10-17")
    assert _refusal(folder).startswith(f"{file}: expected a policy in JSON (")
