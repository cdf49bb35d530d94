"""What stops the bootstrap before it does anything: one sentence and an exit code, on moto, without an engine."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer
from botocore.exceptions import ClientError

from tests.bootstrap.stage import ACCOUNT, BUCKET, write_permissions
from tests.rehearsal.checkouts import copy_project
from tests.state.cloud import Account
from tools import bootstrap, bootstrap_destroy
from tools.bootstrapping.means import Means, client
from tools.pulumi_cli import Done, Runner

TEAM = "bootstrap/Pulumi.team.yaml"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout, copied once."""
    return copy_project(tmp_path_factory.mktemp("original") / "socle").folder


@pytest.fixture
def folder(tmp_path: Path, original: Path, account: Account) -> Path:
    """The files of it that the bootstrap reads."""
    made = tmp_path / "socle"
    (made / "bootstrap").mkdir(parents=True)
    for name in ("Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml", "bootstrap/Pulumi.yaml", TEAM):
        (made / name).write_bytes((original / name).read_bytes())
    write_permissions(made / "bootstrap" / "permissions")
    return made


def _no_engine(folder: Path) -> Runner:
    def run(arguments: Sequence[str], shown: bool, variables: Mapping[str, str]) -> Done:
        raise AssertionError(f"the engine was asked {arguments} in {folder}")

    return run


def _refusal(folder: Path, capsys: pytest.CaptureFixture[str], code: int = 2, **means: Any) -> str:
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    with pytest.raises(typer.Exit) as ended:
        bootstrap.run(yes=True, dry_run=False, means=Means(folder=folder, engine=_no_engine, **means))
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    told = capsys.readouterr().err.strip()
    assert "Traceback" not in told
    assert ended.value.exit_code == code, told
    return told


def _edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def _failing(
    service: str, operation: str, status: int, code: str, message: str = "", **headers: str
) -> Callable[..., Any]:
    """Clients of which one service answers with an error."""

    def make(name: str, region: str) -> Any:
        made = client(name, region)
        if name == service:

            def fail(**arguments: Any) -> None:
                raise ClientError(
                    {
                        "Error": {"Code": code, "Message": message},
                        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
                    },  # pyright: ignore[reportArgumentType] (a part of what AWS answers)
                    operation,
                )

            setattr(made, operation, fail)
        return made

    return make


def test_wrong_answers_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(folder, TEAM, "aws:region: eu-west-3", "aws:region: eu-west-33")
    assert _refusal(folder, capsys) == f'{TEAM}: aws:region: expected an AWS region such as eu-west-3, got "eu-west-33"'
    _edit(folder, TEAM, "eu-west-33", "eu-west-9")
    assert _refusal(folder, capsys) == f'{TEAM}: aws:region: expected an AWS region such as eu-west-3, got "eu-west-9"'


def test_permissions_that_are_missing_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bootstrap" / "permissions" / "deploy" / "1.json").unlink()
    assert "expected policies of a role as *.json, found none" in _refusal(folder, capsys)


def test_no_credentials(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    told = _refusal(folder, capsys, 1)
    assert told.startswith(
        "bootstrap: no AWS credentials that work (Unable to locate credentials): run `aws sso login`"
    )
    assert told.endswith("then `make bootstrap`")


@pytest.mark.parametrize("name", ["Pulumi.staging.yaml", TEAM])
def test_credentials_of_another_account(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    key = "socle:account_id" if name != TEAM else "socle-bootstrap:account_id"
    _edit(folder, name, "  aws:region: eu-west-3\n", f'  aws:region: eu-west-3\n  {key}: "999988887777"\n')
    assert _refusal(folder, capsys) == (
        f"the credentials are of account {ACCOUNT} (arn:aws:sts::{ACCOUNT}:user/moto), and {key} in {name} says "
        "999988887777: take those of the account, for example with AWS_PROFILE, or correct the file"
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("SignatureDoesNotMatch", "Signature expired: 20261121T070000Z is now earlier than 20261121T074500Z."),
        ("SignatureDoesNotMatch", "Signature not yet current: 20261121T090000Z is still later than 20261121T081500Z"),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
    ],
)
def test_a_clock_that_is_an_hour_off(folder: Path, capsys: pytest.CaptureFixture[str], code: str, message: str) -> None:
    told = _refusal(folder, capsys, 1, client=_failing("sts", "get_caller_identity", 403, code, message))
    assert told == (
        f"AWS refuses what this machine signs, for its clock is wrong ({message.rstrip('.')}): set it, for example "
        "with `sudo timedatectl set-ntp true`, then `make bootstrap`"
    )


def test_a_signature_that_is_wrong_for_another_reason_is_no_matter_of_the_clock(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _refusal(
        folder,
        capsys,
        1,
        client=_failing("sts", "get_caller_identity", 403, "SignatureDoesNotMatch", "Check your key."),
    )
    assert told.startswith("bootstrap: AWS refuses the credentials (SignatureDoesNotMatch)")


def test_a_variable_that_names_other_states(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://~")
    assert _refusal(folder, capsys) == (
        f"PULUMI_BACKEND_URL is file://~, and would win over the s3://{BUCKET}?region=eu-west-3 that Pulumi.yaml gets: "
        "`unset PULUMI_BACKEND_URL`"
    )


def test_a_project_that_names_other_states(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(folder, "Pulumi.yaml", "runtime:", "backend:\n  url: s3://other?region=eu-west-3\nruntime:")
    assert _refusal(folder, capsys) == (
        f"Pulumi.yaml: backend.url is s3://other?region=eu-west-3, and the answers in {TEAM} make it "
        f"s3://{BUCKET}?region=eu-west-3: correct socle-bootstrap:bucket or aws:region there, or take the backend out"
    )


def test_people_who_do_not_exist(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(folder, TEAM, "administrators: []", f"administrators: [arn:aws:iam::{ACCOUNT}:user/ada]")
    _edit(folder, TEAM, "developers: []", f"developers: [arn:aws:iam::{ACCOUNT}:role/team/dev]")
    key = f"{TEAM}: socle-bootstrap:people."
    assert _refusal(folder, capsys).splitlines() == [
        f"{key}administrators: expected a user or role that exists, got arn:aws:iam::{ACCOUNT}:user/ada",
        f"{key}developers: expected a user or role that exists, got arn:aws:iam::{ACCOUNT}:role/team/dev",
    ]


def test_a_secret_that_the_new_key_could_not_open(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "Pulumi.staging.yaml"
    text = file.read_text(encoding="utf-8")
    secret = "  socle:registry_password:\n    secure: v1:old\n"
    file.write_text(text.replace("config:\n", f"config:\n{secret}") + "encryptionsalt: v1:salt\n", encoding="utf-8")
    told = _refusal(folder, capsys)
    assert told.startswith("Pulumi.staging.yaml: socle:registry_password: sealed by passphrase, which awskms://")
    assert "`pulumi config rm KEY --stack staging`" in told


def test_a_bucket_of_somebody_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(
        folder,
        TEAM,
        "  aws:region: eu-west-3\n",
        f'  aws:region: eu-west-3\n  socle-bootstrap:account_id: "{ACCOUNT}"\n',
    )
    told = _refusal(folder, capsys, client=_failing("s3", "head_bucket", 403, "403"))
    assert told == (
        f"{BUCKET}: this bucket belongs to somebody else, or these credentials (arn:aws:sts::{ACCOUNT}:user/moto) may "
        f"not see it: name another with socle-bootstrap:bucket in {TEAM}, or take credentials that may"
    )


def test_a_bucket_in_another_region(folder: Path, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(
        folder,
        TEAM,
        "  aws:region: eu-west-3\n",
        f'  aws:region: eu-west-3\n  socle-bootstrap:account_id: "{ACCOUNT}"\n',
    )
    expected = (
        f"{BUCKET}: this bucket is in eu-west-1, and aws:region in {TEAM} says eu-west-3: write eu-west-1 there, or "
        "name another bucket with socle-bootstrap:bucket"
    )
    moved = _failing("s3", "head_bucket", 301, "301", **{"x-amz-bucket-region": "eu-west-1"})
    assert _refusal(folder, capsys, client=moved) == expected
    client("s3", "eu-west-1").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert _refusal(folder, capsys) == expected


def test_a_key_that_is_to_be_deleted(folder: Path, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/socle-prod", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key)
    with pytest.raises(typer.Exit):
        bootstrap.run(yes=False, dry_run=True, means=Means(folder=folder, engine=_no_engine))
    told = capsys.readouterr().err
    assert f"alias/socle-prod: its key {key} is to be deleted on " in told
    assert f"`aws kms cancel-key-deletion --key-id {key}`" in told


def test_an_identity_provider_that_serves_others_alone(
    folder: Path, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = account.client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["others"], ThumbprintList=[]
    )["OpenIDConnectProviderArn"]
    with pytest.raises(typer.Exit):
        bootstrap.run(yes=False, dry_run=True, means=Means(folder=folder, engine=_no_engine))
    assert f"--open-id-connect-provider-arn {arn} --client-id sts.amazonaws.com`" in capsys.readouterr().err


def test_nobody_to_ask_and_somebody_who_says_no(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = Means(folder=folder, engine=_no_engine, interactive=lambda: False)
    with pytest.raises(typer.Exit) as ended:
        bootstrap.run(yes=False, dry_run=False, means=alone)
    assert ended.value.exit_code == 2
    assert "nobody is here to ask, nothing was changed: `make bootstrap YES=1`" in capsys.readouterr().err
    no = Means(
        folder=folder, engine=_no_engine, interactive=lambda: True, confirm=lambda question: "2 USD" not in question
    )
    with pytest.raises(typer.Exit):
        bootstrap.run(yes=False, dry_run=False, means=no)
    assert "bootstrap: nothing was changed" in capsys.readouterr().err


def test_a_bucket_without_a_state_of_the_bootstrap_is_not_taken_down(
    folder: Path, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    with pytest.raises(typer.Exit) as ended:
        bootstrap_destroy.run(yes=True, means=Means(folder=folder, engine=_no_engine))
    assert ended.value.exit_code == 2
    assert f"{BUCKET}: holds no state of the bootstrap, so nobody knows whose it is" in capsys.readouterr().err
