import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rehearsal.kubernetes.definitions import RELEASE
from rehearsal.result import account, result, show, write
from rehearsal.session import Outcome
from rehearsal.wire import Properties
from rehearsal.workspace import Workspace
from rehearsal.world import Thing, World

CHECKED: Properties = {
    "values": 10,
    "by_schema": 9,
    "by_signature": 1,
    "kubernetes_objects": 2,
    "custom_resources": 3,
    "releases": 1,
    "others": {"random": 4},
    "not_executed": [],
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace("prod", tmp_path)


@pytest.fixture
def world(workspace: Workspace) -> Iterator[World]:
    made = World(workspace.world_file)
    yield made
    made.close()


def _shown(workspace: Workspace, **content: Any) -> str:
    output = io.StringIO()
    whole: Properties = {
        "operation": "up",
        "changes": {},
        "seconds": {"engine": 1.5, "total": 2.5},
        "checked": {**CHECKED, "not_in_a_schema": {}},
        "left": None,
        "outputs": {},
        **content,
    }
    whole["changes"] = {**dict.fromkeys(("create", "update", "replace", "delete", "same"), 0), **whole["changes"]}
    show(Console(file=output, width=400), workspace, whole)
    return output.getvalue()


def test_the_account_adds_up_what_was_checked_against_what(world: World) -> None:
    bucket = {"type": "aws:s3/bucket:Bucket", "values": 4, "by_schema": 3, "unmatched": ["forceDestroy"]}
    world.report("urn:1", bucket)
    world.report("urn:2", bucket)
    world.report("urn:3", {"type": "aws:ec2/vpc:Vpc", "values": 2, "by_schema": 2, "unmatched": []})
    world.report("urn:4", {"type": "kubernetes:core/v1:Namespace", "kind": "object", "schema": "api"})
    world.report("urn:6", {"type": "kubernetes:velero.io/v1:Schedule", "kind": "object", "schema": "custom"})
    world.report("urn:7", {"type": "random:index/randomPassword:RandomPassword", "kind": "signature"})
    world.report("urn:8::greet", {"type": "command:local:Command", "kind": "signature", "executed": False})
    world.report("urn:5", {"type": RELEASE, "kind": "release"})
    assert account(world) == {
        "values": 10,
        "by_schema": 8,
        "by_signature": 2,
        "kubernetes_objects": 1,
        "custom_resources": 1,
        "releases": 1,
        "others": {"command": 1, "random": 1},
        "not_executed": ["greet"],
        "not_in_a_schema": {"aws:s3/bucket:Bucket": ["forceDestroy"]},
    }


def test_the_result_holds_what_a_program_wants_to_read(workspace: Workspace, world: World) -> None:
    outcome = Outcome(changes={"create": 3, "same": 1}, outputs={"url": "https://x"}, engine_seconds=1.234)
    write(workspace, result(workspace, world, "up", outcome, 2.345))
    content = json.loads(workspace.result_file.read_text(encoding="utf-8"))
    del content["checked"]
    assert content == {
        "stack": "prod",
        "operation": "up",
        "changes": {"create": 3, "update": 0, "replace": 0, "delete": 0, "same": 1},
        "seconds": {"engine": 1.23, "total": 2.35},
        "left": None,
        "outputs": {"url": "https://x"},
    }


def test_after_a_destroy_the_result_counts_what_is_left(workspace: Workspace, world: World) -> None:
    world.put(Thing("vpc", "vpc-1", "urn", {}, {}))
    assert result(workspace, world, "destroy", Outcome(), 1)["left"] == 1


@pytest.mark.parametrize(
    ("content", "headline"),
    [
        ({"changes": {"create": 2, "same": 1}}, "prod: 2 created, 1 unchanged"),
        ({"changes": {"update": 1, "replace": 3, "delete": 4}}, "prod: 1 updated, 3 replaced, 4 deleted"),
        ({"changes": {"same": 7}}, "prod: no changes, 7 unchanged"),
        ({"changes": {"create": 2}, "operation": "preview"}, "prod: 2 to create"),
        (
            {"changes": {"delete": 2}, "operation": "destroy", "left": 0},
            "prod: 2 deleted, 0 left in the simulated cloud",
        ),
    ],
)
def test_the_summary_begins_with_what_happened(workspace: Workspace, content: Properties, headline: str) -> None:
    assert _shown(workspace, **content).startswith(f"{headline} ──")


def test_the_summary_says_what_was_checked_and_names_the_rest(workspace: Workspace) -> None:
    names = {"aws:s3/bucket:Bucket": ["forceDestroy"], "aws:ec2/vpc:Vpc": [f"property{n}" for n in range(9)]}
    shown = _shown(workspace, checked={**CHECKED, "not_in_a_schema": names})
    assert "checked 10 property values of AWS resources: 90 % against AWS's own schemas" in shown
    assert "Kubernetes objects against the API's schemas: 2, custom resources against their fields" in shown
    assert "; resources of random by its SDK and rules: 4" in shown
    assert "in no schema: Bucket.forceDestroy, Vpc.property0" in shown
    assert "and 2 more, listed in result.json" in shown


def test_the_summary_of_nothing_checked_says_nothing_of_it(workspace: Workspace) -> None:
    assert "checked" not in _shown(workspace, checked={**CHECKED, "values": 0, "not_in_a_schema": {}})


def test_the_summary_names_commands_that_nothing_executed(workspace: Workspace) -> None:
    checked: Properties = {**CHECKED, "not_in_a_schema": {}, "not_executed": ["greet", "wave"]}
    line = "commands that nothing executed, whose output is empty: greet, wave"
    assert line in _shown(workspace, checked=checked)
    assert "nothing executed" not in _shown(workspace)


def test_the_summary_counts_the_lines_of_a_long_output(workspace: Workspace) -> None:
    shown = _shown(workspace, outputs={"inventory": "all:\n  hosts:\n", "nothing": ""})
    assert "inventory  2 lines, in result.json" in shown
    assert "nothing    \n" in shown


def test_the_summary_shows_outputs_as_they_are(workspace: Workspace) -> None:
    shown = _shown(workspace, outputs={"kubeconfig": "[secret]", "servers": ["ns-1", "ns-2"]})
    assert "kubeconfig  [secret]" in shown
    assert 'servers     ["ns-1", "ns-2"]' in shown


def test_the_summary_says_where_everything_is(workspace: Workspace) -> None:
    shown = _shown(workspace)
    assert "2.5 s, of which the engine 1.5 s" in shown
    assert f"state and simulated cloud in {workspace.folder}" in shown
