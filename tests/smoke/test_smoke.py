"""The smoke test after an update: what is asked, how often, and what is said."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from settings import parse, read_stack_file
from tests.kubernetes_server import KubernetesServer, kubernetes_server
from tests.stack_examples import ROOT, everything
from tools import cluster_api, smoke
from tools.smoke import Means, run
from tools.smoke_tests.endpoints import NOWHERE, Endpoint, endpoints
from tools.smoke_tests.finding import Finding

OUTPUTS = {
    "site_url": "https://www.staging.devu42.fr",
    "api_url": "https://api.staging.devu42.fr/",
    "frontend_url": "https://front.devu42.fr",
    "vaultwarden_url": "https://vault.devu42.fr",
    "f1_vote_url": "https://vote.devu42.fr",
}
STAGING = parse(read_stack_file(ROOT / "Pulumi.staging.yaml"))


def good(endpoint: Endpoint) -> Finding:
    return Finding(f"GET {endpoint.url}", good=True, said=str(endpoint.statuses[0]))


def certified(endpoint: Endpoint) -> Finding:
    return Finding(f"certificate of {endpoint.url}", good=True, said="valid")


def near(stack: str) -> AbstractContextManager[Mapping[str, str]]:
    return nullcontext({})


def means(outputs: Mapping[str, Any] = OUTPUTS, **more: Any) -> Means:
    clock = iter(range(0, 10_000, 15))
    made = Means(
        outputs=lambda _: outputs,
        page=good,
        certificate=certified,
        reach=near,
        sleep=lambda _: None,
        clock=lambda: float(next(clock)),
    )
    return replace(made, **more)


def test_every_part_of_a_stack_is_asked() -> None:
    found = endpoints(parse(everything()), OUTPUTS)
    assert {each.url for each in found} >= {
        "https://www.staging.devu42.fr/",
        f"https://www.staging.devu42.fr{NOWHERE}",
        "https://api.staging.devu42.fr/api/v1/utils/health-check/",
        "https://vault.devu42.fr/alive",
    }
    assert {each.statuses for each in found if each.url.endswith(NOWHERE)} == {(404,)}


def test_the_certificates_of_a_staging_issuer_need_not_be_trusted_but_that_of_the_site_must() -> None:
    trusted = {each.url: each.trusted for each in endpoints(STAGING, OUTPUTS)}
    assert trusted["https://www.staging.devu42.fr/"]
    assert not trusted["https://api.staging.devu42.fr/api/v1/utils/health-check/"]


def test_what_is_not_deployed_is_not_asked() -> None:
    assert endpoints(STAGING, {}) == []


def test_a_stack_that_is_well_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("staging", minutes=0, as_json=False, means=means())
    said = capsys.readouterr().out
    assert "staging: is well" in said
    assert said.count("certificate of https://api.staging.devu42.fr") == 1


def test_it_asks_again_until_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter([False, False, True, True, True, True, True])

    def slow(endpoint: Endpoint) -> Finding:
        return Finding("GET", good=next(answers) or "api" not in endpoint.url, said="503")

    assert run("staging", minutes=10, as_json=False, means=means({"api_url": OUTPUTS["api_url"]}, page=slow))
    assert "is well" in capsys.readouterr().out


def test_it_gives_up_when_the_time_is_over_and_says_what_is_bad(capsys: pytest.CaptureFixture[str]) -> None:
    def dead(endpoint: Endpoint) -> Finding:
        return Finding(f"GET {endpoint.url}", good=False, said="503, expected 200")

    assert not run("staging", minutes=1, as_json=False, means=means(page=dead))
    said = capsys.readouterr().out
    assert "BAD  GET https://www.staging.devu42.fr/: 503, expected 200" in said
    assert "3 of 5 are bad, the update is not good yet" in said


def test_a_stack_without_anything_to_ask_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        run("staging", minutes=0, as_json=False, means=means({}))
    assert ended.value.exit_code == 1
    assert "has nothing that answers: `make up STACK=staging` first" in capsys.readouterr().err


def test_a_stack_that_has_no_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        run("nobody", minutes=0, as_json=False, means=means(folder=tmp_path))
    assert ended.value.exit_code == 2
    assert "Pulumi.nobody.yaml: no such file" in capsys.readouterr().err


def test_programs_read_json(capsys: pytest.CaptureFixture[str]) -> None:
    run("staging", minutes=0, as_json=True, means=means({"api_url": OUTPUTS["api_url"]}))
    printed = json.loads(capsys.readouterr().out)
    assert [each["good"] for each in printed["findings"]] == [True, True]


def pod(name: str, **status: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "users-api"}, "status": status}


READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
CRASHING = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
    "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
}


def found_of(server: KubernetesServer) -> Finding:
    return smoke.pods(cluster_api.connect(server.kubeconfig))


def test_pods_that_are_ready_or_done_are_well() -> None:
    with kubernetes_server() as server:
        server.put(pod("api", **READY))
        server.put(pod("migration", phase="Succeeded"))
        assert found_of(server) == Finding("pods", good=True, said="all 1 are ready")


def test_a_pod_that_crashes_is_named_with_kubernetes_own_reason() -> None:
    with kubernetes_server() as server:
        server.put(pod("api", **READY))
        server.put(pod("worker", **CRASHING))
        server.put(pod("late", phase="Pending"))
        found = found_of(server)
    assert not found.good
    assert found.said == "2 of 3 are not ready: users-api/late (Pending), users-api/worker (CrashLoopBackOff)"


def test_a_cluster_without_pods_is_not_well() -> None:
    with kubernetes_server() as server:
        assert found_of(server) == Finding("pods", good=False, said="there are none")


def test_a_cluster_that_does_not_answer_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with kubernetes_server() as server:
        kubeconfig = server.kubeconfig
    outputs = {"api_url": OUTPUTS["api_url"], "kubeconfig": kubeconfig}
    assert not run("staging", minutes=0, as_json=False, means=means(outputs))
    assert "BAD  pods: the cluster's API does not tell (" in capsys.readouterr().out
