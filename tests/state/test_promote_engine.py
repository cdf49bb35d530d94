"""A promotion from a stack that the real engine brought up on the simulated cloud, its state in a bucket of S3."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer import Exit

from components.versions import CHARTS
from rehearsal.engine import find
from rehearsal.session import environment, running_cloud
from rehearsal.workspace import Workspace, open_workspace
from rehearsal.world import World
from settings import Versions, read_stack, read_versions
from tests.rehearsal.checkouts import Checkout, Config, copy_project
from tests.state.cloud import PROVIDER, Place, serving, state_bucket
from tools.promote import MESSAGE, Means, holders, run
from tools.promotion.source import Source, Unfit
from tools.pulumi_cli import Program
from tools.setup import SetupError

DIGEST = "sha256:" + "d" * 64
FRONT = f"registry.gitlab.com/devu42/front:1.4.2@{DIGEST}"
KEPT = ("aws:region", "socle:owner", "socle:network", "socle:cluster", "socle:ingress", "socle:dns")


def few(config: Config) -> None:
    """A cluster with certificates and one application, whose image has its digest."""
    for key in set(config) - {*KEPT, "socle:certificates"}:
        del config[key]
    config["socle:cluster"]["kind"] = "eks"
    config["socle:web_frontend"] = {"image": FRONT, "host": "app.devu42.fr"}


def fewer(config: Config) -> None:
    """The same with an older image, and with what staging does not have."""
    few(config)
    config["socle:web_frontend"]["image"] = "registry.gitlab.com/devu42/front:1.3.0"
    config["socle:autoscaling"] = {"scale_down_after_minutes": 10}


@dataclass(frozen=True)
class Stage:
    """Staging, up on the simulated cloud, and production beside it."""

    checkout: Checkout
    workspace: Workspace
    program: Program

    def must(self, *arguments: str) -> None:
        """Run the engine on staging, which has to succeed."""
        done = self.program([*arguments, "--stack", "staging", "--non-interactive"], False)
        assert done.code == 0, done.errors + done.output

    def promote(self) -> None:
        """Run `make promote FROM=staging TO=prod YES=1`."""
        means = Means(run=self.program, folder=self.checkout.folder, registry=_nobody)
        run("staging", "prod", yes=True, as_json=False, message=Path(MESSAGE), means=means)

    def versions(self, stack: str, text: str) -> None:
        """Write the file of versions of a stack."""
        file = self.checkout.folder / "versions" / f"{stack}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _nobody(image: str) -> Any:
    raise AssertionError(f"the registry of {image} has no part in this")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Staging up once for all tests, which leave it as it was."""
    try:
        found = find()
    except SetupError as reason:
        pytest.skip(str(reason))
    checkout = copy_project(tmp_path_factory.mktemp("promotion") / "socle")
    checkout.edit("staging", few)
    checkout.edit("prod", fewer)
    workspace = open_workspace("staging", folder=checkout.folder)
    with pytest.MonkeyPatch.context() as environ, serving(environ) as account, running_cloud(workspace) as cloud:
        backend = state_bucket(account)
        environ.setenv("PULUMI_BACKEND_URL", backend.url)
        variables = {**os.environ, **environment(workspace, found, cloud), "PULUMI_BACKEND_URL": backend.url}
        made = Stage(checkout, workspace, Program(workspace.folder, variables))
        made.must("stack", "init", "--secrets-provider", PROVIDER)
        made.must("up", "--yes", "--skip-preview")
        yield made


@pytest.fixture
def unpromoted(stage: Stage) -> Iterator[Stage]:
    """Both stacks without a file of versions."""
    files = [stage.checkout.folder / "versions" / f"{stack}.yaml" for stack in ("prod", "staging")]
    for file in files:
        file.unlink(missing_ok=True)
    yield stage
    for file in files:
        file.unlink(missing_ok=True)
    (stage.checkout.folder / MESSAGE).unlink(missing_ok=True)


def refusal(stage: Stage, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """How a promotion ends, and the last line that it says."""
    capsys.readouterr()
    with pytest.raises(Exit) as ended:
        stage.promote()
    assert not (stage.checkout.folder / "versions" / "prod.yaml").exists()
    return ended.value.exit_code, capsys.readouterr().err.splitlines()[-1]


def test_what_staging_runs_is_promoted_once_and_then_there_is_nothing_to_promote(
    unpromoted: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    charts = {name: CHARTS[name].version for name in ("cert-manager", "traefik")}
    folder = unpromoted.checkout.folder

    unpromoted.promote()

    assert read_versions("prod", folder) == Versions(charts, {}, {"web-frontend": FRONT})
    assert read_stack("prod", folder).versions.images == {"web-frontend": FRONT}
    message = (folder / MESSAGE).read_text(encoding="utf-8")
    assert message.startswith("chore(prod): promote web-frontend 1.4.2 from staging\n\nChanged:\n")
    assert "prod also has cluster-autoscaler, which staging does not run" in capsys.readouterr().out
    text = (folder / "versions" / "prod.yaml").read_text(encoding="utf-8")

    unpromoted.promote()

    assert (folder / "versions" / "prod.yaml").read_text(encoding="utf-8") == text
    said = capsys.readouterr().out
    assert said.startswith("prod: is kept on all that staging runs, there is nothing to promote\n")


def test_a_staging_that_lacks_an_update_is_refused(unpromoted: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    unpromoted.versions("staging", "charts: {traefik: 40.0.0}\n")
    assert refusal(unpromoted, capsys) == (
        1,
        "staging: what exists is not what its files say (1 to update), for want of an update or by drift: see `pulumi "
        "preview --refresh --stack staging`, then `make up STACK=staging`",
    )


def test_a_staging_that_drifted_is_refused(unpromoted: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(unpromoted.workspace.world_file)
    (gone,) = (each for each in world.all() if each.urn.endswith("::cert-manager-letsencrypt-staging"))
    world.delete(gone.type, gone.id)
    try:
        code, said = refusal(unpromoted, capsys)
    finally:
        world.put(gone)
        world.close()
    assert code == 1
    assert said.startswith("staging: what exists is not what its files say (1 to create), for want of an update or by")


# Without a simulated cloud: what its state and its history say is enough to refuse


def resource(name: str) -> dict[str, Any]:
    return {
        "urn": f"urn:pulumi:staging::socle::random:index/randomPet:RandomPet::{name}",
        "custom": True,
        "id": name,
        "type": "random:index/randomPet:RandomPet",
    }


def settled(states: Place) -> str:
    """When the last update of staging ended, or why nothing may be promoted from it."""
    program = Program(states.folder, {**os.environ, **states.environ})
    try:
        return Source("staging", program, holders).settled()
    except Unfit as reason:
        return str(reason)


def test_a_staging_that_was_never_up_is_refused(states: Place) -> None:
    states.init("staging")
    assert settled(states) == "staging: has no resources, so that it runs nothing yet: `make up STACK=staging`"


def test_a_staging_whose_last_update_failed_is_refused(states: Place) -> None:
    states.init("staging")
    states.load("staging", resource("pet"))
    # It would delete what no provider can be had for.
    assert states.pulumi("up", "--stack", "staging", "--yes", "--skip-preview").returncode
    told = settled(states)
    assert told.startswith("staging: its last update, update of 20")
    assert told.endswith("did not succeed: correct it, then `make up STACK=staging`")


def test_a_staging_whose_last_update_was_cut_off_is_refused(states: Place) -> None:
    states.init("staging")
    states.load("staging", resource("pet"))
    key = states.backend.state_key("staging")
    stored = states.objects.read(key)
    assert stored
    state = json.loads(stored.body)
    # `pulumi stack import` drops them.
    state["checkpoint"]["latest"]["pending_operations"] = [{"resource": resource("other"), "type": "creating"}]
    states.objects.write(key, json.dumps(state).encode())
    assert settled(states) == (
        "staging: its last update was cut off, 1 operations have no end: `make doctor STACK=staging` says what to type"
    )


def test_a_locked_staging_is_refused_and_its_holder_named(states: Place) -> None:
    states.init("staging")
    lock = {"pid": 42, "username": "ada", "hostname": "laptop", "timestamp": "2026-11-21T10:00:00.000000001Z"}
    states.objects.write(f"{states.backend.locks_prefix('staging')}an-id.json", json.dumps(lock).encode())
    told = settled(states)
    assert told.startswith("staging: is locked by ada@laptop (process 42) since 20")
    assert told.endswith("UTC: wait for the end of that, or see `make locks STACK=staging`")
