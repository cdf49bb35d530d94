"""The example pipelines of applications: what they are, when they build, and what their scripts do when they run."""

import fnmatch
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.applications.office import BRANCH, Office, git
from tests.applications.programs import Programs
from tests.stack_examples import ROOT
from tools.inform import run

EXAMPLES = ROOT / "examples" / "applications"
GITLAB = EXAMPLES / "gitlab" / ".gitlab-ci.yml"
GITHUB = EXAMPLES / "github" / ".github" / "workflows" / "application.yml"
BIN = ROOT / ".venv" / "bin"
DIGEST = "sha256:" + "d" * 64
SHA = "c0ffee" + "0" * 34


def read(path: Path) -> dict[str, Any]:
    """A pipeline; YAML 1.1 takes the key `on` for a truth value."""
    return {"on" if key is True else key: value for key, value in yaml.safe_load(path.read_text()).items()}


def steps(job: str) -> list[dict[str, Any]]:
    return [each for each in read(GITHUB)["jobs"][job]["steps"] if "run" in each]


# Their form


@pytest.mark.parametrize(
    ("path", "schema"), [(GITLAB, ["gitlab-ci", "--data-transform", "gitlab-ci"]), (GITHUB, ["github-workflows"])]
)
def test_an_example_has_the_form_that_its_forge_takes(path: Path, schema: list[str]):
    command = [BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema[0]}", *schema[1:], path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_workflow_has_none_of_the_known_weaknesses():
    command = [BIN / "zizmor", "--offline", "--persona=pedantic", "--quiet", "--no-config", GITHUB]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", [GITLAB, GITHUB])
def test_images_and_actions_are_pinned_by_digest(path: Path):
    named = re.findall(r"(?:uses|image|name|SCANNER): (\S*[/:]\S*@?\S*)", path.read_text())
    foreign = [each for each in named if not each.startswith(("ghcr.io/devu42", "http"))]
    assert len(foreign) >= 3
    assert [each for each in foreign if not re.search(r"@(?:sha256:[0-9a-f]{64}|[0-9a-f]{40})$", each)] == []


def test_only_the_push_may_write_and_only_the_last_job_has_a_secret():
    document = read(GITHUB)
    rights = {name: job["permissions"] for name, job in document["jobs"].items()}
    assert document["permissions"] == {}
    assert rights == {"build": {"contents": "read"}, "scan": {}, "push": {"packages": "write"}, "inform": {}}
    with_secrets = {name for name, job in document["jobs"].items() if "secrets." in yaml.safe_dump(job)}
    assert with_secrets == {"inform"}
    assert document["jobs"]["inform"]["environment"] == "inform"


# When they build


def gitlab_paths() -> list[str]:
    rules = read(GITLAB)[".on-change"]["rules"] + read(GITLAB)[".on-change-of-main"]["rules"]
    found = [rule["changes"]["paths"] for rule in rules]
    assert len(found) == 3
    assert all(each == found[0] for each in found)
    return found[0]


def github_paths() -> list[str]:
    events = read(GITHUB)["on"]
    assert set(events) == {"pull_request", "push"}
    assert events["push"]["branches"] == ["main"]
    assert events["push"]["paths"] == events["pull_request"]["paths"]
    return events["push"]["paths"]


def builds(patterns: list[str], changed: str) -> bool:
    """Whether a change builds; of both forges' patterns these examples use `**` at the end alone."""
    return any(
        changed.startswith(pattern.split("**")[0]) if "**" in pattern else fnmatch.fnmatchcase(changed, pattern)
        for pattern in patterns
    )


CHANGES = [
    *(("src/main.py", True), ("src/deep/in/it.py", True), ("Dockerfile", True), ("requirements.txt", True)),
    *((".dockerignore", True), ("README.md", False), ("docs/src/main.md", False), ("tests/test_main.py", False)),
    *(("sub/Dockerfile", False), (".github/dependabot.yml", False), ("srcs.txt", False)),
]


@pytest.mark.parametrize(("changed", "wanted"), CHANGES)
def test_only_a_change_of_the_application_builds(changed: str, wanted: bool):
    assert (builds(gitlab_paths(), changed), builds(github_paths(), changed)) == (wanted, wanted)


def test_a_change_of_the_pipeline_builds_too_and_both_watch_the_same():
    assert set(gitlab_paths()) - {".gitlab-ci.yml"} == {
        each.replace("src/**", "src/**/*") for each in github_paths()
    } - {".github/workflows/application.yml"}
    assert ".gitlab-ci.yml" in gitlab_paths()
    assert ".github/workflows/application.yml" in github_paths()


def test_merge_requests_build_and_scan_and_push_nothing():
    document = read(GITLAB)
    kinds = {job: document[job]["extends"] for job in ("build", "scan", "push", "inform")}
    assert kinds == {
        "build": [".docker", ".on-change"],
        "scan": ".on-change",
        "push": [".docker", ".on-change-of-main"],
        "inform": ".on-change-of-main",
    }
    assert all("merge_request" not in rule["if"] for rule in document[".on-change-of-main"]["rules"])
    jobs = read(GITHUB)["jobs"]
    assert {name: (job.get("needs"), job.get("if")) for name, job in jobs.items()} == {
        "build": (None, None),
        "scan": ("build", None),
        "push": ("scan", "github.event_name == 'push'"),
        "inform": ("push", None),
    }


# What their scripts do


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path / "programs", tmp_path / "application", DIGEST)


def on_gitlab(programs: Programs, job: str, **more: str) -> None:
    environ = {
        **{"CI_REGISTRY_IMAGE": "registry.gitlab.com/devu42/api-utilisateurs", "CI_COMMIT_SHA": SHA},
        **{"CI_REGISTRY": "registry.gitlab.com", "CI_REGISTRY_USER": "bot", "CI_REGISTRY_PASSWORD": "hush"},
        **{"CI_PROJECT_URL": "https://gitlab.com/devu42/api-utilisateurs", **more},
    }
    document = read(GITLAB)
    place = re.sub(r"\$(\w+)", lambda found: environ[found[1]], document["variables"]["PLACE"])
    programs.execute("set -eu\n" + "\n".join(document[job]["script"]), {**environ, "PLACE": place})


def on_github(programs: Programs, job: str, **more: str) -> None:
    environ = {
        **{"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "devu42/users-api", "GITHUB_SHA": SHA},
        **{"GITHUB_TOKEN": "hush", "GITHUB_ACTOR": "marie", "GITHUB_RUN_ID": "900", "GITHUB_RUN_NUMBER": "41"},
        **{"GITHUB_OUTPUT": str(programs.folder / "output"), **more},
    }
    place = read(GITHUB)["env"]["PLACE"].replace("${{ github.sha }}", SHA)
    for step in steps(job):
        own = {key: value for key, value in step.get("env", {}).items() if "${{" not in value}
        programs.execute(f"set -eo pipefail\n{step['run']}", {**environ, **own, "PLACE": place})


@pytest.mark.parametrize(("kind", "execute"), [("gitlab", on_gitlab), ("github", on_github)])
def test_an_image_is_built_scanned_as_a_file_and_pushed_by_its_commit(programs: Programs, kind: str, execute: Any):
    for job in ("build", "scan", "push"):
        execute(programs, job)
    place = {"gitlab": "registry.gitlab.com/devu42/api-utilisateurs", "github": "ghcr.io/devu42/users-api"}[kind]
    did = programs.lines()
    build, save, scan, login, load, push, digest = did
    assert build[:4] == ["docker", "build", "--pull", "--provenance=false"]
    assert f"org.opencontainers.image.revision={SHA}" in build
    assert build[-1] == "."
    assert build[build.index("--tag") + 1] == f"{place}:{SHA}"
    assert save == ["docker", "save", "--output", "image.tar", f"{place}:{SHA}"]
    assert {"--exit-code", "1", "--severity", "HIGH,CRITICAL", "--ignore-unfixed"} <= set(scan)
    assert scan[scan.index("--input") + 1].endswith("image.tar")
    assert "docker.sock" not in " ".join(scan)
    assert login[:2] == ["docker", "login"]
    assert "--password-stdin" in login
    assert "hush" not in [word for line in did for word in line]
    assert programs.given() == "hush"
    assert load == ["docker", "load", "--input", "image.tar"]
    assert push == ["docker", "push", f"{place}:{SHA}"]
    assert digest[:4] == ["docker", "buildx", "imagetools", "inspect"]
    written = (programs.folder / ("pushed.env" if kind == "gitlab" else "output")).read_text()
    assert written == f"{'PUSHED_IMAGE' if kind == 'gitlab' else 'image'}={place}:{SHA}@{DIGEST}\n"


@pytest.mark.parametrize("execute", [on_gitlab, on_github])
def test_a_weakness_fails_the_scan(programs: Programs, execute: Any):
    programs.fail("trivy" if execute is on_gitlab else "docker run")
    with pytest.raises(subprocess.CalledProcessError):
        execute(programs, "scan")


@pytest.mark.parametrize("execute", [on_gitlab, on_github])
@pytest.mark.parametrize("fails", ["docker login", "docker push", "docker buildx"])
def test_nothing_is_told_of_an_image_that_was_not_pushed(programs: Programs, execute: Any, fails: str):
    programs.fail(fails)
    with pytest.raises(subprocess.CalledProcessError):
        execute(programs, "push")
    assert not (programs.folder / "pushed.env").exists()
    assert not (programs.folder / "output").exists()


def test_from_the_push_to_the_merge_request(office: Office, programs: Programs):
    """What an example's last job hands over is what the infrastructure's job takes."""
    if office.stage.kind == "gitlab":
        on_gitlab(programs, "push")
        pushed = dict(line.split("=", 1) for line in (programs.folder / "pushed.env").read_text().splitlines())
        known = {**pushed, "CI_PIPELINE_IID": "41", "CI_PIPELINE_URL": "https://gitlab.com/devu42/api/-/pipelines/9"}
        job = read(GITLAB)["inform"]
        assert job["trigger"]["strategy"] == "depend"
        told = {key: known[value[1:]] if value[0] == "$" else value for key, value in job["variables"].items()}
    else:
        place = "registry.gitlab.com/devu42/api-utilisateurs"
        on_github(programs, "inform", IMAGE=f"{place}:{SHA}@{DIGEST}")
        (line,) = programs.lines()
        assert line[:5] == ["gh", "api", "--method", "POST", "repos/devu42/infrastructure/dispatches"]
        assert "event_type=inform" in line
        fields = [re.fullmatch(r"client_payload\[(\w+)\]=(.*)", word) for word in line]
        told = {found[1].upper(): found[2] for found in fields if found}
    assert set(told) == {"STACK", "NAME", "IMAGE", "BUILD", "SOURCE"}
    run(told["STACK"], told["NAME"], told["IMAGE"], build=told["BUILD"], source=told["SOURCE"], means=office.means())
    assert f"{SHA}@{DIGEST}  # build 41 of https://git" in office.file(BRANCH)
    assert git(office.bare, "log", "-1", "--format=%s", BRANCH).strip() == "chore(staging): users-api c0ffee000000"
