"""How K3s machines become a cluster: Ansible, run on the servers, then on each agent, and the kubeconfig of it all."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_command as command

from components.bastion import SshHost
from components.k3s_inventory import KnownNode, Way, inventory, ssh_command
from components.k3s_machines import K3sMachines, Machine

# The project's own Python, as the Makefile makes it: Ansible is installed there, and the engine runs programs in the
# project's folder.
_RUN = ".venv/bin/python -m tools.ansible_run"
_K3S_VERSION = re.compile(r"v1\.\d{2}\.\d{1,2}\+k3s\d{1,2}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CRON_FIELDS = 5


@dataclass(frozen=True, kw_only=True)
class K3sConfigurationArgs:
    """Inputs of `K3sConfiguration`."""

    machines: K3sMachines
    """The machines, reached through their bastion."""
    k3s_version: str
    """Release of K3s, such as `v1.36.2+k3s1`; another one upgrades servers, then agents, one by one."""
    k3s_sha256: Mapping[str, str]
    """SHA-256 of that release's binaries, by `amd64` and `arm64`."""
    playbook_digest: str
    """Digest of the folder `ansible/`; another one runs it again on every machine."""
    api_host: pulumi.Input[str] | None = None
    """Further name that the certificate of the Kubernetes API gets."""
    snapshot_schedule: str = "0 */6 * * *"
    """When etcd is copied to the bucket: five cron fields, in UTC."""
    snapshot_retention: int = 28
    """Copies that are kept, 1 or more."""

    def __post_init__(self) -> None:
        """Refuse what would only fail on the machines."""
        if not _K3S_VERSION.fullmatch(self.k3s_version):
            raise ValueError(f"k3s_version must be a release such as 'v1.36.2+k3s1', got {self.k3s_version!r}")
        if not self.k3s_sha256 or not all(map(_SHA256.fullmatch, self.k3s_sha256.values())):
            raise ValueError(f"k3s_sha256 must be 64 hexadecimal digits by processor, got {dict(self.k3s_sha256)!r}")
        if len(self.snapshot_schedule.split()) != _CRON_FIELDS:
            raise ValueError(
                f"snapshot_schedule must be five cron fields such as '0 */6 * * *', got {self.snapshot_schedule!r}"
            )
        if self.snapshot_retention < 1:
            raise ValueError(f"snapshot_retention must be 1 or more, got {self.snapshot_retention}")


class K3sConfiguration(pulumi.ComponentResource):
    """One command for the servers, which Ansible takes one after another, then one for each agent, in a row.

    So the plan of an upgrade shows servers before agents, a failure leaves the rest as they were, and one agent more
    runs one command. A machine that goes is drained first. The SSH key reaches a command on its standard input,
    secret in the state; Ansible gets it from an SSH agent, in memory. It costs nothing.
    """

    inventory: pulumi.Output[str]
    """Ansible inventory of all machines, in YAML, without secrets."""
    ssh_commands: Mapping[str, pulumi.Output[str]]
    """Line that opens a shell on each machine, by node name, for who has the private key in an SSH agent."""
    configured: list[pulumi.Resource]
    """The commands; when they exist, the nodes are in the cluster."""

    def __init__(self, name: str, args: K3sConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:K3sConfiguration", name, None, opts)
        self._args = args
        machines = args.machines.machines
        self._nodes = {node: _known(machine) for node, machine in machines.items()}
        self._way = _way(args.machines)
        self._servers = [node for node, machine in machines.items() if machine.plan.part == "server"]
        self._variables = pulumi.Output.all(**_variables(args))

        self.inventory = self._inventory(list(machines), self._variables)
        self.ssh_commands = {node: _apply(ssh_command, known, self._way) for node, known in self._nodes.items()}
        # The first server is where the others are taken out of the cluster; it goes with its cluster.
        leaving: list[pulumi.Resource] = []
        for node in self._servers[1:]:
            leaving.append(self._leave(f"{name}-{node}", node, after=leaving[-1:]))
        self.configured = [self._configure(f"{name}-servers", "bastion:servers", self._servers, after=leaving)]
        for node in machines:
            if node not in self._servers:
                # An agent is told of the servers and itself: the others may come and go. One at a time, for an
                # upgrade drains each, and stops at the first that fails.
                agent = self._configure(
                    f"{name}-{node}", node, [*self._servers, node], after=self.configured[-1:], leaves=True
                )
                self.configured.append(agent)
        self.register_outputs({"inventory": self.inventory, "ssh_commands": self.ssh_commands})

    def kubeconfig(self, name: str, *, url: pulumi.Input[str], revision: int) -> pulumi.Output[str]:
        """Fetch the administrator's kubeconfig in JSON, for a server at `url`; secret.

        It is fetched once, and not with each upgrade: before a kubeconfig is known, a plan cannot tell what changes
        in the cluster. Another `revision` fetches it again.
        """
        environment = {
            "INVENTORY": self._inventory(self._servers[:1], pulumi.Output.from_input({})),
            "API_URL": url,
            "REVISION": str(revision),
        }
        fetched = self._command(name, environment, create="kubeconfig", after=self.configured)
        return pulumi.Output.secret(fetched.stdout)

    def _inventory(self, names: Sequence[str], variables: pulumi.Output[Any]) -> pulumi.Output[str]:
        known = pulumi.Output.all(*(self._nodes[name] for name in names))
        return pulumi.Output.all(known, self._way, variables).apply(lambda facts: inventory(*facts))

    def _configure(
        self,
        name: str,
        limit: str,
        told: Sequence[str],
        *,
        after: Sequence[pulumi.Resource],
        leaves: bool = False,
    ) -> pulumi.Resource:
        """Run the playbook on the hosts of `limit`, with an inventory of the nodes `told`."""
        environment = {
            "INVENTORY": self._inventory(told, self._variables),
            "PLAYBOOK_DIGEST": self._args.playbook_digest,
        }
        delete = f"remove {limit}" if leaves else None
        return self._command(name, environment, create=f"configure {limit}", delete=delete, after=after)

    def _leave(self, name: str, node: str, *, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Do nothing, until a server goes: etcd has to hear of that, or it waits for the lost vote."""
        told = self._inventory([self._servers[0], node], pulumi.Output.from_input({}))
        return self._command(name, {"INVENTORY": told}, delete=f"remove {node}", after=after)

    def _command(
        self,
        name: str,
        environment: Mapping[str, pulumi.Input[str]],
        *,
        create: str | None = None,
        delete: str | None = None,
        after: Sequence[pulumi.Resource] = (),
    ) -> command.local.Command:
        # No `triggers`: they replace a command, and so run its removal, where a changed variable only runs it again.
        return command.local.Command(
            name,
            create=create and f"{_RUN} {create}",
            delete=delete and f"{_RUN} {delete}",
            environment=environment,
            stdin=self._args.machines.args.bastion.private_key,
            add_previous_output_in_env=False,
            # What Ansible does may be read by everybody who watches; a kubeconfig may not.
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=list(after), additional_secret_outputs=["stdout", "stderr"]
            ),
        )


def _apply(function: Any, *inputs: pulumi.Output[Any]) -> pulumi.Output[Any]:
    return pulumi.Output.all(*inputs).apply(lambda known: function(*known))


def _known(machine: Machine) -> pulumi.Output[KnownNode]:
    plan = machine.plan

    def known(facts: Sequence[str]) -> KnownNode:
        instance_id, address, zone = facts
        host = SshHost(address, instance_id)
        return KnownNode(plan.name, plan.part, plan.instance_type, zone, host, plan.labels, plan.taints)

    return pulumi.Output.all(machine.instance_id, machine.private_ip, machine.zone).apply(known)


def _way(machines: K3sMachines) -> pulumi.Output[Way]:
    bastion, region = machines.args.bastion, machines.args.region
    return pulumi.Output.all(bastion.address, bastion.instance_id).apply(
        lambda known: Way(SshHost(known[0], known[1]), bastion.access, region)
    )


def _variables(args: K3sConfigurationArgs) -> dict[str, pulumi.Input[Any]]:
    """What Ansible has to know of the cluster."""
    machines = args.machines
    first = next(iter(machines.machines.values()))
    return {
        "cluster_name": machines.args.cluster_name,
        "region": machines.args.region,
        "k3s_version": args.k3s_version,
        "k3s_sha256": dict(args.k3s_sha256),
        # Where nodes join; once in, they know of all servers by themselves.
        "api_endpoint": first.private_ip,
        "tls_sans": ["127.0.0.1"] if args.api_host is None else ["127.0.0.1", args.api_host],
        "token_secret_arn": machines.identity.token_arns["server"],
        "agent_token_secret_arn": machines.identity.token_arns["agent"],
        "etcd_snapshot_bucket": machines.identity.snapshot_bucket,
        "etcd_snapshot_schedule": args.snapshot_schedule,
        "etcd_snapshot_retention": args.snapshot_retention,
    }
