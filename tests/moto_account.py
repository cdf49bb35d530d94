"""A simulated AWS account for what looks into one: moto, in this process."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from tools.account import Account
from tools.left.item import Item
from tools.leftovers import find
from tools.owner import Owner

PARIS = "eu-west-3"
OWNER = Owner(
    stack="test",
    region=PARIS,
    zone="example.org",
    hosts={"www.example.org": "socle:site.domain", "api.example.org": "socle:users_api.host"},
    certified={"www.example.org": "socle:site.domain"},
)
TAGS = [{"Key": "project", "Value": "socle"}, {"Key": "stack", "Value": "test"}]
OTHERS = [{"Key": "project", "Value": "socle"}, {"Key": "stack", "Value": "prod"}]
OF_CLUSTER = [{"Key": "kubernetes.io/cluster/socle-test", "Value": "owned"}]


@contextmanager
def empty_account(environ: pytest.MonkeyPatch) -> Generator[None]:
    """An empty account, and credentials that open nothing else."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
        environ.delenv(name, raising=False)
    environ.setenv("AWS_ACCESS_KEY_ID", "none")
    environ.setenv("AWS_SECRET_ACCESS_KEY", "none")
    environ.setenv("AWS_DEFAULT_REGION", PARIS)
    with mock_aws():
        yield


def client(service: str, region: str = PARIS) -> Any:
    return cast(Any, boto3).client(service, region_name=region)


def tagged(kind: str, tags: list[dict[str, str]] = TAGS) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": tags}]


def left(owner: Owner = OWNER) -> dict[str, Item]:
    """What is left, by type and id."""
    found = find(Account(), owner)
    assert len({(item.type, item.id) for item in found}) == len(found)
    return {f"{item.type} {item.id}": item for item in found}


def volume(tags: list[dict[str, str]], **more: Any) -> str:
    made = {"AvailabilityZone": "eu-west-3a", "Size": 20, "VolumeType": "gp3", **more}
    return client("ec2").create_volume(**made, TagSpecifications=tagged("volume", tags))["VolumeId"]
