"""Container Insights: what lets CloudWatch see inside an EKS cluster."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam, versions
from components.cluster import Cluster

# EKS's add-on makes this namespace and this service account.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/install-CloudWatch-Observability-EKS-addon.html
NAMESPACE, SERVICE_ACCOUNT = "amazon-cloudwatch", "cloudwatch-agent"
# The agent writes metrics as log lines, which CloudWatch reads at once; nobody needs the lines afterwards.
_KEPT_DAYS = 1


@dataclass(frozen=True, kw_only=True)
class ContainerInsightsArgs:
    """Inputs of `ContainerInsights`."""

    cluster: Cluster
    """EKS cluster that is measured."""
    account_id: pulumi.Input[str]
    """Account of the cluster."""
    region: str
    """Region of the cluster."""


def container_insights_policy(log_group_arn: str) -> str:
    """What the agent may do in AWS: write measurements to its one log group."""
    return iam.document(
        iam.statement(
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [log_group_arn, f"{log_group_arn}:log-stream:*"],
        ),
        # Describing instances has no resource-level permissions; it finds the volumes and tags of the agent's node.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        iam.statement(["ec2:DescribeTags", "ec2:DescribeVolumes"], ["*"]),
    )


def addon_settings() -> str:
    """Settings of the add-on: metrics only, since logs and traces are billed by the GB."""
    off = {"enabled": False}
    collected = {"kubernetes": {"enhanced_container_insights": True}}
    return json.dumps(
        {
            "agent": {"config": {"logs": {"metrics_collected": collected}}},
            "containerLogs": off,
            # Traces: otherwise its webhook puts an agent into every pod behind a service.
            "applicationSignals": off,
            "manager": {"applicationSignals": {"autoMonitor": {"monitorAllServices": False}}},
            # The same measurements a second time, and the two programs that only they need.
            "otelContainerInsights": off,
            "kubeStateMetrics": off,
            "nodeExporter": off,
        }
    )


class ContainerInsights(pulumi.ComponentResource):
    """The agents of Container Insights, which measure nodes and pods for CloudWatch.

    Billed by the measurement: some 500 a minute and node with 15 pods are 22 million a month, 4.60 USD a node at 0.21
    USD a million. Without it CloudWatch sees no memory and no pods. Opens nothing.
    """

    log_group_name: pulumi.Output[str]
    """Log group through which measurements pass."""

    def __init__(self, name: str, args: ContainerInsightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:ContainerInsights", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        # The agent would make this very group by itself, without retention and without anybody who deletes it.
        group = aws.cloudwatch.LogGroup(
            f"{name}-log-group",
            name=pulumi.Output.concat("/aws/containerinsights/", args.cluster.name, "/performance"),
            retention_in_days=_KEPT_DAYS,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(delete_before_replace=True)),
        )
        arn = pulumi.Output.concat("arn:aws:logs:", args.region, ":", args.account_id, ":log-group:", group.name)
        grants = args.cluster.grant(
            name, namespace=NAMESPACE, service_account=SERVICE_ACCOUNT, policy=arn.apply(container_insights_policy)
        )
        aws.eks.Addon(
            f"{name}-addon",
            cluster_name=args.cluster.name,
            addon_name="amazon-cloudwatch-observability",
            addon_version=versions.EKS_CLOUDWATCH.version,
            configuration_values=addon_settings(),
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            # Its pods need nodes, which the name of the cluster does not promise and its Kubernetes provider does;
            # and they need their permissions when they start.
            opts=pulumi.ResourceOptions.merge(
                child, pulumi.ResourceOptions(depends_on=[args.cluster.provider, *grants])
            ),
        )
        self.log_group_name = group.name
        self.register_outputs({"log_group_name": self.log_group_name})
