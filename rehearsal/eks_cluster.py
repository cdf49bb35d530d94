"""The control plane of simulated pulumi-eks: role, cluster, network add-ons, kubeconfig."""

import hashlib
import json
from importlib import metadata
from typing import Any

import pulumi

from rehearsal.eks_security_groups import cluster_group, node_group
from rehearsal.registration import Inputs, Registered, register
from rehearsal.wire import object_in

_MANAGED_POLICY = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
_DEFAULT_ADDON = "v1.20.1-eksbuild.1"
"""Version of a core add-on that the caller did not pin; the real component asks AWS for its default."""


def cluster_with_addons(name: str, inputs: Inputs, child: pulumi.ResourceOptions) -> Inputs:
    """Register the control plane with what belongs to it; returns the outputs of the component."""
    role, attachment = _service_role(f"{name}-eksRole", child)
    guarded = not inputs.get("skipDefaultSecurityGroups")
    group = cluster_group(name, inputs, child) if guarded else None
    after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[attachment]))
    cluster = _control_plane(name, inputs, role, group, after)
    _core_addon(f"{name}-kube-proxy", "kube-proxy", cluster, object_in(inputs, "kubeProxyAddonOptions"), child)
    kubeconfig = pulumi.Output.secret(pulumi.Output.json_dumps(_kubeconfig(cluster), sort_keys=True))
    # Without a version the engine would add that of the first plugin it meets, as a change, at the next update.
    pinned = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(version=metadata.version("pulumi-kubernetes")))
    provider = pulumi.ProviderResource("kubernetes", f"{name}-eks-k8s", {"kubeconfig": kubeconfig}, pinned)
    _vpc_cni(f"{name}-vpc-cni", cluster, object_in(inputs, "vpcCniOptions"), child)
    network = cluster.output("vpcConfig")
    return {
        "eksCluster": cluster,
        "kubeconfig": kubeconfig.apply(json.loads),
        "kubeconfigJson": kubeconfig,
        **(node_group(name, inputs, cluster, group, child) if group is not None else {}),
        "clusterSecurityGroupId": group.id if group is not None else network["clusterSecurityGroupId"],
        "instanceRoles": [],
        "awsProvider": None,
        "core": {
            "cluster": cluster,
            "endpoint": cluster.output("endpoint"),
            "instanceRoles": [],
            "nodeGroupOptions": {},
            "provider": provider,
            "subnetIds": network["subnetIds"],
            "vpcId": inputs["vpcId"],
        },
    }


def _service_role(name: str, child: pulumi.ResourceOptions) -> tuple[Registered, Registered]:
    """The role of the control plane, and what lets it do its work."""
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
    role = register(
        "aws:iam/role:Role",
        f"{name}-role",
        {
            "description": "Allows EKS to manage clusters on your behalf.",
            "assumeRolePolicy": json.dumps(trust),
        },
        inner,
    )
    suffix = hashlib.sha1(_MANAGED_POLICY.encode(), usedforsecurity=False).hexdigest()[:8]
    attachment = register(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        f"{name}-{suffix}",
        {"role": role.output("name"), "policyArn": _MANAGED_POLICY},
        inner,
    )
    holder.register_outputs({"role": role})
    return role, attachment


def _control_plane(
    name: str, inputs: Inputs, role: Registered, group: Registered | None, opts: pulumi.ResourceOptions
) -> Registered:
    subnets: list[Any] = [*(inputs.get("publicSubnetIds") or []), *(inputs.get("privateSubnetIds") or [])]
    mode, key = inputs.get("authenticationMode"), inputs.get("encryptionConfigKeyArn")
    return register(
        "aws:eks/cluster:Cluster",
        f"{name}-eksCluster",
        {
            "name": inputs.get("name"),
            "roleArn": role.output("arn"),
            "version": inputs.get("version"),
            "accessConfig": mode and {"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": True},
            "bootstrapSelfManagedAddons": inputs.get("bootstrapSelfManagedAddons", True),
            "deletionProtection": inputs.get("deletionProtection"),
            "enabledClusterLogTypes": inputs.get("enabledClusterLogTypes"),
            "encryptionConfig": None if key is None else {"provider": {"keyArn": key}, "resources": ["secrets"]},
            "upgradePolicy": inputs.get("upgradePolicy"),
            "vpcConfig": {
                "endpointPrivateAccess": inputs.get("endpointPrivateAccess"),
                "endpointPublicAccess": inputs.get("endpointPublicAccess"),
                "publicAccessCidrs": inputs.get("publicAccessCidrs"),
                "securityGroupIds": None if group is None else [group.id],
                "subnetIds": subnets or inputs.get("subnetIds") or [],
            },
            "tags": pulumi.Output.from_input(inputs.get("clusterTags") or {}).apply(
                lambda tags: {"Name": f"{name}-eksCluster", **tags}
            ),
        },
        opts,
    )


def _core_addon(name: str, addon: str, cluster: Registered, options: Inputs, child: pulumi.ResourceOptions) -> None:
    register(
        "aws:eks/addon:Addon",
        name,
        {
            "addonName": addon,
            "addonVersion": options.get("version") or options.get("addonVersion") or _DEFAULT_ADDON,
            "clusterName": cluster.output("name"),
            "configurationValues": as_json(options.get("configurationValues")),
            "preserve": True,
            "resolveConflictsOnCreate": options.get("resolveConflictsOnCreate", "OVERWRITE"),
            "resolveConflictsOnUpdate": options.get("resolveConflictsOnUpdate", "OVERWRITE"),
            "serviceAccountRoleArn": options.get("serviceAccountRoleArn"),
        },
        child,
    )


def _vpc_cni(name: str, cluster: Registered, options: Inputs, child: pulumi.ResourceOptions) -> None:
    holder = pulumi.ComponentResource("eks:index:VpcCniAddon", name, {}, child)
    values: Inputs = {"env": {"AWS_VPC_ENI_MTU": "9001", "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "false"}}
    if options.get("enablePrefixDelegation"):
        values["env"]["ENABLE_PREFIX_DELEGATION"] = "true"
    if options.get("enableNetworkPolicy"):
        values["enableNetworkPolicy"] = "true"
    merged = {**options, "configurationValues": {**values, **object_in(options, "configurationValues")}}
    _core_addon(name, "vpc-cni", cluster, merged, pulumi.ResourceOptions(parent=holder))
    holder.register_outputs({})


def _kubeconfig(cluster: Registered) -> Inputs:
    server = {
        "server": cluster.output("endpoint"),
        "certificate-authority-data": cluster.output("certificateAuthority")["data"],
    }
    token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", cluster.output("name"), "--output", "json"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "kubernetes", "cluster": server}],
        "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
        "current-context": "aws",
        "users": [{"name": "aws", "user": {"exec": token}}],
    }


def as_json(values: Any) -> pulumi.Output[str] | None:
    """Settings of an add-on as EKS takes them; equal settings give equal text."""
    return pulumi.Output.json_dumps(values, sort_keys=True) if values else None
