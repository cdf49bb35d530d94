"""The command that promotes: what it shows, asks and writes, and each sentence with which it refuses."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer import Exit

from components.versions import CHARTS
from settings import read_versions
from tests.kubernetes_server import kubernetes_server
from tests.stack_examples import ROOT
from tools import cluster_api
from tools.cluster_api import ClusterApi, ClusterSilent
from tools.promote import Means, confirm, run
from tools.promotion.digests import Found
from tools.pulumi_cli import Done
from tools.tunnel import Known

DIGEST = "sha256:" + "a" * 64
NAME = "registry.gitlab.com/devu42/api-utilisateurs"
ENDED = "2026-11-20T18:00:00.000Z"
MESSAGE = Path(".promotion-message")
PREVIEW = "preview --refresh --expect-no-changes --json"
EXPORT = "stack export"


def release(chart: str, version: str, **values: Any) -> dict[str, Any]:
    kind = "kubernetes:helm.sh/v3:Release"
    inputs = {"chart": chart, "version": version, "values": values}
    return {"urn": f"urn:pulumi:staging::socle::{kind}::{chart}", "type": kind, "inputs": inputs}


def api(image: str) -> dict[str, Any]:
    kinds = "socle:index:UsersApi$kubernetes:apps/v1:Deployment"
    inputs = {"spec": {"template": {"spec": {"containers": [{"name": "users-api", "image": image}]}}}}
    return {"urn": f"urn:pulumi:staging::socle::{kinds}::api", "type": kinds.split("$")[1], "inputs": inputs}


TRAEFIK, CERTIFICATES = "42.0.0", CHARTS["cert-manager"].version
UP = [
    release("traefik", TRAEFIK),
    release("oci://quay.io/jetstack/charts/cert-manager", CERTIFICATES),
    release("snapshot-controller", "9.9.9"),
    api(f"{NAME}:1.2.0@{DIGEST}"),
]


@dataclass
class Staging:
    """The engine, with a staging of which the tests say how it is, and what it was asked."""

    resources: list[dict[str, Any]] = field(default_factory=lambda: list(UP))
    history: list[dict[str, Any]] = field(
        default_factory=lambda: [{"kind": "update", "result": "succeeded", "endTime": ENDED}]
    )
    answers: dict[str, Done] = field(default_factory=dict[str, Done])
    """What commands answer otherwise."""
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    revealed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Resources with their secrets in plain text."""
    asked: list[str] = field(default_factory=list[str])
    after_preview: Callable[[], object] = lambda: None

    def __call__(self, arguments: Sequence[str], shown: bool, variables: Mapping[str, str]) -> Done:
        assert not shown
        assert list(arguments[-3:]) == ["--stack", "staging", "--non-interactive"]
        command = " ".join(arguments[:-3])
        self.asked.append(command)
        if command in self.answers:
            return self.answers[command]
        if command.startswith(EXPORT):
            found = self.revealed if "--show-secrets" in command else self.resources
            return Done(0, json.dumps({"version": 3, "deployment": {"resources": found}}))
        if command.startswith("stack output"):
            return Done(0, json.dumps(self.outputs))
        if command.startswith("stack history"):
            return Done(0, json.dumps(self.history))
        assert command == PREVIEW
        self.after_preview()
        return Done(0, json.dumps({"changeSummary": {"same": 4}}))


@dataclass
class Office:
    """A checkout with its two stacks, where somebody promotes."""

    folder: Path
    staging: Staging = field(default_factory=Staging)
    holders: list[str] = field(default_factory=list[str])
    registry: Found = field(default_factory=lambda: Found(reason="the registry is not asked in tests"))
    answer: bool = True
    questions: list[str] = field(default_factory=list[str])
    connect: Callable[[str], ClusterApi] = cluster_api.connect

    def _confirm(self, question: str) -> bool:
        self.questions.append(question)
        return self.answer

    def promote(
        self, source: str = "staging", target: str = "prod", *, yes: bool = False, as_json: bool = False
    ) -> None:
        means = Means(
            run=self.staging,
            holders=lambda stack: self.holders,
            ask=lambda stack: Known(None, ""),
            connect=self.connect,
            registry=lambda image: self.registry,
            confirm=self._confirm,
            folder=self.folder,
        )
        run(source, target, yes=yes, as_json=as_json, message=MESSAGE, means=means)

    @property
    def file(self) -> Path:
        return self.folder / "versions" / "prod.yaml"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("COLUMNS", "300")
    for name in ("Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    return Office(tmp_path)


def refusal(office: Office, capsys: pytest.CaptureFixture[str], *stacks: str, yes: bool = True) -> tuple[int, str]:
    """How a promotion ends, and the last line that it says; it writes nothing."""
    before = office.file.read_text(encoding="utf-8") if office.file.exists() else None
    with pytest.raises(Exit) as ended:
        office.promote(*stacks, yes=yes)
    assert (office.file.read_text(encoding="utf-8") if office.file.exists() else None) == before
    assert not (office.folder / MESSAGE).exists()
    return ended.value.exit_code, capsys.readouterr().err.splitlines()[-1]


# What it does


def test_it_shows_asks_and_writes_the_file_and_the_message(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.promote()
    assert office.questions == ["Keep prod on these?"]
    found = read_versions("prod", office.folder)
    assert found.charts == {"cert-manager": CERTIFICATES, "traefik": TRAEFIK}
    assert found.images == {"users-api": f"{NAME}:1.2.0@{DIGEST}"}
    message = (office.folder / MESSAGE).read_text(encoding="utf-8")
    assert message == (
        "chore(prod): promote traefik 42.0.0, users-api 1.2.0 from staging\n\n"
        "Changed:\n"
        f"- traefik chart {CHARTS['traefik'].version} -> 42.0.0, a major version, read {CHARTS['traefik'].source}\n"
        f"- users-api {NAME}:1.1.0 -> {NAME}:1.2.0@{DIGEST}\n\n"
        "Pinned as they are:\n"
        f"- cert-manager chart {CERTIFICATES}\n\n"
        f"staging ran this without changes or drift; its last update ended at {ENDED}.\n"
    )
    said = capsys.readouterr().out
    rows = {line.split("  ")[0]: line for line in said.splitlines()}
    assert rows["traefik chart"].split() == f"traefik chart {CHARTS['traefik'].version} 42.0.0 a major version".split()
    assert f"Read before: {CHARTS['traefik'].source} (traefik chart).\n" in said
    assert rows["cert-manager chart"].rstrip().endswith("pinned as it is")
    assert "  git add versions/prod.yaml && git commit --file .promotion-message\n" in said
    assert said.endswith(message)


def test_a_second_time_there_is_nothing_to_promote_and_nobody_is_asked(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.promote(yes=True)
    (office.folder / MESSAGE).unlink()
    capsys.readouterr()
    office.promote()
    assert office.questions == []
    assert not (office.folder / MESSAGE).exists()
    assert capsys.readouterr().out.startswith("prod: is kept on all that staging runs, there is nothing to promote\n")


def test_comments_of_the_file_and_what_staging_does_not_run_stay(office: Office) -> None:
    office.file.parent.mkdir()
    office.file.write_text("# ours\ncharts:\n  velero: 12.0.0  # until May\n", encoding="utf-8")
    office.promote(yes=True)
    text = office.file.read_text(encoding="utf-8")
    assert text.startswith("# ours\ncharts:\n")
    assert "  velero: 12.0.0  # until May\n" in text


def test_who_says_no_changes_nothing(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.answer = False
    assert refusal(office, capsys, yes=False) == (2, "prod: nothing was changed")


def test_programs_get_the_difference_and_write_only_when_told(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.promote(as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["from"], told["to"], told["written"], office.file.exists()) == ("staging", "prod", False, False)
    assert {row["name"]: row["changed"] for row in told["rows"]} == {
        "traefik": True,
        "cert-manager": False,
        "users-api": True,
    }
    assert told["message"].startswith("chore(prod): promote traefik 42.0.0, users-api 1.2.0 from staging\n")
    office.promote(as_json=True, yes=True)
    assert json.loads(capsys.readouterr().out)["written"]
    assert office.file.exists()
    office.promote(as_json=True, yes=True)
    assert json.loads(capsys.readouterr().out)["message"] is None


def test_a_list_that_the_engine_encrypts_is_read_in_plain_text_and_never_shown(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    containers = [{"name": "users-api", "image": f"{NAME}:1.2.0@{DIGEST}", "env": "hunter2"}]
    spec = {"template": {"spec": {"containers": {**mark, "ciphertext": "v1:x"}}}}
    open_ = {"template": {"spec": {"containers": {**mark, "plaintext": json.dumps(containers)}}}}
    office.staging.resources = [*UP[:-1], {**api("x"), "inputs": {"spec": spec}}]
    office.staging.revealed = [*UP[:-1], {**api("x"), "inputs": {"spec": open_}}]
    office.promote(yes=True)
    assert read_versions("prod", office.folder).images == {"users-api": f"{NAME}:1.2.0@{DIGEST}"}
    assert "hunter2" not in capsys.readouterr().out


# Digests


def test_a_tag_gets_the_digest_that_the_pods_run(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.staging.resources = [api(f"{NAME}:1.2.0")]
    with kubernetes_server() as server:
        office.staging.outputs = {"kubeconfig": server.kubeconfig}
        server.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "one", "namespace": "users-api"},
                "spec": {"containers": [{"name": "users-api", "image": f"{NAME}:1.2.0"}]},
                "status": {"containerStatuses": [{"name": "users-api", "imageID": f"{NAME}@{DIGEST}"}]},
            }
        )
        office.promote(yes=True)
    assert read_versions("prod", office.folder).images == {"users-api": f"{NAME}:1.2.0@{DIGEST}"}
    assert "digest as its pods run it" in capsys.readouterr().out


def test_a_tag_gets_the_digest_of_the_registry_where_no_cluster_is_asked(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.staging.resources = [api(f"{NAME}:1.2.0")]
    office.registry = Found(DIGEST, "as registry.gitlab.com says today")
    office.promote(yes=True)
    assert read_versions("prod", office.folder).images == {"users-api": f"{NAME}:1.2.0@{DIGEST}"}
    assert "digest as registry.gitlab.com says today" in capsys.readouterr().out


def test_a_tag_whose_digest_nobody_knows_is_refused_with_the_way_to_pin_it(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent(kubeconfig: str) -> ClusterApi:
        raise ClusterSilent(f"{len(kubeconfig)} characters lead nowhere")

    office.staging.resources = [api(f"{NAME}:1.2.0")]
    office.staging.outputs = {"kubeconfig": "{}"}
    office.connect = silent
    office.registry = Found(reason="the registry registry.gitlab.com does not tell strangers (401)")
    assert refusal(office, capsys) == (
        1,
        f"staging: users-api runs {NAME}:1.2.0, a tag that another image may get, and its digest is not known "
        "(the cluster does not say (2 characters lead nowhere); the registry registry.gitlab.com does not tell "
        f"strangers (401)): in versions/staging.yaml set images.users-api to {NAME}:1.2.0@sha256:… with the digest "
        "that its pipeline printed, then `make up STACK=staging`",
    )


# What it refuses


def test_a_staging_with_changes_is_refused_with_their_number(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = {"changeSummary": {"same": 100, "update": 2, "create": 1, "refresh": 3}}
    office.staging.answers[PREVIEW] = Done(7, json.dumps(summary), "error: no changes were expected")
    assert refusal(office, capsys) == (
        1,
        "staging: what exists is not what its files say (1 to create, 2 to update), for want of an update or by drift: "
        "see `pulumi preview --refresh --stack staging`, then `make up STACK=staging`",
    )


def test_a_comparison_that_fails_is_told_with_what_the_engine_said(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"diagnostics": [{"message": "error: no credentials\n", "severity": "error"}], "config": {"k": "hunter2"}}
    office.staging.answers[PREVIEW] = Done(255, json.dumps(said), "")
    code, told = refusal(office, capsys)
    assert code == 1
    assert told == (
        f"staging: `pulumi {PREVIEW}` failed (no credentials): correct that, `make preview STACK=staging` shows it "
        "too, then try again"
    )


def test_a_staging_that_changes_meanwhile_is_refused(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.staging.after_preview = office.staging.resources.pop
    assert refusal(office, capsys) == (
        1,
        "staging: was changed while it was compared: try again once that has ended",
    )


def test_a_locked_staging_is_refused_before_it_is_compared(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.holders = ["ada@laptop (process 42) since 2026-11-21 10:00 UTC"]
    assert refusal(office, capsys) == (
        1,
        "staging: is locked by ada@laptop (process 42) since 2026-11-21 10:00 UTC: wait for the end of that, or see "
        "`make locks STACK=staging`",
    )
    assert office.staging.asked == []


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        ([], "staging: was never updated: `make up STACK=staging`"),
        (
            [{"kind": "update", "result": "failed", "endTime": ENDED}],
            f"staging: its last update, update of {ENDED}, did not succeed: correct it, then `make up STACK=staging`",
        ),
    ],
    ids=["none", "failed"],
)
def test_a_staging_whose_last_update_is_not_green_is_refused(
    history: list[dict[str, Any]], sentence: str, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.staging.history = history
    assert refusal(office, capsys) == (1, sentence)
    assert PREVIEW not in office.staging.asked


@pytest.mark.parametrize(
    ("stacks", "sentence"),
    [
        (("staging", "staging"), 'promote: expected two stacks, got "staging" twice'),
        (("stagin", "prod"), 'Pulumi.stagin.yaml: no such file, stacks that have one: "prod", "staging"'),
        (("staging", "prd"), 'Pulumi.prd.yaml: no such file, stacks that have one: "prod", "staging"'),
    ],
)
def test_two_stacks_that_exist_are_asked_for(
    stacks: tuple[str, str], sentence: str, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(office, capsys, *stacks) == (2, sentence)


def test_a_file_of_versions_that_is_wrong_is_refused(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.file.parent.mkdir()
    office.file.write_text("charts: {traefk: 1.0.0}\n", encoding="utf-8")
    assert refusal(office, capsys) == (2, 'versions/prod.yaml: charts.traefk: unknown key, did you mean "traefik"?')


def test_without_a_terminal_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(Exit) as ended:
        confirm("Keep prod on these?")
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "Keep prod on these? Nobody is there to answer: type it with YES=1\n"
