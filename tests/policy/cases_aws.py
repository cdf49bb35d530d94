# ruff: noqa: E501 (one case a line reads as the table that it is)
"""Cases of the rules on AWS."""

from typing import Any

from policy.rules.model import Resource
from tests.policy.cases import (
    BLOCK,
    BUCKET,
    FLAGS,
    INSTANCE,
    OWNERSHIP,
    POLICY,
    RELEASE,
    ROLE,
    SEALED,
    SSE,
    TAGS,
    VERSIONING,
    VPC,
    Case,
    allow,
    cluster,
    denying,
    document,
    lifecycle,
    one,
    pod,
    settings_of,
    template,
    trust,
    way,
)

GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
FLOW = "aws:ec2/flowLog:FlowLog"
KEY = "aws:kms/key:Key"
SECRET = "aws:secretsmanager/secret:Secret"
PARAMETER = "aws:ssm/parameter:Parameter"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
TRAIL = "aws:cloudtrail/trail:Trail"
GATEWAY = "aws:ec2/natGateway:NatGateway"
USER = "aws:iam/user:User"
PUBLIC = {"deviceIndex": 0, "associatePublicIpAddress": "true"}
NAT_TAGS = [{"resourceType": each, "tags": {**TAGS, "Name": "main-nat"}} for each in ("instance", "volume")]
SUBJECT = "repo:devu42/infrastructure:ref:refs/heads/main"
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
PASSED = {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
bucket = one(BUCKET)
kept = settings_of(VERSIONING, versioningConfiguration={"status": "Enabled"})
block, owned = settings_of(BLOCK, **FLAGS), settings_of(OWNERSHIP, rule={"objectOwnership": "BucketOwnerEnforced"})


def sse(algorithm: str, **more: Any) -> Resource:
    return settings_of(SSE, rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}, **more}])


CASES = [
    Case("EKS-01", (cluster(), cluster(vpcConfig={"endpointPublicAccess": False})), (
        (cluster(vpcConfig={"endpointPublicAccess": True}),),
        (cluster(vpcConfig={"publicAccessCidrs": ["203.0.113.0/24", "0.0.0.0/0"]}),),
    )),
    Case("EKS-02", (cluster(),), ((cluster(enabledClusterLogTypes=["api"]),), (cluster(enabledClusterLogTypes=None),))),
    Case("EKS-03", (cluster(),), ((cluster(encryptionConfig=None),),)),
    Case("EKS-04", (cluster(),), (
        (cluster(upgradePolicy=None),), (cluster(version="1.33"),), (cluster(version="1.34"),), (cluster(version="1.29"),),
    )),
    Case("EKS-05", (cluster(),), (
        (cluster(accessConfig={"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": False}),),
        (cluster(accessConfig={"authenticationMode": "API"}),),
        (one("aws:eks/accessEntry:AccessEntry", kubernetesGroups=["system:masters"]),),
    )),
    Case("EC2-01", (template(), template(metadataOptions={"httpEndpoint": "disabled"})), (
        (template(metadataOptions=None),), (template(metadataOptions={"httpTokens": "optional"}),),
        (template(metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 2}),),
        (one("aws:eks/nodeGroup:NodeGroup", instanceTypes=[]),),
    )),
    Case("EC2-02", (template(), one(INSTANCE, rootBlockDevice={"encrypted": True})), (
        (template(blockDeviceMappings=[]),), (one(INSTANCE),), (one("aws:ebs/volume:Volume"),),
        (template(blockDeviceMappings=[{"deviceName": "a", "ebs": {"encrypted": "false"}}]),),
        (one("kubernetes:storage.k8s.io/v1:StorageClass", provisioner="ebs.csi.aws.com", parameters={}),),
        (one("aws:ebs/encryptionByDefault:EncryptionByDefault", enabled=False),),
    )),
    Case("EC2-03", (way(), way(cidrIpv4="203.0.113.0/24", fromPort=22, toPort=22)), (
        (way(fromPort=22, toPort=22),), (way(ipProtocol="-1"),), (way(fromPort=0, toPort=65535),),
        (way(cidrIpv4=None, cidrIpv6="::/0", fromPort=6443, toPort=6443),),
        (one("aws:ec2/securityGroup:SecurityGroup",
             ingress=[{"protocol": "tcp", "fromPort": 2300, "toPort": 2400, "cidrBlocks": ["0.0.0.0/0"]}]),),
        (one("aws:ec2/securityGroupRule:SecurityGroupRule", type="ingress", protocol="tcp", fromPort=3389, toPort=3389,
             cidrBlocks=["0.0.0.0/0"]),),
        (one("aws:eks/nodeGroup:NodeGroup", launchTemplate={}, remoteAccess={"ec2SshKey": "k"}),),
    )),
    Case("EC2-04", (
        template(networkInterfaces=[PUBLIC], tagSpecifications=NAT_TAGS),
        one(INSTANCE, associatePublicIpAddress=True, tags={"Name": "bastion"}),
        one("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=False),
    ), (
        (template(networkInterfaces=[PUBLIC]),), (one(INSTANCE, associatePublicIpAddress=True, tags={"Name": "n-1"}),),
        (one("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=True),), (one("eks:index:Cluster", nodeAssociatePublicIpAddress=True),),
    )),
    Case("EC2-05", (
        template(userData="IyEvYmluL3NoCg=="), one(RELEASE, values={"existingSecret": "login", "password": SEALED}),
        one("aws:lambda/function:Function", environment={"variables": {"SECRET_NAME": "login"}}),
        pod({"env": [{"name": "DB_PASSWORD", "value": SEALED}, {"name": "API_KEY", "valueFrom": {}}, {"name": "MODE", "value": "x"}]}),
    ), (
        (pod({"env": [{"name": "DB_PASSWORD", "value": "hunter22"}]}),), (pod({"env": [{"name": "X", "value": "glpat-abcdefghijklmnopqrst"}]}),),
        (template(userData=SEALED),), (template(userData="UEFTU1dPUkQ9aHVudGVyMmh1bnRlcjI="),),
        (one(RELEASE, values={"auth": {"password": "hunter22"}}),), (one(RELEASE, values={"x": ["glpat-abcdefghijklmnopqrst"]}),),
        (one("aws:lambda/function:Function", environment={"variables": {"DB_PASSWORD": "hunter22"}}),),
        (one("aws:codebuild/project:Project", environment={"environmentVariables": [{"name": "API_KEY", "value": "x"}]}),),
        (one("kubernetes:core/v1:ConfigMap", data={"token": "hunter22"}),),
    )),
    Case("NET-01", (one(VPC), one(GROUP)), ((one(VPC),), (one(VPC), one(GROUP, ingress=[{"protocol": "-1"}])))),
    Case("NET-02", (one(VPC), one(FLOW, logDestinationType="s3", trafficType="ALL")), (
        (one(VPC),), (one(VPC), one(FLOW)), (one(VPC), one(FLOW, logDestinationType="s3", trafficType="ACCEPT")),
    )),
    Case("S3-01", (bucket, block, owned), (
        (bucket,), (bucket, block), (bucket, owned), (one(BUCKET, acl="public-read"), block, owned),
        *((bucket, settings_of(BLOCK, **{**FLAGS, flag: False}), owned) for flag in FLAGS),
        (bucket, block, settings_of(OWNERSHIP, rule={"objectOwnership": "ObjectWriter"})),
    )),
    Case("S3-02", (bucket, sse("AES256")), (
        (bucket,), (bucket, sse("none")), (bucket, sse("aws:kms")), (bucket, settings_of(SSE, rules=[])),
    )),
    Case("S3-03", (bucket, kept, lifecycle()), (
        (bucket,), (bucket, kept, lifecycle(noncurrentVersionExpiration=None)), (bucket, lifecycle()),
        (bucket, kept, lifecycle(abortIncompleteMultipartUpload=None)), (bucket, kept, lifecycle(status="Disabled")),
    )),
    Case("S3-04", (bucket, denying()), (
        (bucket,), (bucket, denying(Condition={})), (bucket, denying(Action="s3:GetObject")), (bucket, denying(Effect="Allow")),
    )),
    Case("IAM-01", (trust(aud="sts.amazonaws.com", sub=SUBJECT, repository_id="1"),), (
        (trust(sub=SUBJECT, repository_id="1"),), (trust(aud="sts.amazonaws.com", repository_id="1"),),
        (trust(aud="sts.amazonaws.com", sub=SUBJECT),), (trust(aud="a", sub="repo:*", repository_id="1"),),
        (trust(aud="a", sub="repo:devu42/infrastructure:pull_request", repository_id="1"),),
        (trust(operator="ForAllValues:StringEquals", aud="a", sub=SUBJECT, repository_id="1"),),
        (one(ROLE, assumeRolePolicy=document({**OPEN, "Action": "sts:AssumeRole"})),),
    )),
    Case("IAM-02", (one(POLICY, policy=document(allow("s3:GetObject", "arn:aws:s3:::x/*"))),), (
        (one(POLICY, policy=document(allow("*"))),), (one(POLICY, policy=document(allow(["s3:*"]))),),
        (one(POLICY, policy=document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),),
        (one("aws:iam/rolePolicyAttachment:RolePolicyAttachment", policyArn="arn:aws:iam::aws:policy/AdministratorAccess"),),
        (one(ROLE, managedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]),),
    )),
    Case("IAM-03", (one(POLICY, policy=document(allow("iam:PassRole", "arn:aws:iam::1:role/x", **PASSED))),), (
        (one(POLICY, policy=document(allow("iam:PassRole", "*", **PASSED))),),
        (one(POLICY, policy=document(allow("iam:PassRole", "arn:aws:iam::1:role/x"))),),
        (one(POLICY, policy=document(allow("iam:PutRolePolicy"))),),
    )),
    Case("IAM-04", (one(ROLE),), ((one(USER),), (one("aws:iam/accessKey:AccessKey", user="x"),))),
    Case("KMS-01", (one(KEY, enableKeyRotation=True), one(KEY, customerMasterKeySpec="RSA_2048")), (
        (one(KEY),), (one(KEY, enableKeyRotation=True, policy=document(OPEN)),),
    )),
    Case("SEC-01", (one(SECRET, recoveryWindowInDays=7), one(PARAMETER, name="image", type="String", value="x")), (
        (one(SECRET, recoveryWindowInDays=0),), (one(PARAMETER, name="db-password", type="String", value="x"),),
        (one(PARAMETER, name="x", type="String", value=SEALED),),
    )),
    Case("LOG-01", (one(LOGS, retentionInDays=30),), (
        (one(LOGS),), (one(LOGS, retentionInDays=365),), (one(LOGS, retentionInDays=7, name="/aws/eks/x/cluster"),),
    )),
    Case("LOG-02", (one(TRAIL, isMultiRegionTrail=True, enableLogFileValidation=True),), (
        (one(TRAIL, enableLogFileValidation=True),), (one(TRAIL, isMultiRegionTrail=True),),
        (one(TRAIL, isMultiRegionTrail=True, enableLogFileValidation=True, enableLogging=False),),
    )),
    Case("COST-02", (
        one(GATEWAY), one("aws:ec2/route:Route", natGatewayId="n"), one("aws:ec2/vpcEndpoint:VpcEndpoint", serviceName="a.s3"),
    ), (
        (one(GATEWAY, "a"), one(GATEWAY, "b")), (one(GATEWAY, availabilityMode="regional"),),
        (one("aws:ec2/route:Route", natGatewayId="n"),),
    )),
]  # fmt: skip
