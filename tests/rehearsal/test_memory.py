from typing import Any

import pytest

from rehearsal import memory
from rehearsal.aws.provider import SimulatedAws
from rehearsal.check import Checked, Declared
from rehearsal.kubernetes.provider import SimulatedKubernetes
from rehearsal.wire import UNKNOWN, Properties
from rehearsal.world import Thing, World
from tests.rehearsal.simulation import PARIS, Stack

VPC = "aws:ec2/vpc:Vpc"
BUCKET = "aws:s3/bucket:Bucket"
SERVICE = "kubernetes:core/v1:Service"


class CountingAws(SimulatedAws):
    """Counts the checks that are really made."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "pulumi-aws")
        self.checks = 0

    def check(self, declared: Declared, news: Properties, olds: Properties) -> Checked:
        self.checks += 1
        return super().check(declared, news, olds)


@pytest.fixture
def aws(world: World) -> CountingAws:
    return CountingAws(world)


@pytest.fixture
def stack(aws: CountingAws) -> Stack:
    return Stack(aws).configure(**PARIS)


def test_equal_questions_have_one_key_and_others_another() -> None:
    questions: list[Any] = [{"a": 1}, {"a": "1"}, {"a": UNKNOWN}, {"a": str(UNKNOWN)}, {"a": [1]}, {}]
    assert len({memory.key(question) for question in questions}) == len(questions)
    assert memory.key({"a": 1, "b": 2}) == memory.key({"b": 2, "a": 1})


def test_an_equal_check_is_made_once_and_reported_every_time(aws: CountingAws, stack: Stack, world: World) -> None:
    first = stack.check(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    reported = world.findings()
    world.forget_findings()
    assert stack.check(VPC, "main", {"cidrBlock": "10.0.0.0/16"}) == first
    assert world.findings() == reported
    assert aws.checks == 1


def test_another_value_another_resource_or_another_region_is_another_check(aws: CountingAws, stack: Stack) -> None:
    stack.check(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    stack.check(VPC, "main", {"cidrBlock": "10.1.0.0/16"})
    stack.check(VPC, "other", {"cidrBlock": "10.0.0.0/16"})
    stack.configure(region="eu-west-1").check(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    assert aws.checks == 4


def test_what_is_refused_is_refused_again(aws: CountingAws, stack: Stack) -> None:
    spoilt = {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "shared"}
    assert stack.problems(VPC, spoilt) == stack.problems(VPC, spoilt) != set()


def test_what_is_not_known_yet_is_checked_again(aws: CountingAws, stack: Stack) -> None:
    for _ in range(2):
        stack.check(VPC, "main", {"cidrBlock": UNKNOWN})
    assert aws.checks == 2


def test_a_name_that_the_engine_draws_anew_is_not_remembered(stack: Stack) -> None:
    names = [stack.check(BUCKET, "site", {}, proposed)[0]["bucket"] for proposed in ("site-1a2b3c", "site-4d5e6f")]
    assert names == ["site-1a2b3c", "site-4d5e6f"]


def test_another_version_of_the_cluster_is_another_check(world: World) -> None:
    cluster = Stack(SimulatedKubernetes(world, "pulumi-kubernetes"))
    # Kubernetes dropped it: https://kubernetes.io/docs/reference/using-api/deprecation-guide/#v1-32
    schema = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3", "kind": "FlowSchema", "metadata": {"name": "all"}}
    known: list[bool] = []
    for version in ("1.31", "1.36"):
        world.put(Thing("aws:eks/cluster:Cluster", "main", "urn", {"version": version}, {}))
        type_ = "kubernetes:flowcontrol.apiserver.k8s.io/v1beta3:FlowSchema"
        known.append(cluster.check(type_, "all", schema)[1] == set())
    assert known == [True, False]


def test_answers_survive_the_command(world: World) -> None:
    world.remember("key", '{"a": 1}')
    assert (world.recall("key"), world.recall("other")) == ({"a": 1}, None)
