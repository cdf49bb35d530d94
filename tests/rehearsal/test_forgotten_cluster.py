"""A cluster that is gone, forgotten in a real state, with the real engine."""

import json
import os
from pathlib import Path

import pytest

from tests.rehearsal.checkouts import Checkout
from tools import forget_cluster
from tools.cluster_api import ClusterApi, ClusterSilent
from tools.pulumi_cli import Program, Pulumi, resources

pytestmark = pytest.mark.usefixtures("engine")

LINKS = ("parent", "provider", "dependencies", "propertyDependencies", "deletedWith")


def _nobody(_: str) -> ClusterApi:
    raise ClusterSilent("no such host")


def test_after_forgetting_the_cluster_the_rest_of_the_stack_is_destroyed(checkout: Checkout, tmp_path: Path) -> None:
    checkout.edit("staging", lambda config: config.pop("socle:monitoring"))
    checkout.must("up", "staging")
    workspace = checkout.workspace("staging")
    pulumi = Pulumi("staging", Program(workspace.folder, {**os.environ, **workspace.environment()}))
    assert json.loads(pulumi.outputs()["kubeconfig"])["kind"] == "Config"
    before = resources(pulumi.export())
    forget_cluster.run(
        "staging", pulumi, yes=True, force=False, backups=tmp_path / "kept", connect=_nobody, status_of=lambda _: ""
    )

    after = resources(pulumi.export())
    types = {str(each["type"]) for each in after}
    assert not {each for each in types if each.startswith("kubernetes:") or each.endswith(":kubernetes")}
    gone = {str(each["urn"]) for each in before} - {str(each["urn"]) for each in after}
    assert gone
    # Outputs of a component may still speak of what it had; the engine follows none of them.
    links = json.dumps([[each.get(key) for key in LINKS] for each in after])
    assert [urn for urn in gone if f'"{urn}"' in links or f'"{urn}::' in links] == []

    down = checkout.run("destroy", "staging")
    left = {thing.type for thing in checkout.cloud("staging").values()}
    assert left, "the simulated cluster outlives its state, as a real one that was deleted by hand does not"
    assert {each for each in left if not each.startswith("kubernetes:")} == set(), down.output
    assert resources(pulumi.export()) == []
