import pytest

from rehearsal.aws import lookups
from rehearsal.aws.lookups import answer, is_given
from rehearsal.check import Refusal
from rehearsal.wire import Properties

PARIS = "eu-west-3"
FCK_NAT: Properties = {
    "owners": ["568608671756"],
    "filters": [{"name": "name", "values": ["fck-nat-al2023-*-arm64-ebs"]}],
}


@pytest.mark.parametrize(
    ("region", "zone_ids"),
    [
        ("eu-west-3", ["euw3-az1", "euw3-az2", "euw3-az3"]),
        ("us-east-1", ["use1-az1", "use1-az2", "use1-az3"]),
    ],
)
def test_a_region_has_three_zones(region: str, zone_ids: list[str]) -> None:
    found = answer("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"}, region)
    assert found["names"] == [f"{region}a", f"{region}b", f"{region}c"]
    assert found["zoneIds"] == zone_ids
    assert found["state"] == "available"


def test_the_newest_image_of_an_owner_is_found() -> None:
    found = answer("aws:ec2/getAmi:getAmi", FCK_NAT, PARIS)
    assert found["name"].startswith("fck-nat-al2023-hvm-1.4.0-")
    assert found["id"].startswith("ami-")
    assert found["architecture"] == "arm64"


@pytest.mark.parametrize("release", ["noble-24.04", "jammy-22.04"])
@pytest.mark.parametrize(("built", "architecture"), [("amd64", "x86_64"), ("arm64", "arm64")])
def test_ubuntu_has_its_newest_image_of_each_release_and_processor(release: str, built: str, architecture: str) -> None:
    pattern = f"ubuntu/images/hvm-ssd*/ubuntu-{release}-{built}-server-*"
    filters = [{"name": "name", "values": [pattern]}, {"name": "architecture", "values": [architecture]}]
    found = answer("aws:ec2/getAmi:getAmi", {"owners": ["099720109477"], "filters": filters}, PARIS)
    folder = "hvm-ssd-gp3" if release.startswith("noble") else "hvm-ssd"
    assert found["name"].startswith(f"ubuntu/images/{folder}/ubuntu-{release}-{built}-server-2026")
    assert found["architecture"] == lookups.image_architecture(found["id"], PARIS) == architecture
    assert lookups.image_architecture(found["id"], "eu-west-1") is None


def test_an_image_has_an_id_of_its_own_in_every_region() -> None:
    ids = {answer("aws:ec2/getAmi:getAmi", FCK_NAT, region)["id"] for region in (PARIS, "eu-west-1")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    "args",
    [
        {**FCK_NAT, "owners": ["000000000000"]},
        {**FCK_NAT, "filters": [{"name": "name", "values": ["no-such-image-*"]}]},
        {**FCK_NAT, "filters": [*FCK_NAT["filters"], {"name": "architecture", "values": ["x86_64"]}]},
    ],
)
def test_an_image_that_nobody_publishes_is_refused(args: Properties) -> None:
    with pytest.raises(Refusal, match="no image in the simulated account matches the owner and filters"):
        answer("aws:ec2/getAmi:getAmi", args, PARIS)


def test_a_hosted_zone_is_the_same_at_every_look_up_and_given() -> None:
    zones = [
        answer("aws:route53/getZone:getZone", {"name": name}, PARIS) for name in ("devu42.fr", "devu42.fr.", "x.fr")
    ]
    assert zones[0]["zoneId"] == zones[1]["zoneId"] != zones[2]["zoneId"]
    assert is_given(zones[0]["zoneId"])
    assert len(zones[0]["nameServers"]) == 4
    assert not is_given("Z0123456789ABCDEFGHIJ")


def test_the_account_and_partition_are_aws_s_examples() -> None:
    caller = answer("aws:index/getCallerIdentity:getCallerIdentity", {}, PARIS)
    assert caller["accountId"] == "123456789012"
    assert answer("aws:index/getPartition:getPartition", {}, PARIS)["partition"] == "aws"
    assert answer("aws:index/getRegion:getRegion", {}, PARIS)["region"] == PARIS


def test_a_region_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refusal, match=r"^mars-north-1 is not an AWS region$"):
        answer("aws:index/getRegion:getRegion", {}, "mars-north-1")


def test_a_look_up_that_nobody_prepared_is_refused_with_the_place_to_add_it() -> None:
    with pytest.raises(Refusal) as refusal:
        answer("aws:ec2/getVpc:getVpc", {}, PARIS)
    assert str(refusal.value) == (
        "the rehearsal has no answer for the look-up aws:ec2/getVpc:getVpc: add one in rehearsal/aws/lookups.py"
    )
    assert lookups.__name__ == "rehearsal.aws.lookups"
