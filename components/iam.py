"""Policy documents as pure functions; this module creates no resource."""

import json
from collections.abc import Mapping, Sequence
from typing import Literal

Statement = dict[str, object]
"""One statement of a policy document, with AWS's own keys."""
Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]
"""Operator, then condition key, then the value or values that it accepts."""
Principal = Literal["*"] | Mapping[str, str | Sequence[str]]
"""Who a resource policy speaks of: everyone, or ids by kind (`AWS`, `Service`, `Federated`)."""

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
_VERSION = "2012-10-17"


def statement(
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    principal: Principal | None = None,
    conditions: Conditions | None = None,
    effect: Literal["Allow", "Deny"] = "Allow",
    sid: str | None = None,
) -> Statement:
    """Allow or deny `actions` on `resources`; a policy attached to a resource also names its `principal`.

    Raises ValueError when there is no action or no resource: AWS refuses such a statement only at deployment.
    """
    if not actions or not resources:
        raise ValueError("a statement needs at least one action and one resource")
    optional: Statement = {"Sid": sid, "Principal": principal, "Condition": conditions}
    return {
        "Effect": effect,
        "Action": list(actions),
        "Resource": list(resources),
        **{key: value for key, value in optional.items() if value is not None},
    }


def document(*statements: Statement) -> str:
    """Render statements as a JSON policy document.

    Raises ValueError without any statement.
    """
    if not statements:
        raise ValueError("a policy document needs at least one statement")
    return json.dumps({"Version": _VERSION, "Statement": list(statements)})


def trust(service: str, *, actions: Sequence[str] = ("sts:AssumeRole",), conditions: Conditions | None = None) -> str:
    """JSON trust policy of a role that an AWS service takes on, such as `ec2.amazonaws.com`."""
    assume: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    if conditions is not None:
        assume["Condition"] = conditions
    return document(assume)


def tls_only(bucket_arn: str) -> Statement:
    """Deny every request to a bucket or its objects that does not travel over TLS."""
    return statement(
        ["s3:*"],
        [bucket_arn, f"{bucket_arn}/*"],
        principal="*",
        conditions={"Bool": {"aws:SecureTransport": "false"}},
        effect="Deny",
        sid="DenyPlainHttp",
    )
