# ruff: noqa: E501 (one case a line reads as the table that it is)
"""A program that breaks rules, and the real engine on it, in rehearsal."""

import os
import textwrap
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from rehearsal.engine import Engine
from rehearsal.session import environment, running_cloud
from rehearsal.workspace import open_workspace
from tests.rehearsal.checkouts import ROOT, copy_project
from tools.changes.event_log import previewed
from tools.changes.model import Preview
from tools.changes.reader import read_preview
from tools.pulumi_cli import Done, Program

STACK = "prod"
BROKEN = {
    "EC2-01", "EC2-02", "EC2-03", "EC2-04", "EC2-05", "NET-01", "S3-01", "S3-02", "S3-03", "S3-04", "IAM-01", "IAM-02",
    "IAM-03", "KMS-01", "SEC-01", "LOG-01", "EDGE-01", "EDGE-03", "K8S-01", "K8S-02", "K8S-03", "K8S-04", "K8S-05",
    "COST-02", "SAFE-01", "TAG-01",
}  # fmt: skip
"""Mandatory rules of production that the program breaks on resources, apart from what only a preview's plan tells."""
PROGRAM = """
import json
import pulumi, pulumi_aws as aws, pulumi_kubernetes as kubernetes

cloud = aws.Provider("aws", region="eu-west-3", skip_credentials_validation=True)
cluster = kubernetes.Provider("cluster", kubeconfig="{}")
on_aws, on_cluster = pulumi.ResourceOptions(provider=cloud), pulumi.ResourceOptions(provider=cluster)
network = aws.ec2.Vpc("network", cidr_block="10.0.0.0/16", opts=on_aws)
group = aws.ec2.SecurityGroup("door", vpc_id=network.id, description="open", opts=on_aws)
aws.vpc.SecurityGroupIngressRule(
    "ssh", security_group_id=group.id, ip_protocol="tcp", from_port=22, to_port=22, cidr_ipv4="0.0.0.0/0", opts=on_aws)
subnets = [
    aws.ec2.Subnet(f"public-{n}", vpc_id=network.id, cidr_block=f"10.0.{n}.0/24", availability_zone=f"eu-west-3{z}",
                   map_public_ip_on_launch=True, opts=on_aws)
    for n, z in enumerate("ab")
]
aws.ec2.LaunchTemplate(
    "machines", image_id="ami-0123456789abcdef0", instance_type="t4g.small",
    metadata_options={"http_tokens": "optional", "http_endpoint": "enabled"}, user_data="UEFTU1dPUkQ9aHVudGVyMmh1bnRlcjI=",
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"encrypted": "false", "volume_type": "gp3"}}], opts=on_aws)
for name in ("one", "two"):
    aws.ec2.NatGateway(
        name, subnet_id=subnets[0].id, allocation_id=aws.ec2.Eip(name, domain="vpc", opts=on_aws).id, opts=on_aws)
files = aws.s3.Bucket("files", force_destroy=True, opts=on_aws)
aws.kms.Key("key", enable_key_rotation=False, opts=on_aws)
aws.cloudwatch.LogGroup("logs", opts=on_aws)
aws.secretsmanager.Secret("login", recovery_window_in_days=0, opts=on_aws)
trust = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
    "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:devu42/*:pull_request"}}}]}
role = aws.iam.Role("pipelines", assume_role_policy=json.dumps(trust), opts=on_aws)
aws.iam.RolePolicy("all", role=role.name, opts=on_aws, policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}))
aws.acm.Certificate("tls", domain_name="devu42.fr", validation_method="EMAIL", opts=on_aws)
balancer = aws.lb.LoadBalancer(
    "web", load_balancer_type="application", subnets=[each.id for each in subnets], security_groups=[group.id], opts=on_aws)
kubernetes.core.v1.Namespace("app", metadata={"name": "app"}, opts=on_cluster)
kubernetes.apps.v1.Deployment("app", metadata={"name": "app", "namespace": "app"}, opts=on_cluster, spec={
    "selector": {"match_labels": {"app": "app"}},
    "template": {"metadata": {"labels": {"app": "app"}},
                 "spec": {"containers": [{"name": "app", "image": "nginx:latest"}]}}})
"""


@dataclass
class Engines:
    """The engine on the program."""

    run: Program

    def pulumi(self, *arguments: str) -> Done:
        """What a command says."""
        return self.run([*arguments, "--stack", STACK, "--non-interactive"], False)

    def packed(self, verb: str = "preview", *more: str) -> Done:
        """What the engine says with the policy pack."""
        return self.pulumi(verb, "--policy-pack", str(ROOT / "policy"), *more)

    def preview(self) -> Preview:
        """A preview without the pack, read."""
        done = previewed(self.run, ["preview", "--non-interactive", "--stack", STACK], {})
        return read_preview(STACK, done.output, done.code, done.errors)


@contextmanager
def planted(folder: Path, engine: Engine) -> Generator[Engines]:
    """A checkout whose stack `prod` is the program, not deployed."""
    checkout = copy_project(folder)
    (folder / "stack" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "__main__.py").write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
    settings = {"config": {"aws:region": "eu-west-3", "socle:owner": "devu42"}}
    checkout.stack_file(STACK).write_text(yaml.safe_dump(settings), encoding="utf-8")
    workspace = open_workspace(STACK, folder)
    with running_cloud(workspace) as cloud:
        run = Program(workspace.folder, {**os.environ, **environment(workspace, engine, cloud)})
        found = Engines(run)
        done = found.pulumi("stack", "init")
        assert done.code == 0, done.errors
        yield found
