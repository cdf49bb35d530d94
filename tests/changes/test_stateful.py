"""What is lost."""

from typing import Any

import pytest

from tools.changes.stateful import REASONS, SENTENCES, danger

BUCKET = "aws:s3/bucket:Bucket"
RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.mark.parametrize("type_", sorted(REASONS))
@pytest.mark.parametrize("op", ["delete", "replace"])
def test_what_keeps_something_is_dangerous_to_lose(op: str, type_: str) -> None:
    assert danger(op, type_, {}) == REASONS[type_]
    assert danger("update", type_, {}) is None
    assert danger("create", type_, {}) is None


@pytest.mark.parametrize(
    ("type_", "inputs", "word"),
    [
        (BUCKET, {"forceDestroy": True}, "every object in it is deleted"),
        (BUCKET, {"forceDestroy": "true"}, "every object in it is deleted"),
        (BUCKET, {}, "AWS refuses"),
        (RELEASE, {"chart": "oci://registry-1.docker.io/bitnamicharts/postgresql-ha"}, "uninstalled"),
        (RELEASE, {"chart": "vaultwarden"}, "uninstalled"),
        ("kubernetes:core/v1:Namespace", {}, "persistent volume claims"),
    ],
)
def test_the_inputs_tell_what_is_lost(type_: str, inputs: dict[str, Any], word: str) -> None:
    reason = danger("delete", type_, inputs)
    assert reason in SENTENCES
    assert word in str(reason)


@pytest.mark.parametrize("chart", ["traefik", "datadog", "oci://quay.io/jetstack/charts/cert-manager"])
def test_a_release_that_stores_nothing_is_not_dangerous(chart: str) -> None:
    assert danger("replace", RELEASE, {"chart": chart}) is None


def test_what_the_cloud_keeps_is_lost_only_by_a_replacement() -> None:
    assert danger("delete", BUCKET, {}, retained=True) is None
    assert danger("replace", BUCKET, {}, retained=True) in SENTENCES


@pytest.mark.parametrize("type_", ["aws:ec2/route:Route", "aws:s3/bucketPolicy:BucketPolicy", "socle:index:Network"])
def test_what_keeps_nothing_is_not_dangerous(type_: str) -> None:
    assert danger("delete", type_, {}) is None
