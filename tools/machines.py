"""The machines of a K3s stack, as `ssh` reaches them: from the stack's outputs, from its state, or from Ansible."""

import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.pulumi_cli import Export, PulumiFailed, resources
from tools.ssh_agent import Refused

OUTPUT: Final = "machines"
"""Output of a stack that has machines; secret, for the key in it."""
_BASTION: Final = "bastion"
_GROUPS: Final = (_BASTION, "servers", "agents")
_COMMAND: Final = "command:local:Command"
# How the engine marks a secret in a state: https://www.pulumi.com/docs/iac/concepts/secrets/
_MARK: Final = "4dabf18193072939515e22adb298388d"
_SSM: Final = "aws ssm start-session"
_INSTALL: Final = {
    "ssh": "OpenSSH's client (Debian, Ubuntu: apt install openssh-client)",
    "aws": "the AWS command line, https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    "session-manager-plugin": "the Session Manager plugin, "
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
}


@dataclass(frozen=True)
class Host:
    """One machine."""

    name: str
    """Its name in Kubernetes, or `bastion`."""
    group: str
    """`bastion`, `servers` or `agents`."""
    address: str
    user: str
    options: tuple[str, ...]
    """Words for `ssh` that lead to it."""

    def ssh(self, *words: str) -> list[str]:
        """Command that connects to it, with other options of `ssh`."""
        return ["ssh", *self.options, *words, f"{self.user}@{self.address}"]

    def needs(self) -> list[str]:
        """Programs that have to be installed here."""
        through_aws = any(_SSM in option for option in self.options)
        return ["ssh", "aws", "session-manager-plugin"] if through_aws else ["ssh"]


class Machines(BaseModel):
    """What a stack tells of its machines."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    inventory: str
    """Ansible inventory in YAML, as `K3sCluster.inventory` has it."""
    private_key: str = Field(repr=False)
    """Private key that the bastion and all machines accept."""
    api_url: str
    """Address of the Kubernetes API in the kubeconfig."""

    @property
    def hosts(self) -> dict[str, Host]:
        """Every machine by name, the bastion first, then servers, then agents."""
        return hosts_of(self.inventory)

    @property
    def bastion(self) -> Host:
        """The machine through which all others are reached."""
        return self.hosts[_BASTION]

    @property
    def servers(self) -> list[Host]:
        """Machines that answer for the Kubernetes API."""
        return [host for host in self.hosts.values() if host.group == "servers"]

    @property
    def tunnel_port(self) -> int | None:
        """Port of this machine at which the kubeconfig expects a tunnel; None when a load balancer has the API."""
        where = urlsplit(self.api_url)
        return where.port if where.hostname == "127.0.0.1" else None


def hosts_of(inventory: str) -> dict[str, Host]:
    """Every machine of an Ansible inventory by name, the bastion first, then servers, then agents."""
    tree: Mapping[str, Any] = yaml.safe_load(inventory)["all"]
    user = str(tree["vars"]["ansible_user"])
    found: dict[str, Host] = {}
    for group in _GROUPS:
        hosts: Mapping[str, Any] = tree["children"].get(group, {}).get("hosts") or {}
        for name, facts in hosts.items():
            options = tuple(shlex.split(facts["ansible_ssh_common_args"]))
            # The one bastion needs no number: its group names it.
            called = group if group == _BASTION else name
            found[called] = Host(called, group, str(facts["ansible_host"]), user, options)
    return found


def from_outputs(outputs: Mapping[str, Any]) -> Machines | None:
    """Machines in a stack's outputs, if it has any. Raises `PulumiFailed` when they read otherwise than expected."""
    given = outputs.get(OUTPUT)
    if given is None:
        return None
    try:
        return Machines.model_validate(given)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, each["loc"])) for each in error.errors(include_input=False))
        raise PulumiFailed(f"the output {OUTPUT} is not what this version writes ({wrong}): deploy it again") from None


def from_state(export: Export) -> Machines | None:
    """What the command that fetched the kubeconfig was told, for a stack whose first deployment stopped after it.

    Such a stack has no outputs yet. The state must come with its secrets in plain text; this names the first server
    alone.
    """
    for resource in resources(export):
        inputs = plain(resource.get("inputs") or {})
        told: Mapping[str, str] = inputs.get("environment") or {}
        if resource["type"] == _COMMAND and {"INVENTORY", "API_URL"} <= told.keys() and inputs.get("stdin"):
            return Machines(inventory=told["INVENTORY"], private_key=inputs["stdin"], api_url=told["API_URL"])
    return None


def plain(value: Any) -> Any:
    """A value of a state without the envelopes of its secrets."""
    if isinstance(value, dict):
        tree = cast(dict[str, Any], value)
        if _MARK in tree:
            return plain(json.loads(tree["plaintext"])) if "plaintext" in tree else None
        return {key: plain(each) for key, each in tree.items()}
    return [plain(each) for each in cast(list[Any], value)] if isinstance(value, list) else value


def check_installed(programs: Sequence[str]) -> None:
    """Raise `Refused` with the first program that is missing, and where to get it."""
    for program in programs:
        if shutil.which(program) is None:
            raise Refused(f"{program} is not installed: install {_INSTALL[program]}")
