"""Why a roll-out did not become ready, and the way back: what events and the cluster tell."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes_server import KubernetesServer, kubernetes_server
from tools.cluster_api import ClusterApi, connect
from tools.rollout import Diagnosis, RollOut, advise, diagnose, failed, setting_of

GOOD, BAD, OLD = "ghcr.io/example/f1-vote:good", "ghcr.io/example/f1-vote:bad", "ghcr.io/example/f1-vote:old"
ROLL_OUT = RollOut("f1-vote", "f1-vote", BAD, GOOD)
KEY = "socle:f1_vote.image"
URN = "urn:pulumi:vote::socle::socle:index:F1Vote$kubernetes:apps/v1:Deployment::f1-vote-deployment"


@pytest.fixture
def server() -> Iterator[KubernetesServer]:
    with kubernetes_server() as there:
        yield there


def api(server: KubernetesServer) -> ClusterApi:
    return connect(server.kubeconfig)


def template(image: str) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"name": "f1-vote", "image": image}]}}}


def event(name: str, old: Any, new: Any, type_: str = "kubernetes:apps/v1:Deployment") -> str:
    def side(containers: Any) -> dict[str, Any]:
        metadata = {"name": "f1-vote", "namespace": "f1-vote"}
        return {"inputs": {"metadata": metadata, "spec": {"template": {"spec": {"containers": containers}}}}}

    step = {"op": "update", "urn": URN, "type": type_, "old": side(old) if old else None, "new": side(new)}
    return json.dumps({"sequence": 1, name: {"metadata": step, "status": 2}})


def put(server: KubernetesServer, kind: str, name: str, image: str, owner: str = "", **more: Any) -> str:
    """A Deployment, a ReplicaSet or a Pod; returns its uid."""
    metadata: dict[str, Any] = {"name": name, "namespace": "f1-vote", **more.pop("metadata", {})}
    if owner:
        metadata["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": "Owner", "name": "owner", "uid": owner}]
    version = "v1" if kind == "Pod" else "apps/v1"
    made = server.put({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": template(image), **more})
    return str(made["metadata"]["uid"])


def revision(number: int) -> dict[str, Any]:
    return {"annotations": {"deployment.kubernetes.io/revision": str(number)}}


def roll_out(server: KubernetesServer, *statuses: Any, good: int = 2) -> None:
    """A Deployment whose newest pods have these statuses, beside `good` ready ones of the image before."""
    deployment = put(server, "Deployment", "f1-vote", BAD)
    put(server, "ReplicaSet", "f1-vote-1", OLD, deployment, metadata=revision(1), status={"readyReplicas": 0})
    put(server, "ReplicaSet", "f1-vote-2", GOOD, deployment, metadata=revision(2), status={"readyReplicas": good})
    newest = put(server, "ReplicaSet", "f1-vote-3", BAD, deployment, metadata=revision(3), status={})
    for number, status in enumerate(statuses):
        put(server, "Pod", f"f1-vote-3-{number}", BAD, newest, status=status)


# The events of the engine


def test_a_deployment_that_failed_is_read_with_the_images_of_both_sides(tmp_path: Path):
    lines = [
        event("resourcePreEvent", [{"image": GOOD}], [{"image": BAD}]),
        event("resOpFailedEvent", [{"image": GOOD}], [{"image": BAD}]),
        event("resOpFailedEvent", [{"image": GOOD}], [{"image": BAD}], "kubernetes:batch/v1:Job"),
        "half a li",
    ]
    (tmp_path / "events").write_text("\n".join(lines))
    assert failed(tmp_path / "events") == [ROLL_OUT]


def test_a_first_deployment_has_no_image_before_and_a_masked_one_none_at_all(tmp_path: Path):
    masked = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
    (tmp_path / "events").write_text(event("resOpFailedEvent", None, masked))
    assert failed(tmp_path / "events") == [RollOut("f1-vote", "f1-vote")]


def test_an_engine_that_wrote_no_events_tells_of_none(tmp_path: Path):
    assert failed(tmp_path / "events") == []


# What the cluster says


WAITING = {"ready": False, "state": {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling\n "x"'}}}
CRASHED = {
    "ready": False,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
}
UNSCHEDULED = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are free"}


REASONS: list[tuple[Any, list[str]]] = [
    ({"containerStatuses": [WAITING]}, ['f1-vote-3-0: ImagePullBackOff (Back-off pulling "x")']),
    (
        {"containerStatuses": [CRASHED]},
        ["f1-vote-3-0: CrashLoopBackOff", "f1-vote-3-0: the last one ended with code 1 (Error)"],
    ),
    ({"conditions": [UNSCHEDULED]}, ["f1-vote-3-0: Unschedulable (0/3 nodes are free)"]),
    (
        {"containerStatuses": [{"ready": False, "state": {"running": {}}}]},
        ["f1-vote-3-0: it runs, and its probes fail"],
    ),
    ({"containerStatuses": [{"ready": True, "state": {"running": {}}}]}, []),
]


@pytest.mark.parametrize(("status", "reasons"), REASONS)
def test_a_pod_tells_why_it_is_not_ready(server: KubernetesServer, status: Any, reasons: list[str]):
    roll_out(server, status)
    assert list(diagnose(api(server), ROLL_OUT).reasons) == reasons


def test_the_image_before_is_that_whose_pods_still_serve(server: KubernetesServer):
    roll_out(server)
    assert diagnose(api(server), RollOut("f1-vote", "f1-vote")) == Diagnosis([], BAD, GOOD, serving=True)


def test_it_is_the_newest_other_one_when_none_serves(server: KubernetesServer):
    roll_out(server, good=0)
    assert diagnose(api(server), ROLL_OUT) == Diagnosis([], BAD, GOOD, serving=False)


def test_the_pods_of_others_are_not_asked(server: KubernetesServer):
    roll_out(server)
    other = put(server, "Deployment", "other", OLD)
    others = put(server, "ReplicaSet", "other-1", OLD, other, metadata=revision(9), status={"readyReplicas": 1})
    put(server, "Pod", "other-1-0", OLD, others, status={"containerStatuses": [WAITING]})
    assert diagnose(api(server), ROLL_OUT) == Diagnosis([], BAD, GOOD, serving=True)


# What a person reads


def test_the_way_back_is_two_commands():
    told = advise("vote", ROLL_OUT, Diagnosis(["f1-vote-3-0: ImagePullBackOff"], BAD, GOOD, serving=True), KEY)
    assert told.splitlines() == [
        f"vote: the Deployment f1-vote/f1-vote did not become ready with {BAD}",
        "  f1-vote-3-0: ImagePullBackOff",
        f"{GOOD} still serves. Back to it:",
        f"  pulumi config set --path {KEY} {GOOD} --stack vote",
        "  make up STACK=vote",
    ]


def test_the_way_back_leads_to_the_file_of_versions_where_that_names_the_image(tmp_path: Path):
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "vote.yaml").write_text(f"images: {{f1-vote: {BAD}}}\n", encoding="utf-8")
    told = advise("vote", ROLL_OUT, Diagnosis(), KEY, tmp_path)
    assert told.splitlines()[-2:] == [f"  in versions/vote.yaml set images.f1-vote to {GOOD}", "  make up STACK=vote"]
    first = advise("vote", RollOut("f1-vote", "f1-vote", BAD), Diagnosis(), KEY, tmp_path)
    assert first.endswith("correct images.f1-vote of versions/vote.yaml, then `make up STACK=vote`")


def test_a_silent_cluster_leaves_the_image_of_the_state():
    assert f"{GOOD} ran before it. Back to it:" in advise("vote", ROLL_OUT, Diagnosis(), KEY)


def test_a_first_roll_out_has_no_way_back():
    first = RollOut("f1-vote", "f1-vote", BAD)
    told = advise("vote", first, Diagnosis(), KEY)
    assert told.endswith(f"No image ran before it: correct {KEY}, then `make up STACK=vote`")


def test_a_second_failure_with_the_same_image_does_not_lead_back_to_it():
    told = advise("vote", RollOut("f1-vote", "f1-vote", BAD, BAD), Diagnosis(), KEY)
    assert "No image ran before it" in told


def test_an_image_that_no_setting_names_is_told_without_a_command():
    assert "config set" not in advise("vote", ROLL_OUT, Diagnosis(), None)


def test_the_setting_is_that_of_the_workload():
    values = {"socle:f1_vote": '{"image": "x"}', "socle:vaultwarden": '{"storage": "1Gi"}'}
    assert setting_of(ROLL_OUT, values) == KEY
    assert setting_of(RollOut("vaultwarden", "vaultwarden"), values) is None
    assert setting_of(RollOut("cert-manager", "cert-manager"), values) is None
