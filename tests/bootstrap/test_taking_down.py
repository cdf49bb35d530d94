"""What stops `make bootstrap-destroy`: stacks that need the bucket, and people who change their mind."""

import json
from typing import Any

import pytest
import typer

from tests.bootstrap.stage import ACCOUNT, BUCKET, Stage
from tools import bootstrap_destroy

VPC = {"urn": "urn:pulumi:x::socle::aws:ec2/vpc:Vpc::main", "type": "aws:ec2/vpc:Vpc", "custom": True, "id": "vpc-1"}


@pytest.fixture
def made(play: Stage, capsys: pytest.CaptureFixture[str]) -> Stage:
    """What the bootstrap has made."""
    play.bootstrap()
    capsys.readouterr()
    return play


def _state(*resources: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"version": 3, "checkpoint": {"latest": {"resources": list(resources), **more}}}).encode()


def _refusal(made: Stage, capsys: pytest.CaptureFixture[str], code: int, **means: Any) -> str:
    before = {key: made.objects.read(key) for key in made.objects.keys("")}
    cloud = made.cloud()
    with pytest.raises(typer.Exit) as ended:
        bootstrap_destroy.run(yes=not means, means=made.means(**means))
    assert ended.value.exit_code == code
    assert {key: made.objects.read(key) for key in made.objects.keys("")} == before
    assert made.cloud() == cloud
    return capsys.readouterr().err


def test_it_goes_only_when_no_stack_needs_it(made: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    others = made.backend.state_key("site", "another-project")
    made.objects.write(made.backend.state_key("staging"), _state(VPC))
    made.objects.write(made.backend.state_key("prod"), b'{"version": 3, "checkpoi')
    made.objects.write(others, _state(VPC, pending_operations=[{"resource": VPC, "type": "creating"}]))
    made.objects.write(made.backend.state_key("empty"), _state())
    made.objects.write(made.backend.locks_prefix("empty") + "1.json", b"{}")
    assert _refusal(made, capsys, 1).splitlines() == [
        "site of another-project: has 2 resources: `make destroy STACK=site` takes them down",
        "prod: the state's object does not decode (24 bytes), so nobody knows what it has: `make rescue STACK=prod` "
        "brings a version back",
        "staging: has 1 resources: `make destroy STACK=staging` takes them down",
        "empty: is locked by an update: `make locks` says whose",
        "bootstrap: these need the bucket and its keys, nothing was changed; then `make bootstrap-destroy`",
    ]
    for key in (others, made.backend.locks_prefix("empty") + "1.json"):
        made.objects.delete(key)
    for stack in ("staging", "prod"):
        made.objects.write(made.backend.state_key(stack), _state())

    assert "nobody is here to ask" in _refusal(made, capsys, 2, interactive=lambda: False)
    told = _refusal(made, capsys, 2, interactive=lambda: True, ask=str.lower)
    assert f"{BUCKET}: that was not its name, nothing was changed" in told

    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return f" {BUCKET} "

    bootstrap_destroy.run(yes=False, means=made.means(interactive=lambda: True, ask=answer))
    assert asked == [
        f"All versions of all states in {BUCKET} are deleted, and both keys in 30 days. Type the bucket's name"
    ]
    assert made.account.client("s3").list_buckets()["Buckets"] == []
    printed = capsys.readouterr().out
    assert "oidc-provider/gitlab.com" in printed
    assert f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com` deletes it" in printed
    # The account's other roles may trust the forges, so that these stay.
    assert len(made.account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 2
