"""What is read of Checkov's words, and once Checkov itself on planted files."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checking.stand_in import checkov, failed, report
from tools.checking import environment, scan
from tools.checking.pipelines import FRAMEWORKS, copied
from tools.checking.scan import Broken, ScanFailed
from tools.setup import ROOT, SetupError

KUBERNETES = ("kubernetes",)


def pod(name: str, **context: Any) -> dict[str, Any]:
    container = {"name": name, "image": "nginx:1", "securityContext": context}
    metadata = {"name": name, "namespace": "web"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def test_checkov_itself_finds_what_is_planted_in_a_manifest_and_in_pipelines(tmp_path: Path) -> None:
    try:
        command = environment.ready()
    except SetupError as reason:
        pytest.skip(str(reason))
    names = copied(ROOT, tmp_path)
    for file, privileged in (("good.yaml", False), ("bad.yaml", True)):
        (tmp_path / file).write_text(yaml.safe_dump(pod(file[:-5], privileged=privileged)), encoding="utf-8")
        names[file] = f"kubernetes:core/v1:Pod {file[:-5]}"
    shell = {"jobs": {"x": {"runs-on": "y", "steps": [{"run": "echo ${{ github.event.issue.title }}"}]}}, "on": "push"}
    (tmp_path / ".github/workflows/planted.yml").write_text(yaml.safe_dump(shell), encoding="utf-8")

    found = scan.scan(command, tmp_path, ("kubernetes", *FRAMEWORKS), names)

    privileged = {each for each in found.broken if each.check == "CKV_K8S_16"}
    assert [(each.resource, each.advice) for each in privileged] == [
        ("kubernetes:core/v1:Pod bad", "Container should not be privileged")
    ]
    assert privileged.pop().link.startswith("https://")
    assert any(each.check == "CKV_GHA_2" and "planted.yml" in each.resource for each in found.broken)
    assert not any(each.check.startswith("CKV_GITLABCI") for each in found.broken)


def test_a_broken_check_has_its_resource_what_to_do_and_where_to_read_on(tmp_path: Path) -> None:
    pipeline = failed("CKV_GITLABCI_1", ".gitlab-ci.yml", "job.script", guideline="https://guide.example/1")
    graph = failed("CKV2_K8S_6", "001.yaml", check_class="checkov.common.graph.checks_infra.base_check")
    said = [report("kubernetes", failed("CKV_K8S_1", "001.yaml", "Pod.a.b"), graph), report("gitlab_ci", pipeline)]
    names = {"001.yaml": "kubernetes:core/v1:Pod b", ".gitlab-ci.yml": ".gitlab-ci.yml"}
    found = scan.scan(checkov(tmp_path, said), tmp_path, ("kubernetes", "gitlab_ci"), names)
    source = "https://github.com/bridgecrewio/checkov/blob/9.9.9/checkov/kubernetes/checks"
    assert found.passed == 2
    assert set(found.broken) == {
        Broken("CKV_K8S_1", "kubernetes:core/v1:Pod b", "Do better", f"{source}/resource/k8s/Better.py"),
        Broken("CKV2_K8S_6", "kubernetes:core/v1:Pod b", "Do better", f"{source}/graph_checks"),
        Broken("CKV_GITLABCI_1", ".gitlab-ci.yml job.script", "Do better", "https://guide.example/1"),
    }


def test_checkov_is_asked_without_network_and_without_our_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BC_API_KEY", "a key of its service")
    scan.scan(checkov(tmp_path, report("kubernetes")), tmp_path, KUBERNETES, {})
    asked = json.loads((tmp_path / "asked.json").read_text(encoding="utf-8"))
    assert "--skip-download" in asked["arguments"]
    assert "BC_API_KEY" not in asked["variables"]
    assert asked["variables"]["HOME"] != str(Path.home())


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        ("", 1, "Checkov failed with exit code 1 (it fell over)"),
        ("nothing to see", 0, "Checkov printed something else than JSON"),
        (report("github_actions"), 0, "Checkov could not read Pod b as kubernetes"),
        (report("kubernetes", passed=0), 0, "Checkov could not read Pod b as kubernetes"),
        (report("kubernetes", unread=1), 0, "Checkov could not read Pod b as kubernetes"),
    ],
)
def test_what_checkov_did_not_judge_is_no_success(tmp_path: Path, said: object, code: int, sentence: str) -> None:
    command = checkov(tmp_path, said, code=code, errors="first\nit fell over\n")
    with pytest.raises(ScanFailed) as raised:
        scan.scan(command, tmp_path, KUBERNETES, {"001.yaml": "Pod b"})
    assert str(raised.value) == sentence


def test_checkov_has_to_end_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_LONGEST", 0)
    with pytest.raises(ScanFailed, match="Checkov took longer than 0 seconds"):
        scan.scan(checkov(tmp_path, report("kubernetes")), tmp_path, KUBERNETES, {})
