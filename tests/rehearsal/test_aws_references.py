import pytest

from rehearsal.world import World
from tests.rehearsal.simulation import ROLE, SUBNET, TRUST, VPC, Refused, Stack


@pytest.fixture
def vpc(aws: Stack) -> str:
    return aws.create(VPC, "main", cidrBlock="10.0.0.0/16")["id"]


def test_a_reference_to_an_id_that_does_not_exist_is_refused(aws: Stack) -> None:
    with pytest.raises(Refused, match=r"^vpcId: vpc-0123456789abcdef0 does not exist"):
        aws.create(SUBNET, "a", vpcId="vpc-0123456789abcdef0", cidrBlock="10.0.0.0/24")


def test_a_reference_to_a_name_that_does_not_exist_is_refused(aws: Stack) -> None:
    with pytest.raises(Refused, match=r"^bucket: socle does not exist: no such Bucket in this account$"):
        aws.create(
            "aws:s3/bucketVersioning:BucketVersioning",
            "socle",
            bucket="socle",
            versioningConfiguration={"status": "Enabled"},
        )


def test_a_name_of_another_type_is_no_reference(aws: Stack) -> None:
    aws.create(ROLE, "socle", name="socle", assumeRolePolicy=TRUST)
    with pytest.raises(Refused, match="no such Bucket"):
        aws.create(
            "aws:s3/bucketVersioning:BucketVersioning",
            "socle",
            bucket="socle",
            versioningConfiguration={"status": "Enabled"},
        )


def test_an_arn_of_the_account_that_names_nothing_is_refused(aws: Stack) -> None:
    with pytest.raises(Refused, match=r"^roleArn: .*:role/nobody does not exist"):
        aws.create(
            "aws:eks/cluster:Cluster",
            "main",
            name="main",
            roleArn="arn:aws:iam::123456789012:role/nobody",
            vpcConfig={"subnetIds": []},
        )


def test_principals_may_exist_apart_from_the_stack(aws: Stack, vpc: str) -> None:
    subnets = [
        aws.create(SUBNET, str(n), vpcId=vpc, cidrBlock=f"10.0.{n}.0/24", availabilityZone=f"eu-west-3{z}")["id"]
        for n, z in enumerate("ab")
    ]
    role = aws.create(ROLE, "eks", assumeRolePolicy=TRUST)["arn"]
    aws.create("aws:eks/cluster:Cluster", "main", name="main", roleArn=role, vpcConfig={"subnetIds": subnets})
    entry = aws.create(
        "aws:eks/accessEntry:AccessEntry",
        "admin",
        clusterName="main",
        principalArn="arn:aws:iam::123456789012:role/admin",
    )
    assert entry["id"] == "main:arn:aws:iam::123456789012:role/admin"


def test_a_subnet_outside_its_vpc_is_refused(aws: Stack, vpc: str) -> None:
    with pytest.raises(
        Refused, match=r"^InvalidSubnet.Range: cidrBlock 10.9.0.0/24 is not inside its VPC's 10.0.0.0/16$"
    ):
        aws.create(SUBNET, "a", vpcId=vpc, cidrBlock="10.9.0.0/24")


def test_a_subnet_that_overlaps_another_is_refused(aws: Stack, vpc: str) -> None:
    aws.create(SUBNET, "a", vpcId=vpc, cidrBlock="10.0.0.0/20")
    with pytest.raises(Refused, match=r"^InvalidSubnet.Conflict: cidrBlock 10.0.8.0/24 overlaps 10.0.0.0/20"):
        aws.create(SUBNET, "b", vpcId=vpc, cidrBlock="10.0.8.0/24")


def test_subnets_of_two_vpcs_may_overlap(aws: Stack, vpc: str) -> None:
    other = aws.create(VPC, "other", cidrBlock="10.0.0.0/16")["id"]
    aws.create(SUBNET, "a", vpcId=vpc, cidrBlock="10.0.0.0/24")
    aws.create(SUBNET, "b", vpcId=other, cidrBlock="10.0.0.0/24")


def test_a_subnet_may_change_without_overlapping_itself(aws: Stack, vpc: str) -> None:
    aws.create(SUBNET, "a", vpcId=vpc, cidrBlock="10.0.0.0/24")
    assert aws.update(SUBNET, "a", vpcId=vpc, cidrBlock="10.0.0.0/24", mapPublicIpOnLaunch=True)["mapPublicIpOnLaunch"]


def test_what_is_in_use_cannot_be_deleted_until_its_user_is(aws: Stack, vpc: str, world: World) -> None:
    aws.create(SUBNET, "a", vpcId=vpc, cidrBlock="10.0.0.0/24")
    with pytest.raises(Refused, match=rf"^DependencyViolation: {VPC} {vpc} cannot be deleted: vpcId of {SUBNET}"):
        aws.delete(VPC, "main")
    aws.delete(SUBNET, "a")
    aws.delete(VPC, "main")
    assert world.all() == []


def test_a_delete_of_what_is_gone_already_succeeds(aws: Stack, vpc: str) -> None:
    aws.delete(VPC, "main")
    aws.delete(VPC, "main")


def test_a_second_route_to_the_same_destination_is_refused(aws: Stack, vpc: str) -> None:
    table = aws.create("aws:ec2/routeTable:RouteTable", "private", vpcId=vpc)["id"]
    gateway = aws.create("aws:ec2/internetGateway:InternetGateway", "door", vpcId=vpc)["id"]
    route = {"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway}
    aws.create("aws:ec2/route:Route", "first", **route)
    with pytest.raises(Refused, match="AlreadyExists: a Route called"):
        aws.create("aws:ec2/route:Route", "second", **route)


def test_a_cluster_does_not_move_to_another_vpc(aws: Stack, vpc: str) -> None:
    other = aws.create(VPC, "other", cidrBlock="10.1.0.0/16")["id"]
    here = aws.create(SUBNET, "here", vpcId=vpc, cidrBlock="10.0.0.0/24")["id"]
    there = aws.create(SUBNET, "there", vpcId=other, cidrBlock="10.1.0.0/24")["id"]
    role = aws.create(ROLE, "eks", assumeRolePolicy=TRUST)["arn"]
    cluster = {"name": "main", "roleArn": role}
    aws.create("aws:eks/cluster:Cluster", "main", **cluster, vpcConfig={"subnetIds": [here]})
    with pytest.raises(Refused, match="main stays in the VPC in which it was created: destroy the stack first"):
        aws.update("aws:eks/cluster:Cluster", "main", **cluster, vpcConfig={"subnetIds": [there]})


def test_a_record_that_may_overwrite_takes_the_place_of_another(aws: Stack) -> None:
    zone = aws.create("aws:route53/zone:Zone", "zone", name="example.org")["id"]
    record = {"zoneId": zone, "name": "a.example.org", "type": "A", "ttl": 60, "records": ["198.51.100.1"]}
    aws.create("aws:route53/record:Record", "first", **record)
    with pytest.raises(Refused, match="AlreadyExists"):
        aws.create("aws:route53/record:Record", "second", **record)
    assert aws.create("aws:route53/record:Record", "third", **record, allowOverwrite=True)["fqdn"] == "a.example.org"
