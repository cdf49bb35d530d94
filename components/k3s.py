"""A Kubernetes cluster on K3s: what makes machines of our own a cluster that add-ons and workloads run on."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components import versions
from components.cluster import IngressTargets
from components.k3s_api import K3sApi
from components.k3s_configuration import K3sConfiguration, K3sConfigurationArgs
from components.k3s_machines import AgentPoolArgs, K3sMachines, K3sMachinesArgs
from components.k3s_storage import STORAGE_CLASS, K3sStorage, K3sStorageArgs
from components.namespace import Namespace

__all__ = ["AgentPoolArgs", "K3sCluster", "K3sClusterArgs", "K3sMachines", "K3sMachinesArgs"]

_PORTS = range(1024, 65536)


@dataclass(frozen=True, kw_only=True)
class K3sClusterArgs:
    """Inputs of `K3sCluster`."""

    machines: K3sMachines
    """The machines, made before: a load balancer that shall carry the API is made between them and the cluster."""
    k3s_version: str
    """Release of K3s, such as `v1.36.2+k3s1`; another one upgrades servers, then agents, one by one."""
    k3s_sha256: Mapping[str, str]
    """SHA-256 of that release's binaries, by `amd64` and `arm64`."""
    playbook_digest: str
    """Digest of the folder `ansible/`; another one runs it again on every machine."""
    api: K3sApi | None = None
    """Where the Kubernetes API is reached; omitted, at the near end of a tunnel through the bastion."""
    tunnel_port: int = 16443
    """Port of the tunnel's near end, 1024 to 65535."""
    snapshot_schedule: str = "0 */6 * * *"
    """When etcd is copied to the bucket: five cron fields, in UTC."""
    snapshot_retention: int = 28
    """Copies of etcd that are kept, 1 or more."""
    kubeconfig_revision: int = 1
    """A higher number fetches the kubeconfig again, whose certificate K3s makes for a year."""
    driver_chart_version: str = versions.EBS_CSI_CHART.version
    """Version of the chart of the EBS CSI driver."""
    snapshot_chart_version: str = versions.SNAPSHOT_CONTROLLER_CHART.version
    """Version of the chart of the snapshot controller."""

    def __post_init__(self) -> None:
        """Refuse a port that an ordinary user cannot open."""
        if self.tunnel_port not in _PORTS:
            raise ValueError(f"tunnel_port must be from 1024 to 65535, got {self.tunnel_port}")


@dataclass(kw_only=True)
class _BareCluster:
    """The same cluster before it has volumes, for the charts that bring them."""

    name: pulumi.Output[str]
    provider: kubernetes.Provider
    storage_class: str
    ingress_targets: IngressTargets

    def grant(
        self, name: str, *, namespace: str, service_account: str, policy: pulumi.Input[str]
    ) -> list[pulumi.Resource]:
        raise NotImplementedError("programs of the cluster itself have the permissions of the machines")


class K3sCluster(pulumi.ComponentResource):
    """A Kubernetes cluster on machines of our own; it fulfils the `Cluster` contract.

    It opens nothing: who calls the API comes through the bastion, or through `api`. K3s enforces network policies and
    brings the metrics API; volumes and snapshots come from two charts. It has no price of its own, its machines have:
    see `K3sMachines` and `K3sIdentity`.
    """

    name: pulumi.Output[str]
    """Name of the cluster, in its tags."""
    provider: kubernetes.Provider
    """Kubernetes provider whose API is ready to take objects, workloads included."""
    storage_class: str
    """StorageClass for claims: encrypted gp3 volumes, made in the zone of their pod, deleted with their claim."""
    ingress_targets: IngressTargets
    """How a load balancer reaches the ingress controller."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig of the administrator in JSON, secret; it needs no other command."""
    api_url: pulumi.Output[str]
    """Address of the Kubernetes API in the kubeconfig."""
    server_address: pulumi.Output[str]
    """Private address of the first server: port 6443 of it is the far end of a tunnel."""
    ssh_commands: pulumi.Output[dict[str, str]]
    """Line that opens a shell on each machine, by node name, for who has the private key in an SSH agent."""
    inventory: pulumi.Output[str]
    """Ansible inventory of all machines, in YAML, without secrets."""
    bastion_id: pulumi.Output[str]
    """Instance id of the bastion."""
    private_key: pulumi.Output[str]
    """Private key that the bastion and all machines accept, secret."""

    def __init__(self, name: str, args: K3sClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:K3sCluster", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        machines = args.machines
        first = next(iter(machines.machines.values()))

        configuration = K3sConfiguration(
            f"{name}-configuration",
            K3sConfigurationArgs(
                machines=machines,
                k3s_version=args.k3s_version,
                k3s_sha256=args.k3s_sha256,
                playbook_digest=args.playbook_digest,
                api_host=args.api.host if args.api else None,
                snapshot_schedule=args.snapshot_schedule,
                snapshot_retention=args.snapshot_retention,
            ),
            self._child,
        )
        self._roles = machines.identity.role_names
        self.name = pulumi.Output.from_input(machines.args.cluster_name)
        self.ingress_targets = machines.ingress_targets
        near_end = pulumi.Output.from_input(f"https://127.0.0.1:{args.tunnel_port}")
        self.api_url = args.api.url if args.api else near_end
        self.kubeconfig = configuration.kubeconfig(
            f"{name}-kubeconfig", url=self.api_url, revision=args.kubeconfig_revision
        )
        self.storage_class = STORAGE_CLASS
        self.provider = self._provider_with_volumes(name, args)
        self.server_address = first.private_ip
        self.ssh_commands = pulumi.Output.all(**configuration.ssh_commands).apply(dict)
        self.inventory = configuration.inventory
        self.bastion_id = machines.args.bastion.instance_id
        self.private_key = machines.args.bastion.private_key
        self.register_outputs(
            {
                "name": self.name,
                "storage_class": self.storage_class,
                "kubeconfig": self.kubeconfig,
                "api_url": self.api_url,
                "server_address": self.server_address,
                "ssh_commands": self.ssh_commands,
                "inventory": self.inventory,
                "bastion_id": self.bastion_id,
                "private_key": self.private_key,
            }
        )

    def grant(
        self, name: str, *, namespace: str, service_account: str, policy: pulumi.Input[str]
    ) -> list[pulumi.Resource]:
        """Give a Kubernetes service account the AWS permissions of `policy` (a JSON policy document).

        K3s has nothing that hands AWS credentials to one pod: the machines get the permissions, and with them every
        pod that may reach their metadata, whatever `namespace` and `service_account` say. `name` prefixes the
        resources and is unique in the stack. Returns what must exist before a pod that uses them starts.
        """
        del namespace, service_account
        return [
            aws.iam.RolePolicy(f"{name}-{part}-grant", role=role, policy=policy, opts=self._child)
            for part, role in self._roles.items()
        ]

    def _provider_with_volumes(self, name: str, args: K3sClusterArgs) -> kubernetes.Provider:
        """Provider that waits until volumes can be had, and keeps them until the last workload has gone."""
        machines = args.machines
        bare = _BareCluster(
            name=self.name,
            provider=self._kubernetes(f"{name}-api", machines, self._child),
            storage_class=self.storage_class,
            ingress_targets=self.ingress_targets,
        )
        storage = K3sStorage(
            f"{name}-storage",
            K3sStorageArgs(
                namespace=Namespace(bare, "kube-system", pulumi.Output.from_input("kube-system")),
                cluster_name=machines.args.cluster_name,
                region=machines.args.region,
                servers=machines.args.server_count,
                tags=machines.args.tags,
                driver_chart_version=args.driver_chart_version,
                snapshot_chart_version=args.snapshot_chart_version,
            ),
            self._child,
        )
        ready = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=storage.ready))
        return self._kubernetes(f"{name}-k8s", machines, ready)

    def _kubernetes(self, name: str, machines: K3sMachines, opts: pulumi.ResourceOptions) -> kubernetes.Provider:
        """Provider of the API; without an identifier, another address or certificate would replace all objects."""
        return kubernetes.Provider(
            name, kubeconfig=self.kubeconfig, cluster_identifier=machines.args.cluster_name, opts=opts
        )
