"""What keeps every rule as far as its preview tells, and breaks one by a value that comes with the update."""

import json

import pulumi
import pulumi_aws as aws

from components.private_bucket import PrivateBucket, PrivateBucketArgs

TAGS = {"project": "socle", "stack": "prod", "owner": "devu42", "managed-by": "pulumi"}
cloud = aws.Provider("cloud", region="eu-west-3", skip_credentials_validation=True, default_tags={"tags": TAGS})
child = pulumi.ResourceOptions(provider=cloud)
archive = PrivateBucket("archive", PrivateBucketArgs(noncurrent_days=30), pulumi.ResourceOptions(providers=[cloud]))
archive.allow([])


def everything(arn: str) -> str:
    """A policy that allows all, on one bucket."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": arn}]})


trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
role = aws.iam.Role(
    "reader", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}), opts=child
)
aws.iam.RolePolicy("late", role=role.name, policy=archive.arn.apply(everything), opts=child)
