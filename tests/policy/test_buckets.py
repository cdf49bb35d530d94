"""Which settings are those of which bucket, whatever a preview knows of names."""

from dataclasses import replace

import pytest

from policy.rules.buckets import BLOCK, BUCKET, LIFECYCLE, VERSIONING, of_bucket
from policy.rules.model import UNKNOWN, Context, NotEvaluated, Resource, Stack
from tests.policy.cases import one
from tests.policy.test_rules import PRODUCTION, broken

FILES = replace(one(BUCKET, "files"), parent="urn:files")
OTHER = replace(one(BUCKET, "other"), parent="urn:other")
VERSIONS = replace(one(VERSIONING, "versions", bucket=UNKNOWN), links={"bucket": (FILES.urn,)})
EXPIRY = replace(one(LIFECYCLE, "expiry", bucket=UNKNOWN), links={"bucket": (VERSIONS.urn,)})
"""Its bucket's name comes by way of the versions, which have to be there first."""


def lifecycles(bucket: Resource, *parts: Resource, context: Context = PRODUCTION) -> list[str]:
    stack = Stack([FILES, OTHER, *parts], context)
    return [each.name for each in of_bucket(stack, bucket, LIFECYCLE)]


def test_a_name_that_comes_by_way_of_another_part_is_followed_to_its_bucket() -> None:
    assert lifecycles(FILES, VERSIONS, EXPIRY) == ["expiry"]
    assert lifecycles(OTHER, VERSIONS, EXPIRY) == []


def test_a_name_that_is_known_decides_where_links_end_at_another_part() -> None:
    known = replace(EXPIRY, inputs={"bucket": "socle-files-1"}, links={"bucket": ("urn:elsewhere",)})
    files, other = (replace(each, inputs={"bucket": f"socle-{each.name}-1"}) for each in (FILES, OTHER))
    stack = Stack([files, other, known], PRODUCTION)
    assert [each.name for each in of_bucket(stack, files, LIFECYCLE)] == ["expiry"]
    assert of_bucket(stack, other, LIFECYCLE) == []


def test_without_names_and_links_parts_belong_to_the_bucket_of_their_component() -> None:
    part = replace(one(LIFECYCLE, "expiry", bucket=UNKNOWN), parent="urn:files")
    assert lifecycles(FILES, part) == ["expiry"]


def test_where_nobody_tells_of_which_bucket_a_part_is_nothing_is_claimed() -> None:
    part = replace(one(LIFECYCLE, "expiry", bucket=UNKNOWN), parent="urn:elsewhere")
    with pytest.raises(NotEvaluated, match="bucket"):
        lifecycles(FILES, part)


def test_links_that_go_round_end() -> None:
    first, second = (one(BLOCK, name, bucket=UNKNOWN) for name in ("first", "second"))
    looped = [replace(first, links={"bucket": (second.urn,)}), replace(second, links={"bucket": (first.urn,)})]
    assert of_bucket(Stack([FILES, *looped], PRODUCTION), FILES, BLOCK) == []


def test_a_bucket_whose_lifecycle_is_linked_by_its_versions_breaks_no_rule_on_lifecycles() -> None:
    rule = {
        "status": "Enabled",
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    versions = replace(VERSIONS, inputs={"bucket": UNKNOWN, "versioningConfiguration": {"status": "Enabled"}})
    expiry = replace(EXPIRY, inputs={"bucket": UNKNOWN, "rules": [rule]})
    assert broken("S3-03", (FILES, versions, expiry)) == []
