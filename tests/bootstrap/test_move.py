"""The move of a state between two places, with secrets in it, by the real engine."""

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.engine import find
from tests.state.cloud import PRODUCTION, Account, Place, place, state_bucket
from tools.bootstrapping.engine_stack import LOCAL_PROVIDER, EngineStack, contents
from tools.bootstrapping.means import BootstrapRefused
from tools.bootstrapping.move import move
from tools.pulumi_cli import Program, resources
from tools.setup import SetupError

PLAIN = "hush-hush-hush"
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": f'"{PLAIN}"'}
URN = "urn:pulumi:team::socle-bootstrap::pulumi:pulumi:Stack::socle-bootstrap-team"
STACK = {
    "urn": URN,
    "type": "pulumi:pulumi:Stack",
    "custom": False,
    "outputs": {"token": _SECRET},
}


class Moving:
    """A project whose state is in two places in turn."""

    def __init__(self, made: Place, local: Path) -> None:
        self.place = made
        run = Program(made.folder, {**os.environ, **made.environ})
        file = made.folder / "Pulumi.team.yaml"
        self.local = EngineStack(run, file, f"file://{local}", "make bootstrap")
        self.bucket = EngineStack(run, file, made.backend.url, "make bootstrap")

    def bodies(self) -> list[bytes]:
        """All versions of all objects in the bucket."""
        objects = self.place.objects
        found = [objects.read(each.key, each.version) for each in objects.versions_under("") if not each.deleted]
        bodies = [each.body for each in found if each]
        return [gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body for body in bodies]


@pytest.fixture
def moving(tmp_path: Path, account: Account) -> Moving:
    """A local state with a secret, and an empty bucket."""
    try:
        find()
    except SetupError as reason:
        pytest.skip(str(reason))
    made = place(tmp_path / "project", account, state_bucket(account))
    (made.folder / "Pulumi.yaml").write_text("name: socle-bootstrap\nruntime: yaml\n", encoding="utf-8")
    (made.folder / "Pulumi.team.yaml").write_text("config:\n  aws:region: eu-west-3\n", encoding="utf-8")
    local = tmp_path / "local"
    local.mkdir()
    found = Moving(made, local)
    found.local.init(LOCAL_PROVIDER)
    export = found.local.export()
    export["deployment"]["resources"] = [STACK]
    found.local.load(export)
    return found


def test_a_secret_is_never_plain_in_the_bucket_and_comes_back(moving: Moving) -> None:
    before = contents(moving.local.export())
    move(moving.local, moving.bucket, PRODUCTION, begun=False)
    assert contents(moving.bucket.export()) == before
    assert moving.bucket.export()["deployment"]["secrets_providers"]["state"]["url"] == PRODUCTION
    with pytest.raises(BootstrapRefused, match="no stack named 'team' found"):
        moving.local.export()
    assert moving.bodies()
    assert not [body for body in moving.bodies() if PLAIN.encode() in body]

    move(moving.bucket, moving.local, LOCAL_PROVIDER, begun=False)
    assert contents(moving.local.export()) == before
    shown = moving.place.pulumi("stack", "export", "--stack", "team", "--show-secrets")
    assert shown.returncode != 0, "the bucket has it no more"
    here = {"PULUMI_BACKEND_URL": moving.local.address, "PULUMI_CONFIG_PASSPHRASE": ""}
    shown = replace(moving.place, environ={**moving.place.environ, **here}).must(
        "stack", "export", "--stack", "team", "--show-secrets"
    )
    assert PLAIN in shown


@pytest.mark.parametrize("point", ["sealed", "initialised", "imported"])
def test_a_move_that_was_interrupted_goes_on(moving: Moving, point: str) -> None:
    before = contents(moving.local.export())
    moving.local.seal(PRODUCTION)
    if point != "sealed":
        moving.bucket.init(PRODUCTION)
    if point == "imported":
        moving.bucket.load(moving.local.export())
    move(moving.local, moving.bucket, PRODUCTION, begun=point != "sealed")
    assert contents(moving.bucket.export()) == before


def test_a_file_that_names_the_new_key_while_the_state_has_the_old_is_sealed_again(moving: Moving) -> None:
    before = contents(moving.local.export())
    file = moving.place.folder / "Pulumi.team.yaml"
    kept = file.read_text("utf-8")
    moving.local.seal(PRODUCTION)
    sealed = file.read_text("utf-8")
    # The engine writes the file first, and may be killed before it has written the state.
    moving.local.seal(LOCAL_PROVIDER)
    assert file.read_text("utf-8") != kept
    file.write_text(sealed, encoding="utf-8")
    move(moving.local, moving.bucket, PRODUCTION, begun=False)
    assert contents(moving.bucket.export()) == before


def test_two_states_that_differ_are_both_kept(moving: Moving) -> None:
    moving.local.seal(PRODUCTION)
    moving.bucket.init(PRODUCTION)
    export = moving.local.export()
    export["deployment"]["resources"].append(
        {"urn": "urn:pulumi:team::socle-bootstrap::a:b:C::more", "type": "a:b:C", "custom": False, "inputs": {"x": 1}}
    )
    moving.bucket.load(export)
    with pytest.raises(BootstrapRefused) as refused:
        move(moving.local, moving.bucket, PRODUCTION, begun=True)
    assert f"in {moving.local.address} and in {moving.bucket.address}, and they differ in more" in str(refused.value)
    assert len(resources(moving.local.export())) == 1
    assert len(resources(moving.bucket.export())) == 2


def test_operations_that_were_under_way_are_forgotten_when_a_state_is_loaded(moving: Moving) -> None:
    export = moving.local.export()
    urn = "urn:pulumi:team::socle-bootstrap::a:b:C::half"
    pending = {"resource": {"urn": urn, "type": "a:b:C", "custom": True}, "type": "creating"}
    export["deployment"]["pending_operations"] = [pending]
    moving.local.load(export)
    assert not moving.local.export()["deployment"].get("pending_operations")
    assert contents(moving.local.export()).keys() == {URN}
