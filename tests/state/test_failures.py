"""What S3, KMS and the engine say, as they really say it, and the sentence that comes of it."""

import os
from collections.abc import Mapping
from typing import Any, cast

import boto3
import pytest
import typer
from botocore import exceptions

from tests.state.angry_cloud import Answer, answering, kms_error, s3_error
from tests.state.cloud import PARIS, Place
from tests.state.faults import fault
from tests.state.test_doctor import DENIED, NOBODYS, REDIRECT, SKEWED
from tools.account import explain
from tools.pulumi_cli import Program, Pulumi
from tools.sentences import sentences
from tools.state.backend import Backend
from tools.state.failures import explain_backend

STACK = "staging"
AGAIN = f"make up STACK={STACK}"
BACKEND = Backend("socle-state-123456789012", PARIS)
EXPIRED = s3_error(400, "ExpiredToken", "The provided token has expired.")
UNKNOWN = s3_error(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
WRONG_REGION = s3_error(
    400,
    "AuthorizationHeaderMalformed",
    "The authorization header is malformed; the region 'eu-west-3' is wrong; expecting 'eu-west-1'",
)
S3 = (
    (SKEWED, "the clock of this machine is more than 15 minutes off", "`sudo timedatectl set-ntp true`"),
    (REDIRECT, "the bucket socle-state-123456789012 is not in eu-west-3", "correct ?region="),
    (WRONG_REGION, "socle-state-123456789012 is not in eu-west-3, but in eu-west-1", "correct ?region="),
    (DENIED, "may not use the bucket socle-state-123456789012, or it belongs to somebody else", "of its account"),
    (NOBODYS, "there is no bucket socle-state-123456789012", "`make bootstrap`"),
    (EXPIRED, "the AWS credentials have expired", "`aws sso login`"),
    (UNKNOWN, "AWS does not know these credentials", "`aws sso login`"),
)
KEY = "arn:aws:kms:eu-west-3:123456789012:key/1234abcd"
MAY_NOT = (
    f"User: arn:aws:sts::123456789012:assumed-role/dev/ada is not authorized to perform: kms:Decrypt on resource: {KEY}"
)
KMS = (
    (kms_error("NotFoundException", f"Key '{KEY}' does not exist"), f"is not there ({KEY})", "secretsprovider"),
    (kms_error("AccessDeniedException", MAY_NOT), "may not use a KMS key", "take a role that may"),
    (kms_error("DisabledException", f"{KEY} is disabled."), "is disabled", "`aws kms enable-key --key-id KEY`"),
    (kms_error("KMSInvalidStateException", f"{KEY} is pending deletion."), "to be deleted", "cancel-key-deletion"),
    (kms_error("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this."),
     "was not made by the key that secretsprovider names", "`git checkout Pulumi.staging.yaml`"),
    (kms_error("InvalidCiphertextException", ""), "was not made by the key", "`git checkout Pulumi.staging.yaml`"),
    (kms_error("ExpiredTokenException", "The security token included in the request is expired"),
     "the AWS credentials have expired", "`aws sso login`"),
)  # fmt: skip


def told(place: Place, capsys: pytest.CaptureFixture[str], *command: str, **more: str) -> str:
    """What a command of ours says when the engine fails."""
    run = Program(place.folder, {**os.environ, **place.environ, **more})
    with pytest.raises(typer.Exit) as ending, sentences(STACK, AGAIN):
        pulumi = Pulumi(STACK, run)
        pulumi.config() if "config" in command else pulumi.export()
    assert ending.value.exit_code == 1
    said = capsys.readouterr().err
    assert said.startswith("staging: ")
    assert said.count("\n") == 1
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(("answer", "why", "fix"), S3)
def test_what_s3_says_to_the_engine_becomes_a_sentence(
    states: Place, capsys: pytest.CaptureFixture[str], answer: Answer, why: str, fix: str
) -> None:
    with answering(answer) as address:
        said = told(states, capsys, AWS_ENDPOINT_URL_S3=address)
    assert why in said
    assert fix in said
    assert said.endswith(f"then `{AGAIN}`\n")


@pytest.mark.parametrize(("answer", "why", "fix"), S3)
def test_what_s3_says_to_us_becomes_the_same_sentence(answer: Answer, why: str, fix: str) -> None:
    with answering(answer) as address:
        said = explain_backend(failure("s3", address), BACKEND, AGAIN)
    assert said is not None
    assert why in said
    assert fix in said


@pytest.mark.parametrize(("answer", "why", "fix"), KMS)
def test_what_kms_says_becomes_a_sentence(
    states: Place, capsys: pytest.CaptureFixture[str], answer: Answer, why: str, fix: str
) -> None:
    states.init(STACK)
    states.must("config", "set", "--secret", "socle:datadog_api_key", "--stack", STACK, given="hunter2")
    with answering(answer) as address:
        said = told(states, capsys, "config", AWS_ENDPOINT_URL_KMS=address)
        ours = explain_backend(failure("kms", address), BACKEND, AGAIN)
    for each in (said, ours or ""):
        assert why in each
        assert fix in each


def failure(service: str, address: str) -> Exception:
    """What boto3 raises when that is all that it is told."""
    given: Mapping[str, Any] = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "endpoint_url": address}
    client = cast(Any, boto3).client(service, region_name=PARIS, **given)
    with pytest.raises(exceptions.ClientError) as error:
        if service == "s3":
            client.get_object(Bucket=BACKEND.bucket, Key="k")
        else:
            client.decrypt(CiphertextBlob=b"x")
    return error.value


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("s4://socle-state?region=eu-west-3", "the address of the states is none of a bucket"),
        ("socle-state-123456789012", "the address of the states is none of a bucket"),
        ("s3:/socle-state?region=eu-west-3", "the address of the states names no bucket"),
        ("s3://socle-state-123456789012?regoin=eu-west-3", 'has "regoin" after its question mark, which nobody knows'),
        ("s3://socle-state-nobodys?region=eu-west-3", "there is no bucket"),
    ],
)
def test_a_mistyped_address_is_told(
    states: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, address: str, why: str
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", address)
    assert why in told(states, capsys, PULUMI_BACKEND_URL=address)


def test_without_credentials_the_commands_that_give_some_are_told(
    states: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(
        states, capsys, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_EC2_METADATA_DISABLED="true",
        AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_CONFIG_FILE="/dev/null",
    )  # fmt: skip
    fault("no-credentials").prove(said, typed=["aws sso login", AGAIN], lost=[])


def test_a_profile_that_is_not_there_is_told(states: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert 'there is no profile "adaa" of AWS credentials' in told(states, capsys, AWS_PROFILE="adaa")


def test_a_network_that_is_gone_is_told(states: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(DENIED) as address:
        pass
    assert "AWS does not answer: check the network" in told(states, capsys, AWS_ENDPOINT_URL_S3=address)


def test_a_stack_that_is_not_there_is_told_with_the_commands_that_find_it(
    states: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(states, capsys)
    assert 'there is no state of a stack "staging" in s3://socle-state-123456789012?region=eu-west-3' in said
    assert "`make stacks` shows those that are there" in said
    assert "`make rescue STACK=staging` brings it back" in said


def test_a_clock_that_is_an_hour_off_is_told(states: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(SKEWED) as address:
        said = told(states, capsys, AWS_ENDPOINT_URL_S3=address)
    fault("clock-off").prove(said, typed=["sudo timedatectl set-ntp true", AGAIN], lost=[])


def test_a_bucket_that_somebody_else_owns_is_told(states: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(DENIED) as address:
        said = told(states, capsys, AWS_ENDPOINT_URL_S3=address)
    fault("bucket-of-others").prove(said, typed=["aws sts get-caller-identity", AGAIN], lost=[])


def test_every_service_tells_a_wrong_clock_in_its_own_words() -> None:
    for code, message in (
        ("SignatureDoesNotMatch", "Signature expired: 20261121T110000Z is now earlier than 20261121T115500Z"),
        (
            "InvalidSignatureException",
            "Signature not yet current: 20261121T130000Z is still later than 20261121T121500Z",
        ),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
    ):
        error = exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "GetCallerIdentity")
        assert explain(error, AGAIN).startswith("the clock of this machine is more than 15 minutes off")


def test_what_nobody_knows_is_left_to_the_engine() -> None:
    assert explain_backend("error: something new", BACKEND, AGAIN) is None
    assert explain_backend("cipher: message authentication failed", None, "", "prod") == (
        "the secrets in Pulumi.prod.yaml were encrypted with another encryptedkey than the file has: take both from "
        "one commit, as in `git checkout Pulumi.prod.yaml`, or set the secrets anew with "
        "`make secret STACK=prod KEY=…`, then try again"
    )
