"""What the simulated account has apart from any stack: zones of a region, machine images, hosted zones."""

import fnmatch
from collections.abc import Callable

from rehearsal.aws.schemas import region_exists
from rehearsal.aws.templates import ACCOUNT, fill
from rehearsal.check import Refusal
from rehearsal.wire import Properties

_HOSTED_ZONE_PREFIX = "ZGIVEN"

# Images that our stacks look up, newest last: owner, name, architecture. The names are real ones of each publisher.
_IMAGES = (
    ("568608671756", "fck-nat-al2023-hvm-1.3.0-20240125-arm64-ebs", "arm64"),
    ("568608671756", "fck-nat-al2023-hvm-1.4.0-20260126-arm64-ebs", "arm64"),
    ("568608671756", "fck-nat-al2023-hvm-1.4.0-20260801-arm64-ebs", "arm64"),
    ("099720109477", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260827", "x86_64"),
    ("099720109477", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20260827", "arm64"),
    ("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260801", "x86_64"),
    ("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260901", "x86_64"),
    ("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20260801", "arm64"),
    ("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20260901", "arm64"),
)


def is_given(value: str) -> bool:
    """Whether a reference names something that exists apart from the stack."""
    return value.startswith(_HOSTED_ZONE_PREFIX)


def answer(token: str, args: Properties, region: str) -> Properties:
    """Answer of an AWS data source. Raises `Refusal` for one that the rehearsal does not know, or finds nothing for."""
    if not region_exists(region):
        raise Refusal(f"{region} is not an AWS region")
    if token not in _ANSWERS:
        raise Refusal(f"the rehearsal has no answer for the look-up {token}: add one in rehearsal/aws/lookups.py")
    return {"id": region, **args, **_ANSWERS[token](args, region)}


def _zones(args: Properties, region: str) -> Properties:
    names = [f"{region}{letter}" for letter in "abc"]
    ids = [f"{_short(region)}-az{number}" for number in (1, 2, 3)]
    return {"names": names, "zoneIds": ids, "groupNames": [region]}


def _short(region: str) -> str:
    """AWS's abbreviation in zone ids: eu-west-3 is euw3."""
    area, side, number = region.split("-")[-3:]
    return f"{area}{''.join(word[0] for word in side.split('-'))}{number}"


def _caller(args: Properties, region: str) -> Properties:
    return {
        "id": ACCOUNT,
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/rehearsal",
        "userId": "AIDAREHEARSAL00000000",
    }


def _region(args: Properties, region: str) -> Properties:
    return {"name": region, "region": region, "endpoint": f"ec2.{region}.amazonaws.com", "description": region}


def _partition(args: Properties, region: str) -> Properties:
    return {"partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def _image(args: Properties, region: str) -> Properties:
    filters = {entry["name"]: entry["values"] for entry in args.get("filters", [])}
    found = [
        (owner, name, architecture)
        for owner, name, architecture in _IMAGES
        if owner in args.get("owners", [])
        and any(fnmatch.fnmatch(name, pattern) for pattern in filters.get("name", ["*"]))
        and architecture in filters.get("architecture", [architecture])
    ]
    if not found:
        raise Refusal("your query returned no results: no image in the simulated account matches the owner and filters")
    owner, name, architecture = found[-1]
    image = _image_id(name, region)
    return {"id": image, "imageId": image, "name": name, "architecture": architecture, "ownerId": owner}


def image_architecture(image: str, region: str) -> str | None:
    """Processor that an image is for; None where the region has no such image."""
    return next((built for _, name, built in _IMAGES if _image_id(name, region) == image), None)


def _image_id(name: str, region: str) -> str:
    return str(fill("ami-{hex17}", {}, f"{region}|{name}"))


def _hosted_zone(args: Properties, region: str) -> Properties:
    name = str(args.get("name", "")).rstrip(".")
    zone = str(fill(_HOSTED_ZONE_PREFIX + "{capitals14}", {}, name))
    servers = [f"ns-{number}.awsdns-0{number}.{tld}" for number, tld in enumerate(("com", "net", "org", "co.uk"), 1)]
    return {
        "id": zone,
        "zoneId": zone,
        "name": name,
        "nameServers": servers,
        "arn": f"arn:aws:route53:::hostedzone/{zone}",
    }


_ANSWERS: dict[str, Callable[[Properties, str], Properties]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:ec2/getAmi:getAmi": _image,
    "aws:route53/getZone:getZone": _hosted_zone,
}
