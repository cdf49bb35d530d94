# ruff: noqa: E501 (one case a line reads as the table that it is)
"""Unsafe values for the security-relevant inputs of the stacks that are shipped."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from policy.rules.model import Resource

REMOVED: Final = object()
"""Takes an input away."""


@dataclass(frozen=True)
class Mutation:
    """One input of one type of resource, made unsafe in a stack."""

    stack: str
    type: str
    path: str
    unsafe: Any
    name: str = ""
    """End of the resource's name; any resource of the type that has the input when empty."""

    def __str__(self) -> str:
        return f"{self.stack} {self.type.rpartition(':')[2]} {self.name} {self.path}={str(self.unsafe)[:30]}"

    def of(self, resources: Sequence[Resource]) -> Iterator[list[Resource]]:
        """The stack with the first resource that fits mutated."""
        for index, each in enumerate(resources):
            if each.type == self.type and each.name.endswith(self.name):
                inputs = copy.deepcopy(dict(each.inputs))
                if _set(inputs, self.path.split("/"), self.unsafe):
                    yield [*resources[:index], replace(each, inputs=inputs), *resources[index + 1 :]]
                    return


def _set(inputs: Any, path: list[str], unsafe: Any) -> bool:
    value: Any = inputs
    for step in path[:-1]:
        value = cast(list[Any], value)[int(step)] if isinstance(value, list) else cast(dict[str, Any], value).get(step)
        if value is None:
            return False
    if unsafe is REMOVED:
        return cast(dict[str, Any], value).pop(path[-1], None) is not None
    if isinstance(value, list):
        value[int(path[-1])] = unsafe
    else:
        value[path[-1]] = unsafe
    return True


EKS, TEMPLATE, INSTANCE = "eks:index:Cluster", "aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance"
WAY, SUBNET = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:ec2/subnet:Subnet"
BLOCK, OWNER = (
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
)
SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFE, VERSIONS = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
)
BUCKET, BUCKET_POLICY = "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"
ROLE, POLICY, ATTACHED = (
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
)
KEY, LOGS, SECRET = "aws:kms/key:Key", "aws:cloudwatch/logGroup:LogGroup", "aws:secretsmanager/secret:Secret"
SITE, OAC = "aws:cloudfront/distribution:Distribution", "aws:cloudfront/originAccessControl:OriginAccessControl"
CERT, LISTENER, BALANCER = (
    "aws:acm/certificate:Certificate",
    "aws:lb/listener:Listener",
    "aws:lb/loadBalancer:LoadBalancer",
)
SPACE, POD, JOB = "kubernetes:core/v1:Namespace", "kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job"
NETWORK, RELEASE = "kubernetes:networking.k8s.io/v1:NetworkPolicy", "kubernetes:helm.sh/v3:Release"
SET, STORAGE, PROVIDER = (
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:storage.k8s.io/v1:StorageClass",
    "pulumi:providers:aws",
)
DATABASE, GROUP, ASG = (
    "kubernetes:postgresql.cnpg.io/v1:Cluster",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:autoscaling/group:Group",
)
ENDPOINT, NODES, VPC = "aws:ec2/vpcEndpoint:VpcEndpoint", "eks:index:ManagedNodeGroup", "aws:ec2/vpc:Vpc"
CONTAINER = "spec/template/spec/containers/0"
_TRUST = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}'
_FORGE = (
    '{"Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/gitlab.com"}, '
    '"Action": "sts:AssumeRoleWithWebIdentity"}]}'
)
_ALL = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
_OPEN = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}'


def _each(stack: str, type_: str, unsafe: dict[str, Any], name: str = "") -> list[Mutation]:
    return [Mutation(stack, type_, path, value, name) for path, value in unsafe.items()]


MUTATIONS = [
    *_each("prod", EKS, {
        "publicAccessCidrs": ["0.0.0.0/0"], "publicAccessCidrs/0": "::/0", "enabledClusterLogTypes": ["api"],
        "encryptionConfigKeyArn": REMOVED, "upgradePolicy": {"supportType": "EXTENDED"}, "upgradePolicy/supportType": REMOVED,
        "version": "1.30", "authenticationMode": "CONFIG_MAP", "nodeAssociatePublicIpAddress": True,
        "vpcCniOptions/enableNetworkPolicy": False,
    }),
    *_each("prod", NODES, {"launchTemplate": REMOVED}),
    *_each("prod", TEMPLATE, {
        "metadataOptions/httpTokens": "optional", "metadataOptions/httpPutResponseHopLimit": 5, "metadataOptions": REMOVED,
        "blockDeviceMappings/0/ebs/encrypted": "false", "blockDeviceMappings": [], "userData": "UEFTU1dPUkQ9aHVudGVyMmh1bnRlcjI=",
        "networkInterfaces": [{"associatePublicIpAddress": "true"}], "tagSpecifications/0/tags/owner": REMOVED,
        "blockDeviceMappings/0/ebs/volumeType": "gp2",
    }, "nodes-main-template"),
    *_each("staging", INSTANCE, {
        "metadataOptions/httpTokens": "optional", "metadataOptions/httpPutResponseHopLimit": 3, "rootBlockDevice/encrypted": False,
        "associatePublicIpAddress": True, "userData": "SzNTX1RPS0VOPXRva2VuOmh1bnRlcjJodW50ZXIy", "rootBlockDevice/tags": {},
        "instanceType": "t3.small",
    }, "server-1"),
    *_each("prod", WAY, {"fromPort": 22, "ipProtocol": "-1"}, "web-http-from-0.0.0.0-0"),
    *_each("staging", WAY, {"cidrIpv4": "0.0.0.0/0"}, "ssh-into-nodes-from-bastion"),
    *_each("staging", WAY, {"cidrIpv4": "0.0.0.0/0"}, "api-from-203.0.113.0-24"),
    *_each("staging", WAY, {"cidrIpv6": "::/0"}, "kubelet-into-nodes-from-nodes"),
    *_each("staging", WAY, {"cidrIpv4": "0.0.0.0/0"}, "etcd-into-servers-from-servers"),
    *_each("prod", SUBNET, {"mapPublicIpOnLaunch": True}),
    *_each("prod", GROUP, {"ingress": [{"protocol": "-1"}], "egress": [{"protocol": "-1"}]}),
    *_each("prod", ENDPOINT, {"serviceName": "com.amazonaws.eu-west-3.ec2"}),
    *_each("prod", BLOCK, dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), False)),
    *_each("prod", BLOCK, {"bucket": "another"}),
    *_each("prod", OWNER, {"rule/objectOwnership": "ObjectWriter", "bucket": "another"}),
    *_each("prod", SSE, {"rules": [], "rules/0/applyServerSideEncryptionByDefault/sseAlgorithm": "none", "bucket": "another"}),
    *_each("prod", VERSIONS, {"versioningConfiguration/status": "Suspended"}),
    *_each("prod", LIFE, {"rules/0/abortIncompleteMultipartUpload": REMOVED, "rules/0/noncurrentVersionExpiration": REMOVED,
                          "rules/0/status": "Disabled"}),
    *_each("prod", BUCKET, {"forceDestroy": True, "acl": "public-read"}),
    *_each("prod", BUCKET_POLICY, {"policy": _OPEN, "bucket": "another"}),
    *_each("prod", ROLE, {"assumeRolePolicy": _TRUST}),
    *_each("prod", ROLE, {"assumeRolePolicy": _FORGE}),
    *_each("prod", ROLE, {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}),
    *_each("prod", POLICY, {"policy": _ALL}),
    *_each("prod", POLICY, {"policy": _ALL.replace('"*", "Resource"', '"iam:PutRolePolicy", "Resource"')}),
    *_each("prod", POLICY, {"policy": _ALL.replace('"*", "Resource"', '"iam:PassRole", "Resource"')}),
    *_each("prod", ATTACHED, {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
    *_each("prod", KEY, {"enableKeyRotation": False, "policy": _OPEN, "deletionWindowInDays": 1}),
    *_each("prod", LOGS, {"retentionInDays": 0}),
    *_each("prod", LOGS, {"retentionInDays": 3650}),
    *_each("staging", SECRET, {"recoveryWindowInDays": 0}),
    *_each("prod", SITE, {
        "defaultCacheBehavior/viewerProtocolPolicy": "allow-all", "orderedCacheBehaviors/0/viewerProtocolPolicy": "allow-all",
        "viewerCertificate/minimumProtocolVersion": "TLSv1", "viewerCertificate": {"cloudfrontDefaultCertificate": True},
        "origins/0/originAccessControlId": REMOVED,
    }),
    *_each("prod", OAC, {"signingBehavior": "never"}),
    *_each("prod", CERT, {"validationMethod": "EMAIL"}),
    *_each("prod", LISTENER, {"protocol": "HTTP"}, "web-http"),
    *_each("prod", LISTENER, {"protocol": "TLS"}, "web-https"),
    *_each("prod", BALANCER, {"loadBalancerType": "application"}),
    *_each("prod", SPACE, {"metadata/labels": {}}, "users-api-namespace"),
    *_each("prod", SPACE, {"metadata/labels": {"pod-security.kubernetes.io/enforce": "privileged"}}, "users-api-namespace"),
    *_each("prod", POD, {
        "spec/template/spec/hostNetwork": True, "spec/template/spec/hostPID": True, "spec/template/spec/hostIPC": True,
        "spec/template/spec/securityContext": {}, "spec/template/spec/securityContext/runAsNonRoot": False,
        "spec/template/spec/securityContext/runAsUser": 0, "spec/template/spec/securityContext/seccompProfile": REMOVED,
        "spec/template/spec/automountServiceAccountToken": True, f"{CONTAINER}/securityContext/privileged": True,
        f"{CONTAINER}/securityContext/allowPrivilegeEscalation": True, f"{CONTAINER}/securityContext/capabilities": {},
        f"{CONTAINER}/securityContext/capabilities/add": ["NET_ADMIN"], f"{CONTAINER}/securityContext": REMOVED,
        f"{CONTAINER}/resources": {}, f"{CONTAINER}/resources/limits": {}, f"{CONTAINER}/image": "registry.gitlab.com/devu42/api:latest",
        "spec/template/spec/volumes": [{"name": "h", "hostPath": {"path": "/"}}],
    }),
    *_each("prod", POD, {f"{CONTAINER}/image": "evil.example.org/api:1.0"}),
    *_each("prod", JOB, {f"{CONTAINER}/securityContext/privileged": True, "spec/template/spec/automountServiceAccountToken": True}),
    *_each("f1-vote", SET, {f"{CONTAINER}/image": "redis", "spec/template/spec/hostNetwork": True}),
    *_each("prod", NETWORK, {
        "spec/podSelector": {"matchLabels": {"a": "b"}}, "spec/policyTypes": ["Egress"], "spec/ingress": [{}],
        "metadata/namespace": "default", "spec/ingress/0/from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}],
    }, "users-api-isolation"),
    *_each("prod", RELEASE, {"version": REMOVED, "values/apiKey": "0123456789abcdef", "values/hostNetwork": True, "values/image": {"tag": "latest"}}, "ingress-controller-release"),
    *_each("prod", DATABASE, {"spec/imageName": "ghcr.io/cloudnative-pg/postgresql:latest"}),
    *_each("prod", STORAGE, {"parameters/encrypted": "false", "parameters/type": "gp2"}),
    *_each("prod", PROVIDER, {"defaultTags": '{"tags": {"project": "socle"}}'}),
    *_each("prod", ASG, {"tags": []}),
    *_each("prod", TEMPLATE, {"networkInterfaces/0/associatePublicIpAddress": "true", "creditSpecification": {"cpuCredits": "unlimited"}}, "nat-template"),
]  # fmt: skip
