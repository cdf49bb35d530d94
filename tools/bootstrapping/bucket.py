"""Whether the bucket of the states is there, ours, and where the answers say."""

from typing import Any, cast

from botocore.exceptions import ClientError

from bootstrap.answers import FILE
from tools.bootstrapping.means import BootstrapRefused, Team
from tools.sentences import BAD_INPUT

_KEY = "socle-bootstrap:bucket"


def bucket_exists(team: Team) -> bool:
    """Whether the bucket exists. Raises `BootstrapRefused` when it is somebody else's, or in another region."""
    name = team.backend.bucket
    try:
        # Asked of an owner: a bucket of another account answers 403 even where its policy lets everybody in.
        answer = team.client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=team.account)
    except ClientError as error:
        response = cast(dict[str, Any], error.response)
        region = str(response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region", ""))
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status == 404:  # noqa: PLR2004 (not found)
            return False
        if status == 403:  # noqa: PLR2004 (forbidden)
            raise BootstrapRefused(
                f"{name}: this bucket belongs to somebody else, or these credentials ({team.person}) may not see it: "
                f"name another with {_KEY} in {FILE}, or take credentials that may",
                BAD_INPUT,
            ) from None
        if region and region != team.answers.region:
            raise _elsewhere(team, name, region) from None
        raise
    region = str(answer.get("BucketRegion") or team.answers.region)
    if region != team.answers.region:
        raise _elsewhere(team, name, region)
    return True


def _elsewhere(team: Team, name: str, region: str) -> BootstrapRefused:
    return BootstrapRefused(
        f"{name}: this bucket is in {region}, and aws:region in {FILE} says {team.answers.region}: "
        f"write {region} there, or name another bucket with {_KEY}",
        BAD_INPUT,
    )
