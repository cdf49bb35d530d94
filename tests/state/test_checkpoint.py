import gzip
import json

import pytest

from tests.state.cloud import Place
from tools.state.checkpoint import StateBroken, deployment_of, pending_of, resources_of
from tools.state.objects import client_of
from tools.state.person import Person, whoami

BUCKET = {"urn": "urn:pulumi:staging::socle::aws:s3/bucket:Bucket::site", "type": "aws:s3/bucket:Bucket"}
STACK = {"urn": "urn:pulumi:staging::socle::pulumi:pulumi:Stack::socle-staging", "type": "pulumi:pulumi:Stack"}


def body(*resources: object) -> bytes:
    return json.dumps({"version": 3, "checkpoint": {"stack": "staging", "latest": {"resources": resources}}}).encode()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_resources_are_counted_without_the_stack_itself(pack: type[bytes]) -> None:
    assert resources_of(deployment_of(pack(body(STACK, BUCKET)))) == [BUCKET]


@pytest.mark.parametrize("broken", [b"", body(BUCKET)[:-10], gzip.compress(body(BUCKET))[:-10], b"not json"])
def test_a_truncated_state_is_told_from_an_empty_one(broken: bytes) -> None:
    with pytest.raises(StateBroken, match=f"does not decode \\({len(broken)} bytes\\)"):
        deployment_of(broken)


def test_json_of_something_else_is_no_state() -> None:
    with pytest.raises(StateBroken, match="no state of Pulumi's"):
        deployment_of(b'{"checkpoint": []}')


def test_what_the_engine_writes_is_read(states: Place) -> None:
    states.init("staging")
    states.load("staging", {**BUCKET, "custom": False})
    stored = states.objects.read(states.backend.state_key("staging"))
    assert stored is not None
    deployment = deployment_of(stored.body)
    assert [each["urn"] for each in resources_of(deployment)] == [BUCKET["urn"]]
    assert pending_of(deployment) == []


def test_people_are_told_apart_by_their_arn(states: Place) -> None:
    person = whoami(client_of(states.backend, "sts"))
    assert person.account == "123456789012"
    assert person.arn.startswith("arn:aws:sts::123456789012:")
    assert Person("1", "arn:aws:iam::1:user/marie") != Person("1", "arn:aws:iam::1:user/other/marie")
