"""Simulated pulumi-eks: registers the children that the real component registers, under the same names."""

import hashlib
import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pulumi_kubernetes as kubernetes
from pulumi.provider import ConstructResult

from rehearsal.eks_security_groups import cluster_group, node_group
from rehearsal.wire import object_in

Inputs = dict[str, Any]
_MANAGED_POLICY = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
_DEFAULT_ADDON = "v1.20.1-eksbuild.1"
"""Version of a core add-on that the caller did not pin; the real component asks AWS for its default."""


def construct(
    name: str, resource_type: str, inputs: Inputs, options: pulumi.ResourceOptions | None = None
) -> ConstructResult:
    """Register a component of pulumi-eks with its children; raises `ValueError` for one that is not known here."""
    build = {
        "eks:index:Cluster": _cluster,
        "eks:index:ManagedNodeGroup": _managed_node_group,
        "eks:index:Addon": _addon,
    }.get(resource_type)
    if build is None:
        raise ValueError(f"the rehearsal does not know {resource_type}; it has Cluster, ManagedNodeGroup and Addon")
    component = pulumi.ComponentResource(resource_type, name, {}, options)
    state = build(name, inputs, pulumi.ResourceOptions(parent=component))
    component.register_outputs(state)
    return ConstructResult(component.urn, state)


def _cluster(name: str, inputs: Inputs, child: pulumi.ResourceOptions) -> Inputs:
    role = _service_role(f"{name}-eksRole", child)
    guarded = not inputs.get("skipDefaultSecurityGroups")
    group = cluster_group(name, inputs, child) if guarded else None
    cluster = _control_plane(name, inputs, role, group, child)
    kube_proxy = object_in(inputs, "kubeProxyAddonOptions")
    _core_addon(f"{name}-kube-proxy", "kube-proxy", cluster, kube_proxy, child)
    kubeconfig = pulumi.Output.json_dumps(_kubeconfig(cluster), sort_keys=True)
    provider = kubernetes.Provider(f"{name}-eks-k8s", kubeconfig=kubeconfig, opts=child)
    _vpc_cni(f"{name}-vpc-cni", cluster, inputs.get("vpcCniOptions") or {}, child)
    made_by_eks = cluster.vpc_config.cluster_security_group_id
    return {
        "eksCluster": cluster,
        "kubeconfig": pulumi.Output.secret(kubeconfig).apply(json.loads),
        "kubeconfigJson": pulumi.Output.secret(kubeconfig),
        **(node_group(name, inputs, cluster, group, child) if group is not None else {}),
        "clusterSecurityGroupId": group.id if group is not None else made_by_eks,
        "instanceRoles": [],
        "awsProvider": None,
        "core": {
            "cluster": cluster,
            "endpoint": cluster.endpoint,
            "instanceRoles": [],
            "nodeGroupOptions": {},
            "provider": provider,
            "subnetIds": cluster.vpc_config.subnet_ids,
            "vpcId": inputs["vpcId"],
        },
    }


def _service_role(name: str, child: pulumi.ResourceOptions) -> aws.iam.Role:
    holder = pulumi.ComponentResource("eks:index:ServiceRole", name, {}, child)
    inner = pulumi.ResourceOptions(parent=holder)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Effect": "Allow",
                "Principal": {"Service": "eks.amazonaws.com"},
            }
        ],
    }
    role = aws.iam.Role(
        f"{name}-role",
        description="Allows EKS to manage clusters on your behalf.",
        assume_role_policy=json.dumps(trust),
        opts=inner,
    )
    suffix = hashlib.sha1(_MANAGED_POLICY.encode(), usedforsecurity=False).hexdigest()[:8]
    attachment = aws.iam.RolePolicyAttachment(
        f"{name}-{suffix}", role=role.name, policy_arn=_MANAGED_POLICY, opts=inner
    )
    holder.register_outputs({"role": role})
    role.__dict__["attachment"] = attachment  # the cluster waits for it, as the real component's does
    return role


def _control_plane(
    name: str, inputs: Inputs, role: aws.iam.Role, group: aws.ec2.SecurityGroup | None, child: pulumi.ResourceOptions
) -> aws.eks.Cluster:
    subnets: list[Any] = [*(inputs.get("publicSubnetIds") or []), *(inputs.get("privateSubnetIds") or [])]
    key = inputs.get("encryptionConfigKeyArn")
    mode = inputs.get("authenticationMode")
    return aws.eks.Cluster(
        f"{name}-eksCluster",
        name=inputs.get("name"),
        role_arn=role.arn,
        version=inputs.get("version"),
        access_config={"authentication_mode": mode, "bootstrap_cluster_creator_admin_permissions": True}
        if mode
        else None,
        bootstrap_self_managed_addons=inputs.get("bootstrapSelfManagedAddons", True),
        deletion_protection=inputs.get("deletionProtection"),
        enabled_cluster_log_types=inputs.get("enabledClusterLogTypes"),
        encryption_config={"provider": {"key_arn": key}, "resources": ["secrets"]} if key is not None else None,
        upgrade_policy=_snake_upgrade_policy(inputs.get("upgradePolicy")),
        vpc_config={
            "endpoint_private_access": inputs.get("endpointPrivateAccess"),
            "endpoint_public_access": inputs.get("endpointPublicAccess"),
            "public_access_cidrs": inputs.get("publicAccessCidrs"),
            "security_group_ids": [group.id] if group is not None else None,
            "subnet_ids": subnets or inputs.get("subnetIds") or [],
        },
        tags=pulumi.Output.from_input(inputs.get("clusterTags") or {}).apply(
            lambda tags: {"Name": f"{name}-eksCluster", **tags}
        ),
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[role.__dict__["attachment"]])),
    )


def _snake_upgrade_policy(policy: Any) -> Any:
    return {"support_type": policy["supportType"]} if policy else None


def _core_addon(
    name: str,
    addon: str,
    cluster: aws.eks.Cluster,
    options: Inputs,
    child: pulumi.ResourceOptions,
) -> None:
    values = options.get("configurationValues")
    aws.eks.Addon(
        name,
        addon_name=addon,
        addon_version=options.get("version") or options.get("addonVersion") or _DEFAULT_ADDON,
        cluster_name=cluster.name,
        configuration_values=pulumi.Output.json_dumps(values, sort_keys=True) if values else None,
        preserve=True,
        resolve_conflicts_on_create=options.get("resolveConflictsOnCreate", "OVERWRITE"),
        resolve_conflicts_on_update=options.get("resolveConflictsOnUpdate", "OVERWRITE"),
        service_account_role_arn=options.get("serviceAccountRoleArn"),
        opts=child,
    )


def _vpc_cni(name: str, cluster: aws.eks.Cluster, options: Inputs, child: pulumi.ResourceOptions) -> None:
    holder = pulumi.ComponentResource("eks:index:VpcCniAddon", name, {}, child)
    values: Inputs = {"env": {"AWS_VPC_ENI_MTU": "9001", "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "false"}}
    if options.get("enableNetworkPolicy"):
        values["enableNetworkPolicy"] = "true"
    merged = {**options, "configurationValues": {**values, **object_in(options, "configurationValues")}}
    _core_addon(name, "vpc-cni", cluster, merged, pulumi.ResourceOptions(parent=holder))
    holder.register_outputs({})


def _kubeconfig(cluster: aws.eks.Cluster) -> Inputs:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "kubernetes",
                "cluster": {
                    "server": cluster.endpoint,
                    "certificate-authority-data": cluster.certificate_authority.data,
                },
            }
        ],
        "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
        "current-context": "aws",
        "users": [
            {
                "name": "aws",
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": "aws",
                        "args": ["eks", "get-token", "--cluster-name", cluster.name, "--output", "json"],
                    }
                },
            }
        ],
    }


def _managed_node_group(name: str, inputs: Inputs, child: pulumi.ResourceOptions) -> Inputs:
    template = inputs.get("launchTemplate")
    scaling = inputs.get("scalingConfig")
    ignored = ["scalingConfig.desiredSize"] if inputs.get("ignoreScalingChanges") else []
    group = aws.eks.NodeGroup(
        name,
        cluster_name=_name_of(inputs["cluster"]),
        ami_type=inputs.get("amiType"),
        capacity_type=inputs.get("capacityType"),
        instance_types=inputs.get("instanceTypes"),
        labels=inputs.get("labels"),
        launch_template=template,
        node_group_name=inputs.get("nodeGroupName"),
        node_role_arn=inputs.get("nodeRoleArn") or inputs["nodeRole"].arn,
        scaling_config=pulumi.Output.from_input(scaling).apply(_snake_scaling),
        subnet_ids=inputs.get("subnetIds"),
        tags=inputs.get("tags"),
        version=inputs.get("version"),
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(ignore_changes=ignored)),
    )
    return {"nodeGroup": group, "placementGroupName": ""}


def _snake_scaling(scaling: Any) -> Any:
    wanted: Inputs = {"desiredSize": 2, "maxSize": 2, "minSize": 1, **(scaling or {})}
    return {f"{key[:-4]}_size": int(value) for key, value in wanted.items()}


def _addon(name: str, inputs: Inputs, child: pulumi.ResourceOptions) -> Inputs:
    values = inputs.get("configurationValues")
    addon = aws.eks.Addon(
        name,
        addon_name=inputs["addonName"],
        addon_version=inputs.get("addonVersion"),
        cluster_name=_name_of(inputs["cluster"]),
        configuration_values=pulumi.Output.json_dumps(values, sort_keys=True) if values else None,
        preserve=inputs.get("preserve"),
        resolve_conflicts_on_create=inputs.get("resolveConflictsOnCreate"),
        resolve_conflicts_on_update=inputs.get("resolveConflictsOnUpdate"),
        service_account_role_arn=inputs.get("serviceAccountRoleArn"),
        opts=child,
    )
    return {"addon": addon}


def _name_of(cluster: Any) -> pulumi.Output[str]:
    """Name of the cluster behind a reference to a `pulumi_eks.Cluster` or its core data."""
    if isinstance(cluster, eks.Cluster):
        return cluster.eks_cluster.apply(lambda found: found.name)
    return pulumi.Output.from_input(cluster).apply(
        lambda c: c.eks_cluster.apply(lambda found: found.name) if isinstance(c, eks.Cluster) else c["cluster"].name
    )
