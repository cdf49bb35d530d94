"""`make checkov`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from tests.checking.stand_in import checkov, failed, of_all, report
from tools.checking import environment, objects
from tools.checking.pipelines import FRAMEWORKS, copied
from tools.checkov import Means, run
from tools.permissions import mock_engine
from tools.setup import ROOT, SetupError

SKIPPED = "- {check: CKV_K8S_43, reason: a reason of some length}\n"
POD = {"metadata": {"namespace": "web"}, "kind": "Pod"}


@pytest.fixture
def means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Means]:
    """The command on a checkout with one stack of one pod, of which Checkov says what the caller wants."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / ".github" / "workflows", root / ".github" / "workflows")
    for name in (".gitlab-ci.yml", "Pulumi.yaml"):
        shutil.copy(ROOT / name, root)
    (root / "Pulumi.one.yaml").write_text("config:\n  aws:region: eu-west-3\n", encoding="utf-8")
    skipped = tmp_path / "skipped.yaml"
    skipped.write_text(SKIPPED, encoding="utf-8")

    def declared(raw: object, name: str) -> list[tuple[str, str, dict[str, Any]]]:
        return [("kubernetes:core/v1:Pod", "web", POD)]

    monkeypatch.setattr(mock_engine, "objects", declared)

    def made(*found: dict[str, Any]) -> Means:
        said = [*of_all(FRAMEWORKS), report("kubernetes", *found)]
        return Means(root, lambda: checkov(tmp_path, said), skipped)

    return made


def test_what_counts_is_told_with_stack_resource_and_link(
    means: Callable[..., Means], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    found = failed("CKV_K8S_16", "000.yaml", check_name="Container should not be privileged")
    assert run(["one"], as_json=False, means=means(found)) == 1
    printed = capsys.readouterr()
    rows = [line.split(maxsplit=2) for line in printed.out.splitlines()]
    assert ["one", "CKV_K8S_16", "kubernetes:core/v1:Pod web  Container should not be privileged"] in [
        [each.strip() for each in row] for row in rows
    ]
    assert "CKV_K8S_16: https://github.com/bridgecrewio/checkov/blob/9.9.9/checkov/" in printed.out
    assert "one: 1 checks passed, 1 failed, 0 skipped" in printed.err


def test_what_is_skipped_does_not_count(means: Callable[..., Means], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["one"], as_json=False, means=means(failed("CKV_K8S_43", "000.yaml"))) == 0
    assert "one: 1 checks passed, 0 failed, 1 skipped" in capsys.readouterr().out


def test_a_skip_that_no_stack_needs_is_reported(
    means: Callable[..., Means], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([], as_json=False, means=means()) == 0
    assert "skipped.yaml: nothing needs CKV_K8S_43 on * any more: take it out" in capsys.readouterr().out


def test_programs_get_the_same(means: Callable[..., Means], capsys: pytest.CaptureFixture[str]) -> None:
    found = (failed("CKV_K8S_16", "000.yaml"), failed("CKV_K8S_43", "000.yaml"))
    assert run([], as_json=True, means=means(*found)) == 1
    told = json.loads(capsys.readouterr().out)
    one = told["scans"]["one"]
    assert [each["check"] for each in one["failed"]] == ["CKV_K8S_16"]
    assert [(each["check"], each["reason"]) for each in one["skipped"]] == [("CKV_K8S_43", "a reason of some length")]
    assert (told["scans"]["pipelines"]["passed"], told["unused"]) == (2, [])


def test_a_stack_that_does_not_exist_is_named(means: Callable[..., Means], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        run(["nope"], as_json=False, means=means())
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "there is no stack nope: the stacks are one\n"


def test_a_wrong_list_of_skips_is_told(means: Callable[..., Means], capsys: pytest.CaptureFixture[str]) -> None:
    wrong = means()
    wrong.skipped.write_text("- check: CKV_K8S_43\n", encoding="utf-8")
    with pytest.raises(typer.Exit) as ended:
        run([], as_json=False, means=wrong)
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err.startswith("skipped.yaml: [0].reason: field required")


def test_a_scan_that_fails_is_told_with_the_command_to_try_again(
    means: Callable[..., Means], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    silent = Means(means().root, lambda: checkov(tmp_path, {}), means().skipped)
    with pytest.raises(typer.Exit) as ended:
        run([], as_json=False, means=silent)
    assert ended.value.exit_code == 1
    said = capsys.readouterr().err
    assert said.startswith("Checkov could not read ")
    assert said.endswith(": try again with `make checkov`\n")


def test_without_its_environment_one_sentence_says_so(
    means: Callable[..., Means], capsys: pytest.CaptureFixture[str]
) -> None:
    def offline() -> Path:
        raise SetupError("fetching the packages of Checkov failed, the package index does not answer")

    with pytest.raises(typer.Exit) as ended:
        run([], as_json=False, means=Means(means().root, offline, means().skipped))
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "fetching the packages of Checkov failed, the package index does not answer\n"


def test_an_environment_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("no-such-package-of-ours==1.0\n", encoding="utf-8")
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"Checkov: cannot write to .*: free 200 MB there, or name another folder"):
        environment.ready(wanted, tmp_path / "file")


def test_gitlab_s_references_are_replaced_for_checkov(tmp_path: Path) -> None:
    names = copied(ROOT, tmp_path)
    assert {".gitlab-ci.yml", ".github/workflows/merge-request.yml"} <= set(names)
    document = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    assert all(isinstance(line, str) for line in document[".site-with-credentials"]["before_script"])


def test_an_object_is_written_without_the_engine_s_wrapping() -> None:
    from pulumi.output import UNKNOWN  # noqa: PLC0415 (late, like its reader)

    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    inputs = {
        "spec": {**secret, "value": {"replicas": 2.0, "image": UNKNOWN, "env": [{"name": "PASSWORD", "value": "x"}]}}
    }
    assert objects.rendered("kubernetes:apps/v1:Deployment", "web", inputs) == {
        "spec": {
            "replicas": 2,
            "image": "(known after apply)",
            "env": [{"name": "PASSWORD", "value": "[masked]"}],
        },
        "metadata": {"name": "web"},
    }


def test_the_objects_of_a_stack_have_their_namespaces_and_charts_are_left_out(tmp_path: Path) -> None:
    from settings import read_stack_file  # noqa: PLC0415 (beside its use)

    names = objects.written("f1-vote", read_stack_file(ROOT / "Pulumi.f1-vote.yaml"), tmp_path)
    (file,) = (file for file, name in names.items() if name.startswith("kubernetes:apps/v1:Deployment "))
    assert yaml.safe_load((tmp_path / file).read_text(encoding="utf-8"))["metadata"]["namespace"] == "f1-vote"
    assert not any("helm.sh" in name for name in names.values())
    assert {path.name for path in tmp_path.iterdir()} == set(names)
