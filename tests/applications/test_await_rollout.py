"""Waiting for an image: when the cluster counts as running it, and the reason when it does not."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from typer import Exit

from tests.applications.office import PLACE, git
from tests.kubernetes_server import KubernetesServer, kubernetes_server
from tools.await_rollout import Means, run

Said = pytest.CaptureFixture[str]
NEW, OLD = "sha256:" + "b" * 64, "sha256:" + "a" * 64
WANTED = f"{PLACE}:1.2.0@{NEW}"
DONE = {
    "observedGeneration": 2,
    **dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 2),
}


@pytest.fixture
def server() -> Iterator[KubernetesServer]:
    with kubernetes_server() as there:
        yield there


@pytest.fixture
def folder(infrastructure: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "--quiet", str(infrastructure), "checkout")
    (tmp_path / "checkout" / "versions" / "staging.yaml").write_text(f"images:\n  users-api: {WANTED}\n")
    return tmp_path / "checkout"


def deployed(
    server: KubernetesServer, image: str = WANTED, runs: str = NEW, status: dict[str, int] | None = None
) -> None:
    """A Deployment and two pods."""
    status = status or {}
    spec = {"containers": [{"name": "users-api", "image": image}]}
    place = {"namespace": "users-api"}

    def put(kind: str, name: str, owner: str = "", **more: Any) -> str:
        owners = {"ownerReferences": [{"kind": "x", "name": "x", "uid": owner}]} if owner else {}
        version = "v1" if kind == "Pod" else "apps/v1"
        metadata = {**place, "name": name, **owners, "generation": 2}
        return str(server.put({"apiVersion": version, "kind": kind, "metadata": metadata, **more})["metadata"]["uid"])

    made = put(
        "Deployment",
        "users-api",
        spec={"replicas": 2, "template": {"spec": spec}},
        status={**DONE, **status},
    )
    owner = put("ReplicaSet", "users-api-1", made, spec={"template": {"spec": spec}}, status={})
    ready = status.get("readyReplicas", 2)
    for number in range(2):
        said: dict[str, Any] = {"name": "users-api", "ready": number < ready, "imageID": f"{PLACE}@{runs}"}
        if number >= ready:
            said["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
        put("Pod", f"users-api-1-{number}", owner, spec=spec, status={"containerStatuses": [said]})


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.now, self.slept, self._meanwhile = 0.0, 0, meanwhile

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += 1
        self._meanwhile()


def wait(server: KubernetesServer | None, folder: Path, clock: Clock | None = None, name: str = "users-api") -> None:
    clock = clock or Clock()
    outputs = {"kubeconfig": server.kubeconfig} if server else {}
    means = Means(
        outputs=lambda stack: outputs,
        reach=lambda stack: nullcontext({}),
        sleep=clock.sleep,
        clock=lambda: clock.now,
        folder=folder,
    )
    run("staging", name, minutes=1, means=means)


def reason(capsys: Said, *given: Any, code: int = 1, **more: Any) -> list[str]:
    with pytest.raises(Exit) as ended:
        wait(*given, **more)
    assert ended.value.exit_code == code
    return [line for line in capsys.readouterr().err.splitlines() if not line.startswith("  waiting")]


def test_it_ends_at_once_when_the_cluster_runs_the_digest(server: KubernetesServer, folder: Path, capsys: Said):
    deployed(server)
    clock = Clock()
    wait(server, folder, clock)
    assert clock.slept == 0
    assert capsys.readouterr().out == f"staging: users-api is {WANTED}, 2 pods run it\n"


def test_it_waits_until_the_last_pod_is_ready(server: KubernetesServer, folder: Path, capsys: Said):
    deployed(server, status={"readyReplicas": 1, "availableReplicas": 1})
    clock = Clock(lambda: deployed(server))
    wait(server, folder, clock)
    assert clock.slept == 1
    assert "  waiting for users-api: of 2 pods 2 updated, 1 ready, 1 available, and 0 old" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"observedGeneration": 0}, "its Deployment has not been looked at since it changed"),
        ({"updatedReplicas": 1}, "of 2 pods 1 updated, 2 ready, 2 available, and 1 old ones are left"),
        ({"replicas": 3}, "of 2 pods 2 updated, 2 ready, 2 available, and 1 old ones are left"),
    ],
)
def test_it_is_not_there_before_kubernetes_says_so(
    server: KubernetesServer, folder: Path, capsys: Said, status: dict[str, int], said: str
):
    deployed(server, status=status)
    assert reason(capsys, server, folder)[0] == f"staging: users-api does not run {WANTED}: {said}"


def test_pods_of_another_digest_are_not_it(server: KubernetesServer, folder: Path, capsys: Said):
    deployed(server, runs=OLD)
    assert reason(capsys, server, folder)[0] == f"staging: users-api does not run {WANTED}: its pods run {OLD}"


def test_the_pods_tell_why_and_the_way_on_is_told(server: KubernetesServer, folder: Path, capsys: Said):
    deployed(server, status={"readyReplicas": 1, "availableReplicas": 1})
    lines = reason(capsys, server, folder)
    assert "  users-api-1-1: CrashLoopBackOff" in lines
    assert lines[-1] == (
        "No image ran before it: correct images.users-api of versions/staging.yaml, then `make up STACK=staging`"
    )


def test_an_image_that_nobody_has_deployed_is_told(server: KubernetesServer, folder: Path, capsys: Said):
    deployed(server, image=f"{PLACE}:1.1.0")
    assert reason(capsys, server, folder) == [
        f"staging: users-api does not run {WANTED}: its Deployment asks for {PLACE}:1.1.0: `make up STACK=staging` "
        "rolls it out"
    ]


def test_a_cluster_without_the_application_is_told(server: KubernetesServer, folder: Path, capsys: Said):
    assert reason(capsys, server, folder) == [
        f"staging: users-api does not run {WANTED}: there is no Deployment users-api/users-api: `make up "
        "STACK=staging` rolls it out"
    ]


def test_a_cluster_that_does_not_tell_is_asked_again(server: KubernetesServer, folder: Path, capsys: Said):
    deployed(server)
    server.fail("GET", "/deployments", 503)
    wait(server, folder, Clock(server.mend))
    assert "2 pods run it" in capsys.readouterr().out


def test_a_cluster_that_never_tells_is_told(server: KubernetesServer, folder: Path, capsys: Said):
    server.fail("GET", "/deployments", 403)
    (line,) = reason(capsys, server, folder)
    assert "the cluster's API does not tell (GET /apis/apps/v1/deployments: 403 the test refuses" in line
    assert line.endswith("`make rollout STACK=staging NAME=users-api` asks again")


def test_the_wait_is_bounded(server: KubernetesServer, folder: Path, capsys: Said):
    deployed(server, runs=OLD)
    clock = Clock()
    reason(capsys, server, folder, clock)
    assert clock.now <= 60


def test_names_are_checked_before_anybody_is_asked(folder: Path, capsys: Said):
    assert reason(capsys, None, folder, name="api", code=2)[0].startswith("NAME: unknown key")
    assert reason(capsys, None, folder, name="f1-vote", code=2) == [
        "NAME: staging has no f1-vote in Pulumi.staging.yaml"
    ]
    assert reason(capsys, None, folder) == ["staging: has no cluster yet: `make up STACK=staging` first"]
