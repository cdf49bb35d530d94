"""The bootstrap with the real engine, from nothing to a state in the bucket that it has made."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.bootstrap.stage import ACCOUNT, BUCKET, Stage
from tools import bootstrap, bootstrap_destroy
from tools.bootstrapping.means import Means
from tools.state.backend import found_backend

STAGING = "awskms://alias/socle-staging?region=eu-west-3"
PROD = "awskms://alias/socle-prod?region=eu-west-3"
ROLES = {"preview", "preview-prod", "deploy-staging", "deploy-prod", "administrator", "developer"}
PATIENCE = 60
"""Seconds until a bootstrap that is to be killed has made something."""


def _by_urn(play: Stage) -> dict[str, Any]:
    return {each["urn"]: (each.get("id"), each.get("inputs")) for each in play.state()}


def _ends(play: Stage) -> None:
    """The end that every bootstrap comes to, however often it was interrupted."""
    in_state = {f"{each['type']} {each['urn'].rpartition('::')[2]}": each for each in play.state() if each.get("id")}
    exists = play.cloud()
    assert {name: each["id"] for name, each in in_state.items() if not name.startswith("pulumi:")} == exists
    assert {name.partition(" ")[2] for name in exists if name.startswith("aws:iam/role:")} == {
        f"{role}-role" for role in ROLES
    }
    assert in_state["aws:s3/bucket:Bucket state-bucket"]["protect"]
    kms = play.account.client("kms")
    keys = {each["KeyId"] for each in kms.list_keys()["Keys"]}
    assert keys == {exists["aws:kms/key:Key staging-key"], exists["aws:kms/key:Key prod-key"]}
    for stack, provider in (("staging", STAGING), ("prod", PROD)):
        file = play.yaml(f"Pulumi.{stack}.yaml")
        assert (file["secretsprovider"], file["config"]["socle:account_id"]) == (provider, ACCOUNT)
        assert play.objects.read(play.backend.state_key(stack)) is not None
    assert play.yaml("bootstrap/Pulumi.team.yaml")["secretsprovider"] == PROD
    for project in ("Pulumi.yaml", "bootstrap/Pulumi.yaml"):
        assert play.yaml(project)["backend"] == {"url": f"s3://{BUCKET}?region=eu-west-3"}
    assert found_backend({}, play.folder) == play.backend
    assert not (play.folder / ".bootstrap").exists()
    assert not [key for key in play.objects.keys("") if "/locks/" in key]


def test_from_nothing_to_a_state_in_its_own_bucket_and_again(play: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    before = {name: (play.folder / f"Pulumi.{name}.yaml").read_text("utf-8") for name in ("staging", "prod")}
    play.bootstrap()
    _ends(play)
    printed = capsys.readouterr().out
    for number, title in enumerate(("account", "resources", "state", "address", "stacks"), 1):
        assert f"{number}/5 {title}: " in printed
    assert f"arn:aws:iam::{ACCOUNT}:role/socle-preview-prod" in printed
    assert f"done. The states are in s3://{BUCKET}?region=eu-west-3" in printed
    # What people wrote stays as they wrote it, to the character.
    for name, text in before.items():
        after = (play.folder / f"Pulumi.{name}.yaml").read_text("utf-8")
        added = [line for line in after.splitlines() if line not in text.splitlines()]
        assert [line.partition(":")[0].strip() for line in added] == ["socle", "secretsprovider", "encryptedkey"]
        assert [line for line in text.splitlines() if line not in after.splitlines()] == []

    state, files = _by_urn(play), {file: file.read_bytes() for file in play.folder.rglob("Pulumi*.yaml")}
    play.shown.clear()
    play.bootstrap()
    _ends(play)
    assert "53 unchanged" in play.shown[-1]
    assert _by_urn(play) == state
    assert {file: file.read_bytes() for file in play.folder.rglob("Pulumi*.yaml")} == files
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.endswith(": is done")] == [
        "1/5 account: is done",
        "3/5 state: is done",
        "4/5 address: is done",
        "5/5 stacks: is done",
    ]


def test_interrupted_after_every_change_it_comes_to_the_same_end_and_so_does_taking_it_down(play: Stage) -> None:
    def once(means: Means) -> None:
        bootstrap.run(yes=True, dry_run=False, means=means)

    times = play.until_done(once)
    assert play.asked == [
        ("bootstrap", "stack init team --no-select --secrets-provider passphrase"),
        ("bootstrap", "up --stack team --yes --skip-preview"),
        ("bootstrap", f"stack change-secrets-provider {PROD} --stack team"),
        ("bootstrap", f"stack init team --no-select --secrets-provider {PROD}"),
        ("bootstrap", "stack import --stack team"),
        ("bootstrap", "stack rm team --force --yes --preserve-config"),
        ("socle", f"stack init prod --no-select --secrets-provider {PROD}"),
        ("socle", f"stack init staging --no-select --secrets-provider {STAGING}"),
    ]
    assert times == len(play.asked) + 1
    _ends(play)

    play.asked.clear()
    play.until_done(lambda means: bootstrap_destroy.run(yes=True, means=means))
    assert [command.partition(" --")[0] for _, command in play.asked] == [
        "stack change-secrets-provider passphrase",
        "stack init team",
        "stack import",
        "stack rm team",
        "state unprotect",
        "destroy",
    ]
    _is_gone(play)


def _is_gone(play: Stage) -> None:
    assert play.account.client("s3").list_buckets()["Buckets"] == []
    kms = play.account.client("kms")
    states = {kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]["KeyState"] for each in kms.list_keys()["Keys"]}
    assert states == {"PendingDeletion"}
    assert {each["AliasName"] for each in kms.list_aliases()["Aliases"] if "socle" in each["AliasName"]} == set()
    for name in ("Pulumi.yaml", "bootstrap/Pulumi.yaml"):
        assert "backend" not in play.yaml(name)
    for name in ("Pulumi.staging.yaml", "Pulumi.prod.yaml", "bootstrap/Pulumi.team.yaml"):
        assert play.yaml(name).keys() == {"config"}
    assert not (play.folder / ".bootstrap").exists()


def test_what_exists_already_is_taken_over_and_brought_in_line(play: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    s3, kms, iam = (play.account.client(service) for service in ("s3", "kms", "iam"))
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    by_alias = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/socle-staging", TargetKeyId=by_alias)
    # The bootstrap that made this one was killed before it made the alias.
    tags = [{"TagKey": "project", "TagValue": "socle-bootstrap"}, {"TagKey": "Name", "TagValue": "socle-prod"}]
    by_tags = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    provider = iam.create_open_id_connect_provider(
        Url="https://gitlab.com", ClientIDList=["https://gitlab.com", "others"], ThumbprintList=[]
    )["OpenIDConnectProviderArn"]
    nobody = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="socle-preview", AssumeRolePolicyDocument=nobody)

    play.bootstrap()
    _ends(play)
    found = play.cloud()
    assert found["aws:kms/key:Key staging-key"] == by_alias
    assert found["aws:kms/key:Key prod-key"] == by_tags
    assert found["aws:iam/openIdConnectProvider:OpenIdConnectProvider gitlab-provider"] == provider
    assert "takes over what exists: " in capsys.readouterr().out
    by_name = {each["urn"].rpartition("::")[2]: each["inputs"] for each in play.state() if each.get("id")}
    assert by_name["state-bucket"]["tagsAll"]["project"] == "socle-bootstrap"
    assert by_name["preview-role"]["maxSessionDuration"] == 7200
    # Others than ourselves may trust it for their audience.
    assert by_name["gitlab-provider"]["clientIdLists"] == ["https://gitlab.com", "others"]


def _engines(parent: int) -> set[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return {int(each) for each in children if Path(f"/proc/{each}/exe").readlink().name == "pulumi"}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the engine's process in /proc")
def test_killed_in_the_middle_of_creating_it_goes_on_and_makes_nothing_twice(play: Stage) -> None:
    command = [sys.executable, "-m", "tools.bootstrap", "--yes"]
    with subprocess.Popen(
        command, cwd=play.folder, env=play.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        deadline = time.monotonic() + PATIENCE
        while len(play.cloud()) < 8:
            assert process.poll() is None, "the command ended before it could be killed"
            assert time.monotonic() < deadline, "nothing is made"
            time.sleep(0.01)
        for engine in _engines(process.pid):
            os.kill(engine, signal.SIGKILL)
        printed, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, printed
    assert "Traceback" not in printed
    assert "`make bootstrap` goes on" in printed
    assert list((play.folder / ".bootstrap").rglob("locks/**/*.json")), "the killed engine left its lock"
    # As the kill leaves it when it comes a moment earlier.
    (notes,) = (play.folder / ".bootstrap").rglob("stacks/**/team.json.attrs")
    notes.write_bytes(b"")

    play.bootstrap()
    _ends(play)


def test_the_lock_of_somebody_at_work_stops_it(play: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    play.bootstrap()
    lock: dict[str, Any] = {"pid": 7, "username": "grace", "hostname": "elsewhere", "timestamp": "2026-11-21T07:00:00Z"}
    key = play.backend.locks_prefix("team", "socle-bootstrap") + "1.json"
    play.objects.write(key, json.dumps(lock).encode())
    with pytest.raises(typer.Exit) as ended:
        play.bootstrap()
    assert ended.value.exit_code == 1
    told = capsys.readouterr().err
    assert "grace@elsewhere (process 7) is at work on its state since 2026-11-21T07:00:00Z" in told
    assert play.objects.read(key) is not None


def test_a_dry_run_shows_what_would_be_made_and_writes_nothing(play: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file: file.read_bytes() for file in play.folder.rglob("*.yaml")}
    bootstrap.run(yes=False, dry_run=True, means=play.means())
    assert "53 to create" in play.shown[-1]
    assert "5/5 stacks: makes the stacks of this checkout" in capsys.readouterr().out
    assert play.cloud() == {}
    assert not (play.folder / ".bootstrap").exists()
    assert {file: file.read_bytes() for file in play.folder.rglob("*.yaml")} == before
