import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import stack_examples
from tests.conftest import Declare
from tests.stack_examples import STACKS
from tools.permissions import mock_engine
from tools.permissions.declared import Declared, declared, stacks
from tools.setup import ROOT

REMOTE = {"aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"}
"""What pulumi-eks registers for its caller."""


@pytest.mark.parametrize("name", STACKS)
def test_every_aws_type_of_a_stack_is_found(name: str, found: dict[str, Declared], declare: Declare) -> None:
    plan = stack_examples.example(declare, name).plan
    own = {type_ for type_ in plan.types if type_.startswith("aws:")}
    children = REMOTE if "eks:index:Cluster" in plan.types else set[str]()
    assert set(found[name].types) == own | children


def test_policies_that_the_children_of_pulumi_eks_attach_are_found(found: dict[str, Declared]) -> None:
    assert "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy" in found["prod"].attached
    assert "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy" not in found["staging"].attached


def test_look_ups_are_found(found: dict[str, Declared]) -> None:
    assert "aws:route53/getZone:getZone" in found["prod"].lookups
    assert "aws:route53/getZone:getZone" not in found["f1-vote"].lookups


def test_every_stack_with_a_file_counts(found: dict[str, Declared]) -> None:
    assert sorted(found) == stacks(ROOT) == STACKS


# The memory


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with one stack and one component."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "one.py").write_text("", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("", encoding="utf-8")
    (tmp_path / "Pulumi.one.yaml").write_text("config:\n  aws:region: eu-west-3\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stacks that were declared."""
    names: list[str] = []

    def declare(raw: Any, name: str) -> dict[str, list[str]]:
        names.append(name)
        return {"types": [f"aws:type:{len(names)}"], "lookups": [], "attached": []}

    monkeypatch.setattr(mock_engine, "declare", declare)
    return names


def test_what_was_declared_is_remembered(checkout: Path, asked: list[str]) -> None:
    first = declared(["one"], checkout)
    assert declared(["one"], checkout) == first
    assert asked == ["one"]


@pytest.mark.parametrize("name", ["components/one.py", "Pulumi.one.yaml", "requirements.txt", "components/two.py"])
def test_a_source_that_changes_ends_the_memory(name: str, checkout: Path, asked: list[str]) -> None:
    declared(["one"], checkout)
    with (checkout / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert declared(["one"], checkout)["one"].types == ["aws:type:2"]


def test_only_the_newest_memory_is_kept(checkout: Path, asked: list[str]) -> None:
    for number in range(3):
        (checkout / "components" / "one.py").write_text(str(number), encoding="utf-8")
        declared(["one"], checkout)
    (kept,) = (checkout / ".rehearsal" / "permissions").iterdir()
    known = json.loads(kept.read_text(encoding="utf-8"))
    assert known["one"]["types"] == ["aws:type:3"]
