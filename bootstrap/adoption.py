"""Takes over what exists in AWS already, in place of failing at its name."""

import json
from collections.abc import Mapping
from typing import Final

import pulumi

VARIABLE: Final = "SOCLE_ADOPT"
"""Variable in which `make bootstrap` says what exists: a mapping in JSON, see `wanted`."""


def wanted(environ: Mapping[str, str]) -> dict[str, str]:
    """Ids of what exists, by type and logical name: `aws:s3/bucket:Bucket state-bucket`. Empty for most runs."""
    return json.loads(environ.get(VARIABLE) or "{}")


def adopting(ids: Mapping[str, str]) -> pulumi.ResourceTransformation:
    """Import the resources of these ids as they are; the next run changes what differs from the program."""

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        id_ = ids.get(f"{args.type_} {args.name}")
        if id_ is None:
            return None
        as_found = pulumi.ResourceOptions(import_=id_, ignore_changes=["*"])
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, as_found))

    return transform
