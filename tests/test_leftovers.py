"""What is left of a stack in a simulated AWS account."""

from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from tests.moto_account import OF_CLUSTER, OTHERS, PARIS, TAGS, client, empty_account, left, tagged, volume
from tools.account import Account
from tools.owner import Owner


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account."""
    with empty_account(monkeypatch):
        yield


def vpc(tags: list[dict[str, str]] = TAGS) -> str:
    return client("ec2").create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tagged("vpc", tags))["Vpc"]["VpcId"]


def subnet(of: str) -> str:
    return client("ec2").create_subnet(VpcId=of, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]


# EC2


def test_nothing_is_left_of_a_stack_that_never_was() -> None:
    volume(OTHERS)
    assert left() == {}


def test_a_volume_is_found_by_the_tags_of_its_stack_and_priced_by_its_size() -> None:
    made = volume([*TAGS, {"Key": "Name", "Value": "disk"}], Size=100)
    item = left()[f"ec2:volume {made}"]
    assert (item.name, item.reason, item.price.usd) == ("disk", "tags project=socle, stack=test", pytest.approx(9.28))
    assert item.command == f"aws ec2 delete-volume --volume-id {made} --region eu-west-3"


def test_a_volume_of_a_claim_is_found_by_the_tag_of_its_cluster_and_named_after_the_claim() -> None:
    claim = [
        {"Key": "kubernetes.io/created-for/pvc/name", "Value": "data-0"},
        {"Key": "kubernetes.io/created-for/pvc/namespace", "Value": "database"},
    ]
    made = volume([*OF_CLUSTER, *claim])
    item = left()[f"ec2:volume {made}"]
    assert (item.name, item.reason) == ("database/data-0", "tag kubernetes.io/cluster/socle-test=owned")


def test_what_a_cluster_only_shares_is_not_the_stacks() -> None:
    volume([{"Key": "kubernetes.io/cluster/socle-test", "Value": "shared"}])
    assert left() == {}


def test_all_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        volume(TAGS)
    asked: list[str] = []
    inner = Account.all

    def by_one(self: Account, service: str, operation: str, items: str, *, region: str, **arguments: Any) -> Any:
        if operation == "describe_volumes":
            asked.append(operation)
            arguments["MaxResults"] = 1
        return inner(self, service, operation, items, region=region, **arguments)

    monkeypatch.setattr(Account, "all", by_one)
    assert len([key for key in left() if key.startswith("ec2:volume ")]) == 3
    assert asked


def test_a_snapshot_costs_at_most_what_its_volume_holds() -> None:
    made = client("ec2").create_snapshot(VolumeId=volume(OTHERS), TagSpecifications=tagged("snapshot"))["SnapshotId"]
    item = left()[f"ec2:snapshot {made}"]
    assert item.price.usd == pytest.approx(20 * 0.053)
    assert item.price.basis == "at most, if all 20 GiB of the volume are kept"


def test_machines_gateways_and_addresses_are_found_with_their_prices() -> None:
    ec2 = client("ec2")
    inside = subnet(vpc())
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    machines = ec2.run_instances(
        ImageId=image,
        InstanceType="t4g.medium",
        MinCount=2,
        MaxCount=2,
        SubnetId=inside,
        TagSpecifications=tagged("instance"),
    )["Instances"]
    kept, gone = (machine["InstanceId"] for machine in machines)
    ec2.terminate_instances(InstanceIds=[gone])
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip"))["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=inside, AllocationId=address, TagSpecifications=tagged("natgateway"))[
        "NatGateway"
    ]["NatGatewayId"]
    found = left()
    assert found[f"ec2:instance {kept}"].price.usd == pytest.approx(0.0376 * 730)
    assert f"ec2:instance {gone}" not in found
    assert found[f"ec2:elastic-ip {address}"].price.usd == pytest.approx(3.65)
    assert found[f"ec2:natgateway {gateway}"].price.usd == pytest.approx(36.5)


def test_what_keeps_a_vpc_from_being_deleted_is_found_without_tags() -> None:
    ours, theirs = vpc(), vpc(OTHERS)
    ec2 = client("ec2")
    stuck = ec2.create_network_interface(SubnetId=subnet(ours))["NetworkInterface"]["NetworkInterfaceId"]
    foreign = ec2.create_network_interface(SubnetId=subnet(theirs))["NetworkInterface"]["NetworkInterfaceId"]
    group = ec2.create_security_group(GroupName="k8s-traffic", Description="of a controller", VpcId=ours)["GroupId"]
    found = left()
    assert found[f"ec2:network-interface {stuck}"].reason == f"in {ours}, a VPC of the stack"
    assert f"ec2:network-interface {foreign}" not in found
    assert found[f"ec2:security-group {group}"].name == "k8s-traffic"
    assert "default" not in {item.name for item in found.values()}


def test_in_another_region_a_price_is_not_guessed() -> None:
    client("ec2", "eu-west-1").create_volume(
        AvailabilityZone="eu-west-1a", Size=20, VolumeType="gp3", TagSpecifications=tagged("volume")
    )
    (item,) = left(Owner(stack="test", region="eu-west-1")).values()
    assert (item.price.usd, item.price.basis) == (None, "the table has prices of eu-west-3, not of eu-west-1")


# Load balancers


def test_a_load_balancer_is_found_by_its_tags_its_clusters_tag_or_its_vpc() -> None:
    ours, theirs = vpc(), vpc(OTHERS)
    elb = client("elbv2")

    def balancer(name: str, inside: str, tags: list[dict[str, str]]) -> str:
        subnets = [
            client("ec2").create_subnet(VpcId=inside, CidrBlock=f"10.9.{number}.0/28", AvailabilityZone=zone)["Subnet"][
                "SubnetId"
            ]
            for number, zone in next(ranges)
        ]
        made = elb.create_load_balancer(Name=name, Subnets=subnets, Type="network", Tags=tags)["LoadBalancers"][0]
        return made["LoadBalancerArn"]

    ranges = iter([[(2 * n, "eu-west-3a"), (2 * n + 1, "eu-west-3b")] for n in range(10)])
    nothing = [{"Key": "a", "Value": "b"}]
    by_tags = balancer("by-tags", theirs, TAGS)
    by_cluster = balancer("by-cluster", theirs, [{"Key": "elbv2.k8s.aws/cluster", "Value": "socle-test"}])
    by_vpc = balancer("by-vpc", ours, nothing)
    balancer("of-others", theirs, nothing)
    found = {item.id: item for item in left().values() if item.type == "elasticloadbalancing:loadbalancer"}
    assert {id_: item.reason for id_, item in found.items()} == {
        by_tags: "tags project=socle, stack=test",
        by_cluster: "tag elbv2.k8s.aws/cluster=socle-test",
        by_vpc: f"in {ours}, a VPC of the stack",
    }
    assert found[by_tags].price.usd == pytest.approx(0.02646 * 730)
    assert found[by_tags].command.startswith(f"aws elbv2 delete-load-balancer --load-balancer-arn {by_tags}")


def test_a_target_group_and_a_classic_load_balancer_of_a_service_are_found() -> None:
    group = client("elbv2").create_target_group(Name="web", Protocol="TCP", Port=30080, VpcId=vpc(OTHERS), Tags=TAGS)
    client("elb").create_load_balancer(
        LoadBalancerName="a0123",
        Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 30080}],
        AvailabilityZones=["eu-west-3a"],
        Tags=OF_CLUSTER,
    )
    found = left()
    assert found[f"elasticloadbalancing:targetgroup {group['TargetGroups'][0]['TargetGroupArn']}"].price.usd == 0
    assert found["elasticloadbalancing:classic a0123"].command == (
        "aws elb delete-load-balancer --load-balancer-name a0123 --region eu-west-3"
    )


# Logs, buckets and what AWS's list of tagged things has


def test_log_groups_of_the_cluster_are_found_by_their_names() -> None:
    logs = client("logs")
    for name in (
        "/aws/eks/socle-test/cluster",
        "/aws/containerinsights/socle-test/host",
        "/aws/eks/socle-test-2/cluster",
    ):
        logs.create_log_group(logGroupName=name)
    found = {item.id: item for item in left().values() if item.type == "logs:log-group"}
    assert set(found) == {"/aws/eks/socle-test/cluster", "/aws/containerinsights/socle-test/host"}
    command = found["/aws/eks/socle-test/cluster"].command
    assert command == "aws logs delete-log-group --log-group-name /aws/eks/socle-test/cluster --region eu-west-3"


def test_a_bucket_is_priced_by_all_the_versions_that_it_holds() -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": PARIS})
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_tagging(Bucket="kept", Tagging={"TagSet": TAGS})
    for _ in range(2):
        s3.put_object(Bucket="kept", Key="a", Body=b"x" * 2048)
    item = left()["s3:bucket kept"]
    assert item.price.basis == "4.0 KiB in 2 objects, old versions included"
    assert item.price.usd == pytest.approx(4096 / 1024**3 * 0.024)


def test_a_topic_and_a_key_are_found_and_a_key_that_awaits_its_deletion_is_free() -> None:
    arn = client("sns").create_topic(Name="alerts", Tags=TAGS)["TopicArn"]
    kms = client("kms")
    keys = [kms.create_key(Tags=[{"TagKey": t["Key"], "TagValue": t["Value"]} for t in TAGS]) for _ in range(2)]
    kept, going = (each["KeyMetadata"]["KeyId"] for each in keys)
    kms.schedule_key_deletion(KeyId=going)
    found = left()
    assert found[f"sns:topic {arn.rpartition(':')[2]}"].command.startswith(f"aws sns delete-topic --topic-arn {arn}")
    assert (found[f"kms:key {kept}"].price.usd, found[f"kms:key {going}"].price.usd) == (1.0, 0.0)


def test_a_certificate_of_cloudfront_is_found_in_its_own_region() -> None:
    arn = client("acm", "us-east-1").request_certificate(DomainName="www.example.org", Tags=TAGS)["CertificateArn"]
    item = left()[f"acm:certificate {arn.rpartition('/')[2]}"]
    assert (item.region, item.price.usd) == ("us-east-1", 0)
    assert item.command == f"aws acm delete-certificate --certificate-arn {arn} --region us-east-1"


def _listed(monkeypatch: pytest.MonkeyPatch, *arns: str) -> None:
    """Let AWS's list of tagged things have these too."""
    inner = Account.all

    def more(self: Account, service: str, operation: str, items: str, *, region: str, **arguments: Any) -> Any:
        if operation == "get_resources" and region == PARIS and len(arguments["TagFilters"]) == 2:
            yield from ({"ResourceARN": arn, "Tags": TAGS} for arn in arns)
        yield from inner(self, service, operation, items, region=region, **arguments)

    monkeypatch.setattr(Account, "all", more)


DELETED_LATELY = (
    "arn:aws:eks:eu-west-3:123456789012:cluster/socle-test",
    "arn:aws:eks:eu-west-3:123456789012:nodegroup/socle-test/main/1ab2",
    "arn:aws:s3:::kept",
    "arn:aws:sns:eu-west-3:123456789012:alerts",
    "arn:aws:logs:eu-west-3:123456789012:log-group:/aws/eks/socle-test/cluster:*",
    "arn:aws:acm:eu-west-3:123456789012:certificate/3c2d6b41-5b0e-4c57-a1dd-9d63bb8bbd7f",
    "arn:aws:cloudfront::123456789012:distribution/E123",
    "arn:aws:route53:::hostedzone/Z123",
    "arn:aws:cloudwatch:eu-west-3:123456789012:alarm:nodes",
    "arn:aws:secretsmanager:eu-west-3:123456789012:secret:token-a1b2c3",
    "arn:aws:kms:eu-west-3:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "arn:aws:budgets::123456789012:budget/socle-test-budget-budget-a1b2c3",
    "arn:aws:scheduler:eu-west-3:123456789012:schedule-group/socle-test-sleep-group-a1b2c3",
    "arn:aws:ec2:eu-west-3:123456789012:volume/vol-0123456789abcdef0",
    "arn:aws:elasticloadbalancing:eu-west-3:123456789012:loadbalancer/net/web/0123456789abcdef",
)


def test_what_is_listed_and_was_deleted_lately_is_not_left(monkeypatch: pytest.MonkeyPatch) -> None:
    _listed(monkeypatch, *DELETED_LATELY)
    assert left() == {}


def test_a_budget_is_found_with_the_command_that_deletes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = {"Amount": "100", "Unit": "USD"}
    budget = {"BudgetName": "b", "BudgetLimit": limit, "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    client("budgets").create_budget(AccountId="123456789012", Budget=budget)
    _listed(monkeypatch, "arn:aws:budgets::123456789012:budget/b")
    item = left()["budgets:budget b"]
    assert (item.price.usd, item.reason) == (0.0, "tags project=socle, stack=test")
    assert item.command == "aws budgets delete-budget --account-id 123456789012 --budget-name b"


def test_a_group_of_schedules_is_found_and_its_schedules_go_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    arn: str = client("scheduler").create_schedule_group(Name="socle-test-sleep-group")["ScheduleGroupArn"]
    _listed(monkeypatch, arn)
    item = left()["scheduler:schedule-group socle-test-sleep-group"]
    assert (item.price.usd, item.region) == (0.0, PARIS)
    assert item.command.startswith(
        "aws scheduler delete-schedule-group --name socle-test-sleep-group --region eu-west-3 "
    )


MONITOR = "arn:aws:ce::123456789012:anomalymonitor/1"
SUBSCRIPTION = "arn:aws:ce::123456789012:anomalysubscription/2"


@pytest.fixture
def explorer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """A client of Cost Explorer that answers as it is told: moto knows no anomalies."""
    ce: Any = client("ce", "us-east-1")
    real: Any = cast(Any, boto3).client

    def given(service: str, **options: Any) -> Any:
        return ce if service == "ce" else real(service, **options)

    monkeypatch.setattr("tools.account.boto3.client", given)
    _listed(monkeypatch, MONITOR, SUBSCRIPTION)
    with Stubber(ce) as stub:
        yield stub


def test_what_watches_for_unusual_costs_is_found_with_the_command_that_deletes_it(explorer: Stubber) -> None:
    monitor = {"MonitorArn": MONITOR, "MonitorName": "m", "MonitorType": "CUSTOM"}
    told = {"SubscriptionArn": SUBSCRIPTION, "MonitorArnList": [MONITOR], "Subscribers": [], "Frequency": "DAILY"}
    explorer.add_response("get_anomaly_monitors", {"AnomalyMonitors": [monitor]}, {"MonitorArnList": [MONITOR]})
    explorer.add_response(
        "get_anomaly_subscriptions",
        {"AnomalySubscriptions": [{**told, "SubscriptionName": "s"}]},
        {"SubscriptionArnList": [SUBSCRIPTION]},
    )
    commands = {key: item.command for key, item in left().items()}
    assert commands == {
        "ce:anomalymonitor 1": f"aws ce delete-anomaly-monitor --monitor-arn {MONITOR} --region us-east-1",
        "ce:anomalysubscription 2": (
            f"aws ce delete-anomaly-subscription --subscription-arn {SUBSCRIPTION} --region us-east-1"
        ),
    }


def test_what_watched_for_unusual_costs_and_is_gone_is_not_left(explorer: Stubber) -> None:
    explorer.add_client_error("get_anomaly_monitors", "UnknownMonitorException")
    explorer.add_client_error("get_anomaly_subscriptions", "UnknownSubscriptionException")
    assert left() == {}


def test_a_secret_in_its_days_of_recovery_is_not_left(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = client("secretsmanager")
    arn: str = secrets.create_secret(Name="token", SecretString="x")["ARN"]
    _listed(monkeypatch, arn)
    assert [each.price.usd for each in left().values()] == [0.4]
    secrets.delete_secret(SecretId=arn)
    assert left() == {}


def test_a_kind_that_cannot_be_looked_up_is_listed_as_such_without_a_price(monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:backup:eu-west-3:123456789012:backup-vault:old"
    _listed(monkeypatch, arn)
    item = left()["backup:backup-vault old"]
    assert (item.reason, item.price.usd) == ("tags project=socle, stack=test (not verified)", None)
    assert arn in item.command


def test_roles_are_found_which_the_list_of_tagged_things_lacks() -> None:
    iam = client("iam")
    for name, tags in (("socle-test-main-role", TAGS), ("socle-test-2-main-role", OTHERS)):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}", Tags=tags)
    assert set(left()) == {"iam:role socle-test-main-role"}
