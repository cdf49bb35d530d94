"""AWS permissions of the pods that run under one Kubernetes service account of an EKS cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam


@dataclass(frozen=True, kw_only=True)
class PodIdentityArgs:
    """Inputs of `PodIdentity`."""

    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster, on which the add-on `eks-pod-identity-agent` hands the credentials out."""
    cluster_arn: pulumi.Input[str]
    """ARN of the same cluster."""
    namespace: str
    """Kubernetes namespace of the service account; it may come later."""
    service_account: str
    """Name of the service account; it may come later."""
    policy: pulumi.Input[str] | None = None
    """JSON policy document of what the pods may do."""
    managed_policy_arns: Sequence[str] = ()
    """Policies that AWS maintains, with or without `policy`."""

    def __post_init__(self) -> None:
        """Refuse a role that may do nothing."""
        if self.policy is None and not self.managed_policy_arns:
            raise ValueError("policy or managed_policy_arns must say what the pods may do, got neither")


class PodIdentity(pulumi.ComponentResource):
    """A role that the pods of one service account, in one cluster, take on without any stored key.

    Credentials are handed out when a pod is created: what runs the pods depends on this component.
    """

    role_arn: pulumi.Output[str]
    """Role of the pods."""

    def __init__(self, name: str, args: PodIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:PodIdentity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=pulumi.Output.from_input(args.cluster_arn).apply(
                lambda arn: pod_trust(arn, args.namespace, args.service_account)
            ),
            opts=child,
        )
        if args.policy is not None:
            aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=args.policy, opts=child)
        for arn in args.managed_policy_arns:
            key = arn.rpartition("/")[2]
            aws.iam.RolePolicyAttachment(f"{name}-policy-{key}", role=role.name, policy_arn=arn, opts=child)
        aws.eks.PodIdentityAssociation(
            f"{name}-association",
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            opts=child,
        )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})


def pod_trust(cluster_arn: str, namespace: str, service_account: str) -> str:
    """JSON trust policy for the pods of one service account in one cluster.

    The conditions are the session tags that EKS sets: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    """
    return iam.trust(
        "pods.eks.amazonaws.com",
        actions=("sts:AssumeRole", "sts:TagSession"),
        conditions={
            "StringEquals": {
                "aws:RequestTag/eks-cluster-arn": cluster_arn,
                "aws:RequestTag/kubernetes-namespace": namespace,
                "aws:RequestTag/kubernetes-service-account": service_account,
            }
        },
    )
