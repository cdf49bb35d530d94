"""For every rule, resources that keep it and resources that break it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policy.rules.model import Resource, Sealed

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A rule, a stack that keeps it, and stacks that break it."""

    rule: str
    good: tuple[Resource, ...]
    bad: tuple[tuple[Resource, ...], ...]


def one(type_: str, called: str = "x", /, *, protect: Any = None, links: Any = None, **inputs: Any) -> Resource:
    """A resource."""
    return Resource(type=type_, name=called, inputs=inputs, urn=f"urn:{type_}:{called}", protect=protect, links=links)


def document(*statements: Inputs) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> Inputs:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


CLUSTER = "aws:eks/cluster:Cluster"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
WAY = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RELEASE = "kubernetes:helm.sh/v3:Release"
VPC = "aws:ec2/vpc:Vpc"
BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SPACE = "kubernetes:core/v1:Namespace"
GITHUB = "token.actions.githubusercontent.com"
TAGS = {"project": "socle", "stack": "prod", "owner": "devu42", "managed-by": "pulumi"}
FLAGS = {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}


def trust(**conditions: Any) -> Resource:
    """A role that GitHub's pipelines take."""
    principal = {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{GITHUB}"}
    named = {f"{GITHUB}:{key}": value for key, value in conditions.items() if key != "operator"}
    operator = conditions.get("operator", "StringEquals")
    statement = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": principal}
    return one(ROLE, assumeRolePolicy=document({**statement, "Condition": {operator: named}}))


def cluster(**changes: Any) -> Resource:
    """A cluster that keeps every rule, with changes."""
    kept: dict[str, Any] = {
        "vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]},
        "enabledClusterLogTypes": ["audit", "authenticator"],
        "encryptionConfig": {"resources": ["secrets"], "provider": {"keyArn": "arn"}},
        "version": "1.36",
        "upgradePolicy": {"supportType": "STANDARD"},
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
    }
    return one(CLUSTER, **{**kept, **changes})


def pod(container: Inputs | None = None, **changes: Any) -> Resource:
    """A deployment that keeps every rule, with changes."""
    own = {
        "name": "app",
        "image": "ghcr.io/devu42/app:1.0.0",
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{**own, **(container or {})}],
    }
    return one(
        DEPLOYMENT,
        metadata={"name": "app", "namespace": "app"},
        spec={"template": {"spec": {**spec, **changes}}},
    )


def denying(**changes: Any) -> Resource:
    """A bucket's policy that refuses plain HTTP, with changes."""
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
    return one(BUCKET_POLICY, bucket="x", policy=document({**statement, **changes}))


def template(**changes: Any) -> Resource:
    """A launch template that keeps every rule, with changes."""
    kept: dict[str, Any] = {
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "blockDeviceMappings": [{"deviceName": "a", "ebs": {"encrypted": "true", "volumeType": "gp3"}}],
        "tagSpecifications": [{"resourceType": each, "tags": TAGS} for each in ("instance", "volume")],
        "instanceType": "t4g.small",
    }
    return one(TEMPLATE, **{**kept, **changes})


def way(**changes: Any) -> Resource:
    """A way in for visitors, with changes."""
    return one(WAY, **{"ipProtocol": "tcp", "cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 443, **changes})


def lifecycle(**changes: Any) -> Resource:
    """A bucket's lifecycle, with changes."""
    rule = {
        "status": "Enabled",
        "filter": {"prefix": ""},
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    return one(LIFECYCLE, bucket="x", rules=[{**rule, **changes}])


def settings_of(type_: str, **inputs: Any) -> Resource:
    """A part of the bucket `x`."""
    return one(type_, bucket="x", **inputs)


SEALED = Sealed("of-the-state")
