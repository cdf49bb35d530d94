"""Everything that can be wrong with a stack, one at a time, and what the doctor says."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore import exceptions

from tests.setting_examples import good
from tests.state.angry_cloud import Answer, answering, kms_error, s3_error
from tests.state.cloud import PARIS, Place
from tools import doctor
from tools.doctor import after_failure, run
from tools.doctoring import examination
from tools.doctoring.examination import examine
from tools.doctoring.finding import Finding, from_sentence
from tools.doctoring.scene import Scene
from tools.state.hold import holding

STACK = "staging"
GOOD = {"aws:region": PARIS, "socle:owner": "devu42"}
FOX = {
    "urn": "urn:pulumi:staging::socle::random:index/randomPet:RandomPet::fox",
    "type": "random:index/randomPet:RandomPet",
}


@pytest.fixture
def stack(states: Place) -> Place:
    """A stack with which all is well."""
    s3, bucket = states.account.client("s3"), states.backend.bucket
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
    states.account.client("budgets").create_budget(AccountId="123456789012", Budget=budget("100"))
    states.init(STACK)
    configure(states)
    return states


def budget(limit: str, name: str = "socle-staging") -> dict[str, Any]:
    return {
        "BudgetName": name,
        "BudgetLimit": {"Amount": limit, "Unit": "USD"},
        "TimeUnit": "MONTHLY",
        "BudgetType": "COST",
    }


def configure(place: Place, **more: Any) -> None:
    """Give the stack's file these settings, and leave its key."""
    file = place.folder / f"Pulumi.{STACK}.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    config = {**GOOD, **{f"socle:{name}": value for name, value in more.items()}}
    file.write_text(yaml.safe_dump({**document, "config": config}), encoding="utf-8")


def scene(place: Place, **more: Any) -> Scene:
    given: dict[str, Any] = {"folder": place.folder, "environ": {**os.environ, **place.environ}, **more}
    return Scene(STACK, **given)


NEEDED = ("address", "credentials", "bucket", "state", "settings")
"""Checks that others build on."""


def found(at: Scene, *only: str) -> dict[str, Finding]:
    """Findings by check, of all or of some and what they need; of several of one check, the worst."""
    order = ("not checked", "ok", "warning", "broken")
    worst: dict[str, Finding] = {}
    for each in examine(at, (*NEEDED, *only) if only else ()):
        if each.check not in worst or order.index(each.level) > order.index(worst[each.check].level):
            worst[each.check] = each
    return worst


def levels(findings: dict[str, Finding]) -> dict[str, str]:
    return {check: each.level for check, each in findings.items() if each.level != "ok"}


def test_a_stack_with_which_all_is_well_has_no_finding(stack: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert levels(found(scene(stack))) == {}
    assert run(scene(stack), as_json=False) == 0
    output = capsys.readouterr().out
    assert "ok           address        the states are in s3://socle-state-123456789012?region=eu-west-3" in output
    assert output.endswith("staging: 18 ok\n")


def test_for_programs_the_findings_are_json(stack: Place, capsys: pytest.CaptureFixture[str]) -> None:
    stack.objects.delete(stack.backend.state_key(STACK))
    assert run(scene(stack), as_json=True) == 1
    printed = {each["check"]: each for each in json.loads(capsys.readouterr().out)}
    assert printed["state"]["level"] == "broken"
    assert printed["state"]["fix"] == "`make rescue STACK=staging` brings it back; do not `init`"


def test_without_credentials_everything_that_needs_none_is_still_checked(
    stack: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    findings = found(scene(stack))
    assert (findings["credentials"].level, findings["credentials"].text) == (
        "broken",
        "there are no AWS credentials here",
    )
    assert "`aws sso login`" in findings["credentials"].fix
    assert findings["bucket"].text == "the credentials have to be right first"
    assert [findings[check].level for check in ("address", "settings", "secrets", "engine", "plugins")] == ["ok"] * 5


def test_a_profile_that_is_not_there_is_named(stack: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "adaa")
    assert 'there is no profile "adaa"' in found(scene(stack), "credentials")["credentials"].text


def test_without_a_network_the_report_comes_to_its_end(stack: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(Answer(500, "")) as address:
        pass
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    findings = found(scene(stack))
    assert findings["credentials"].text == "AWS does not answer"
    assert findings["bucket"].text == "AWS does not answer"
    assert findings["state"].text == "the bucket has to be right first"
    assert findings["clock"].level == "not checked"
    assert findings["settings"].level == "ok"


def test_credentials_of_another_account_are_broken(stack: Place) -> None:
    configure(stack, account_id="999999999999")
    finding = found(scene(stack), "credentials")["credentials"]
    assert finding.level == "broken"
    assert "in account 123456789012, and the stack lives in 999999999999" in finding.text
    assert "take credentials of account 999999999999" in finding.fix


@pytest.mark.parametrize(("minutes", "level"), [(4, "ok"), (-6, "warning"), (16, "broken"), (-60, "broken")])
def test_a_clock_that_is_off_is_told_before_aws_refuses(stack: Place, minutes: int, level: str) -> None:
    at = scene(stack, now=lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    finding = found(at, "clock")["clock"]
    assert finding.level == level
    if level != "ok":
        assert ("before" if minutes > 0 else "behind") in finding.text
        assert "timedatectl" in finding.fix


SKEWED = s3_error(
    403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."
)
REDIRECT = s3_error(
    301,
    "PermanentRedirect",
    "The bucket you are attempting to access must be addressed using the specified endpoint.",
    x_amz_bucket_region="eu-west-1",
)
DENIED = s3_error(403, "AccessDenied", "Access Denied")
NOBODYS = s3_error(404, "NoSuchBucket", "The specified bucket does not exist")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (SKEWED, "the clock of this machine is more than 15 minutes off"),
        (REDIRECT, "the bucket socle-state-123456789012 is not in eu-west-3, but in eu-west-1"),
        (DENIED, "these credentials may not use the bucket socle-state-123456789012, or it belongs to somebody else"),
        (NOBODYS, "there is no bucket socle-state-123456789012"),
    ],
)
def test_what_s3_refuses_is_told_once_and_the_rest_is_not_asked(
    stack: Place, monkeypatch: pytest.MonkeyPatch, answer: Answer, text: str
) -> None:
    with answering(answer) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        findings = found(scene(stack))
    assert findings["bucket"].level == "broken"
    assert findings["bucket"].text.startswith(text)
    assert {findings[check].level for check in ("versions", "lock", "state", "key", "budget")} == {"not checked"}


def test_a_bucket_of_another_account_is_told_from_a_missing_right(
    stack: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(DENIED, when="x-amz-expected-bucket-owner", other=Answer(200, "<ListBucketResult/>")) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        finding = found(scene(stack), "bucket")["bucket"]
    assert finding.text == "socle-state-123456789012 belongs to another account than 123456789012"
    assert "take credentials of its account" in finding.fix


def test_a_region_that_is_not_the_buckets_is_told_with_the_right_one(
    stack: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", replace(stack.backend, region="eu-west-1").url)
    finding = found(scene(stack, environ=dict(os.environ)))["bucket"]
    assert finding.text == "socle-state-123456789012 is in eu-west-3, and its address says eu-west-1"
    assert "?region=eu-west-3" in finding.fix


@pytest.mark.parametrize("address", ["s4://socle-state?region=eu-west-3", "s3://socle-state?regoin=eu-west-3"])
def test_a_mistyped_address_is_told_and_the_rest_goes_on(stack: Place, address: str) -> None:
    findings = found(scene(stack, environ={**os.environ, "PULUMI_BACKEND_URL": address}))
    assert findings["address"].level == "broken"
    assert findings["state"].text == "nobody knows where the states are"
    assert findings["credentials"].level == "ok"
    assert findings["key"].level == "ok"


def spoil_versions(place: Place) -> None:
    place.account.client("s3").put_bucket_versioning(
        Bucket=place.backend.bucket, VersioningConfiguration={"Status": "Suspended"}
    )


def spoil_encryption(place: Place) -> None:
    place.account.client("s3").delete_bucket_encryption(Bucket=place.backend.bucket)


def spoil_public_access(place: Place) -> None:
    place.account.client("s3").delete_public_access_block(Bucket=place.backend.bucket)


def spoil_state(place: Place) -> None:
    place.objects.write(place.backend.state_key(STACK), b"{")


def spoil_key(place: Place) -> None:
    file = place.folder / f"Pulumi.{STACK}.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**document, "encryptedkey": "AAAA"}), encoding="utf-8")


def spoil_no_key(place: Place) -> None:
    (place.folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": GOOD}), encoding="utf-8")


def spoil_key_text(place: Place) -> None:
    file = place.folder / f"Pulumi.{STACK}.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("encryptedkey: ", "encryptedkey: '?'#"), encoding="utf-8")


def spoil_pending(place: Place) -> None:
    key = place.backend.state_key(STACK)
    stored = place.objects.read(key)
    assert stored is not None
    document = json.loads(stored.body)  # an import would drop them
    document["checkpoint"]["latest"]["pending_operations"] = [{"resource": FOX, "type": "creating"}]
    place.objects.write(key, json.dumps(document).encode())


def spoil_settings(place: Place) -> None:
    configure(place, hight_availability=True)


def spoil_secrets(place: Place) -> None:
    given = {key.removeprefix("socle:"): value for key, value in good().items() if key.startswith("socle:")}
    configure(place, **{key: value for key, value in given.items() if not key.startswith("datadog_")})


def spoil_budget(place: Place) -> None:
    place.account.client("budgets").delete_budget(AccountId="123456789012", BudgetName="socle-staging")


@pytest.mark.parametrize(
    ("spoil", "wanted"),
    [
        (spoil_versions, ("versions", "broken", "the bucket keeps no versions", "`make bootstrap`")),
        (spoil_encryption, ("encryption", "warning", "by no KMS key of ours", "`make bootstrap`")),
        (spoil_public_access, ("public access", "broken", "is not blocked (BlockPublicAcls,", "`make bootstrap`")),
        (spoil_state, ("state", "broken", "does not decode (1 bytes)", "`make rescue STACK=staging`")),
        (spoil_key, ("key", "broken", "was not made by the key that secretsprovider names", "`git checkout Pulumi.")),
        (spoil_no_key, ("key", "broken", "has no secretsprovider that is a KMS key", "`make bootstrap`")),
        (spoil_key_text, ("key", "broken", "is cut off or mistyped", "`git checkout Pulumi.staging.yaml`")),
        (spoil_pending, ("pending", "broken", "creating random:index/randomPet:RandomPet fox", "`make unlock")),
        (spoil_settings, ("settings", "broken", "hight_availability: unknown key", "`make check`")),
        (spoil_secrets, ("secrets", "broken", "socle:datadog_", "`make secret STACK=staging KEY=datadog_")),
        (spoil_budget, ("budget", "not checked", "account 123456789012 has none", "costmanagement")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_what_to_type(
    stack: Place, spoil: Callable[[Place], None], wanted: tuple[str, str, str, str]
) -> None:
    check, level, text, fix = wanted
    spoil(stack)
    finding = found(scene(stack), check)[check]
    assert (finding.level, text in finding.text, fix in finding.fix) == (level, True, True), finding


def test_a_deleted_state_is_told_from_one_that_never_was(stack: Place) -> None:
    at = scene(stack)
    stack.objects.delete(stack.backend.state_key(STACK))
    assert "was deleted, its newest version is of " in found(at, "state")["state"].text
    never = replace(scene(stack), stack="another")
    finding = found(never, "state")["state"]
    assert (finding.level, finding.text) == ("warning", "this stack was never deployed")
    assert "`pulumi stack init another`" in finding.fix


def test_a_lock_and_its_age_are_told(stack: Place) -> None:
    with holding(stack.objects, STACK):
        finding = found(scene(stack), "lock")["lock"]
    assert finding.level == "warning"
    assert "has it for less than a minute" in finding.text
    assert "`make unlock STACK=staging`" in finding.fix


def test_a_key_that_may_not_be_used_is_told(stack: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(kms_error("DisabledException", "arn:aws:kms:eu-west-3:123456789012:key/x is disabled.")) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", address)
        finding = found(scene(stack), "key")["key"]
    assert finding.text == "the key that guards the secrets of the stack is disabled"
    assert "`aws kms enable-key --key-id KEY`" in finding.fix


def test_two_data_keys_are_told(stack: Place) -> None:
    file = stack.folder / f"Pulumi.{STACK}.yaml"
    before = file.read_bytes()
    stack.must("stack", "change-secrets-provider", "awskms://alias/socle-staging?region=eu-west-3", "--stack", STACK)
    file.write_bytes(before)
    finding = found(scene(stack), "one key")["one key"]
    assert (finding.level, "two data keys" in finding.text) == ("warning", True)
    assert "`make rotate-key STACK=staging`" in finding.fix


@pytest.mark.parametrize(("spent", "level"), [("50", "ok"), ("85", "warning"), ("120.5", "broken")])
def test_a_budget_is_told_with_limit_and_spending(
    stack: Place, monkeypatch: pytest.MonkeyPatch, spent: str, level: str
) -> None:
    mine = {**budget("100"), "CalculatedSpend": {"ActualSpend": {"Amount": spent, "Unit": "USD"}}}
    others = {**budget("1", "socle-prod"), "CalculatedSpend": {"ActualSpend": {"Amount": "9", "Unit": "USD"}}}
    body = json.dumps({"Budgets": [mine, others]})
    with answering(Answer(200, body, {"Content-Type": "application/x-amz-json-1.1"})) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BUDGETS", address)
        finding = found(scene(stack), "budget")["budget"]
    assert finding.level == level
    assert finding.text == f"socle-staging: {float(spent):.2f} of 100.00 USD spent (monthly)"


def test_a_budget_that_may_not_be_seen_is_not_invented(stack: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(kms_error("AccessDeniedException", "not authorized to perform: budgets:ViewBudget")) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BUDGETS", address)
        finding = found(scene(stack), "budget")["budget"]
    assert (finding.level, "budgets:ViewBudget" in finding.text) == ("not checked", True)


def test_a_check_that_aws_fails_does_not_end_the_report(stack: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(at: Scene) -> None:
        raise exceptions.ReadTimeoutError(endpoint_url="https://x.example")

    plan = [replace(each, check=fail) if each.name == "lock" else each for each in examination.PLAN]
    monkeypatch.setattr(examination, "PLAN", plan)
    findings = found(scene(stack))
    assert findings["lock"].level == "broken"
    assert findings["budget"].level == "ok"


def test_after_a_failure_the_first_thing_that_is_broken_is_told(stack: Place) -> None:
    assert after_failure(STACK, scene(stack)) is None
    stack.objects.delete(stack.backend.state_key(STACK))
    said = after_failure(STACK, scene(stack))
    assert said is not None
    assert said.startswith("staging: state: was deleted, its newest version is of ")
    assert said.endswith(": `make rescue STACK=staging` brings it back; do not `init`")


def test_a_sentence_is_cut_into_what_is_wrong_and_what_to_type() -> None:
    assert from_sentence("bucket", "broken", "it is gone: make it") == Finding(
        "bucket", "broken", "it is gone", "make it"
    )
    assert from_sentence("bucket", "broken", "it is gone") == Finding("bucket", "broken", "it is gone")
    assert (
        doctor.summary([Finding("a", "ok", ""), Finding("b", "broken", ""), Finding("c", "ok", "")]) == "2 ok, 1 broken"
    )
