"""A change that breaks every rule there is; each violation bears the name under which the tests look for it."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

cloud = aws.Provider("cloud", region="eu-west-3", skip_credentials_validation=True)
cluster = kubernetes.Provider("cluster", kubeconfig="{}")
on_aws, on_cluster = pulumi.ResourceOptions(provider=cloud), pulumi.ResourceOptions(provider=cluster)
EVERYBODY = "0.0.0.0/0"
ACCOUNT = "arn:aws:iam::123456789012"


def document(*statements: dict[str, object]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


network = aws.ec2.Vpc("network", cidr_block="10.0.0.0/16", opts=on_aws)
group = aws.ec2.SecurityGroup("door", vpc_id=network.id, description="open", opts=on_aws)
aws.vpc.SecurityGroupIngressRule(
    "ssh", security_group_id=group.id, ip_protocol="tcp", from_port=22, to_port=22, cidr_ipv4=EVERYBODY, opts=on_aws
)
subnets = [
    aws.ec2.Subnet(
        f"public-{zone}",
        vpc_id=network.id,
        cidr_block=f"10.0.{number}.0/24",
        availability_zone=f"eu-west-3{zone}",
        map_public_ip_on_launch=True,
        opts=on_aws,
    )
    for number, zone in enumerate("ab")
]
for name in ("one", "two"):
    address = aws.ec2.Eip(f"address-{name}", domain="vpc", opts=on_aws)
    aws.ec2.NatGateway(f"nat-{name}", subnet_id=subnets[0].id, allocation_id=address.id, opts=on_aws)

aws.ec2.LaunchTemplate(
    "machines",
    image_id="ami-0123456789abcdef0",
    instance_type="t3.small",
    metadata_options={"http_tokens": "optional", "http_endpoint": "enabled"},
    user_data="UEFTU1dPUkQ9aHVudGVyMmh1bnRlcjI=",
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"encrypted": "false", "volume_type": "gp3"}}],
    opts=on_aws,
)
files = aws.s3.Bucket("files", force_destroy=True, opts=on_aws)
aws.kms.Key("key", enable_key_rotation=False, opts=on_aws)
aws.cloudwatch.LogGroup("logs", opts=on_aws)
aws.cloudtrail.Trail("trail", s3_bucket_name=files.bucket, opts=on_aws)
aws.secretsmanager.Secret("login", recovery_window_in_days=0, opts=on_aws)

GITHUB = "token.actions.githubusercontent.com"
role = aws.iam.Role(
    "pipelines",
    assume_role_policy=document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": f"{ACCOUNT}:oidc-provider/{GITHUB}"},
            "Condition": {"StringLike": {f"{GITHUB}:sub": "repo:devu42/*:pull_request"}},
        }
    ),
    opts=on_aws,
)
aws.iam.RolePolicy(
    "all",
    role=role.name,
    policy=document(
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
    ),
    opts=on_aws,
)
aws.iam.User("person", opts=on_aws)

aws.eks.Cluster(
    "kubernetes",
    role_arn=role.arn,
    version="1.31",
    vpc_config={
        "subnet_ids": [each.id for each in subnets],
        "endpoint_public_access": True,
        "public_access_cidrs": [EVERYBODY],
    },
    access_config={"authentication_mode": "CONFIG_MAP"},
    opts=on_aws,
)
aws.acm.Certificate("tls", domain_name="devu42.fr", validation_method="EMAIL", opts=on_aws)
for name in ("web", "web-again"):
    aws.lb.LoadBalancer(
        name,
        load_balancer_type="application",
        subnets=[each.id for each in subnets],
        security_groups=[group.id],
        opts=on_aws,
    )
aws.cloudfront.Distribution(
    "site",
    enabled=True,
    origins=[{"domain_name": files.bucket_regional_domain_name, "origin_id": "files"}],
    default_cache_behavior={
        "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"],
        "target_origin_id": "files",
        "viewer_protocol_policy": "allow-all",
        "cache_policy_id": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    },
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={"cloudfront_default_certificate": True},
    opts=on_aws,
)
function = aws.lambda_.Function(
    "glue",
    role=role.arn,
    runtime="python3.8",
    handler="main.run",
    s3_bucket=files.bucket,
    s3_key="glue.zip",
    opts=on_aws,
)
aws.lambda_.Permission("anybody", function=function.name, action="lambda:InvokeFunction", principal="*", opts=on_aws)
aws.ecr.Repository("images", image_tag_mutability="MUTABLE", opts=on_aws)
aws.codebuild.Project(
    "build",
    service_role=role.arn,
    artifacts={"type": "NO_ARTIFACTS"},
    environment={
        "type": "ARM_CONTAINER",
        "compute_type": "BUILD_GENERAL1_SMALL",
        "image": "aws/codebuild/standard:7.0",
        "privileged_mode": True,
    },
    source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
    opts=on_aws,
)

kubernetes.core.v1.Namespace("app", metadata={"name": "app"}, opts=on_cluster)
kubernetes.apps.v1.Deployment(
    "pods",
    metadata={"name": "pods", "namespace": "app"},
    spec={
        "selector": {"match_labels": {"app": "app"}},
        "template": {
            "metadata": {"labels": {"app": "app"}},
            "spec": {"containers": [{"name": "app", "image": "nginx:latest"}]},
        },
    },
    opts=on_cluster,
)
