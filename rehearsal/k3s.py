"""What `python -m tools.ansible_run` would do to the simulated machines: nothing that lasts, and its words."""

import base64
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from rehearsal.check import Refusal
from rehearsal.wire import UNKNOWN, Properties, is_object, object_in
from rehearsal.world import World

_COMMAND: Final = "command:local:Command"
_INSTANCE: Final = "aws:ec2/instance:Instance"
_CALL: Final = re.compile(r"python[\d.]* -m tools\.ansible_run (configure|remove|kubeconfig)(?: (\S+))?$")
_VERSION: Final = re.compile(r"v(\d+)\.(\d+)\.\d+\+k3s\d+")
_NAMES: Final = ("create", "update", "delete")


@dataclass(frozen=True)
class Call:
    """A call of the program."""

    verb: str
    hosts: str
    """Pattern of hosts, as Ansible takes it; a single name for `remove`."""


def call(command: Any) -> Call | None:
    """The call that a command is, or None for another program."""
    found = _CALL.search(command) if isinstance(command, str) else None
    return Call(found[1], found[2] or "") if found else None


def run(world: World, called: Call, inputs: Properties) -> tuple[str, str]:
    """What the program prints on standard output and error. Raises `Refusal` for machines that do not exist."""
    environment = object_in(inputs, "environment")
    tree = _tree(environment.get("INVENTORY"))
    groups = {name: object_in(group, "hosts") for name, group in object_in(tree, "children").items()}
    if not str(inputs.get("stdin", "")).startswith("-----BEGIN"):
        raise Refusal("exit status 1: no private key on standard input")
    reached = dict(_matching(called.hosts, groups))
    if called.verb == "kubeconfig":
        reached = dict([next(iter(groups["servers"].items()))])
    if not reached:
        raise Refusal(f"exit status 1: no host of the inventory matches {called.hosts}")
    for name, host in {**groups["bastion"], **reached}.items():
        if world.get(_INSTANCE, str(host.get("instance_id"))) is None:
            raise Refusal(f"exit status 1: {name}: no machine {host.get('instance_id')} answers SSH")
    if called.verb == "kubeconfig":
        return kubeconfig(environment["API_URL"]), ""
    lines = [f"{name} : ok=1 changed=1 unreachable=0 failed=0" for name in reached]
    return "", "\n".join(["PLAY RECAP (simulated)", *lines])


def kubeconfig(url: str) -> str:
    """Kubeconfig as K3s writes it, in JSON, with keys that open nothing."""
    name = "default"
    certificate, key = (_encoded(kind) for kind in ("CERTIFICATE", "EC PRIVATE KEY"))
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url, "certificate-authority-data": _encoded("CERTIFICATE")}}],
        "users": [{"name": name, "user": {"client-certificate-data": certificate, "client-key-data": key}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(document)


def kubernetes_version(world: World) -> str:
    """Kubernetes version of the servers, such as 1.36: they come first in an upgrade. Empty before there are any."""
    found = [_version(thing.inputs) for thing in world.of(_COMMAND)]
    newest = max((version for version in found if version), default=None)
    return ".".join(map(str, newest)) if newest else ""


def _version(inputs: Properties) -> tuple[int, int] | None:
    called = call(inputs.get("create"))
    if called is None or called.verb != "configure":
        return None
    variables = object_in(_tree(object_in(inputs, "environment").get("INVENTORY")), "vars")
    match = _VERSION.fullmatch(str(variables.get("k3s_version")))
    return (int(match[1]), int(match[2])) if match else None


def is_simulated(inputs: Properties) -> bool:
    """Whether everything that a command runs is known here."""
    return all(call(inputs[name]) for name in _NAMES if inputs.get(name) not in (None, UNKNOWN))


def _tree(inventory: Any) -> Properties:
    try:
        document: Any = yaml.load(inventory, Loader=yaml.CSafeLoader) if isinstance(inventory, str) else None
    except yaml.YAMLError as error:
        raise Refusal(f"exit status 1: INVENTORY is no YAML: {error}") from error
    return object_in(document, "all") if is_object(document) else {}


def _matching(pattern: str, groups: dict[str, Properties]) -> Iterator[tuple[str, Any]]:
    """Hosts of a pattern: names of hosts or groups, with colons between."""
    wanted = pattern.split(":")
    for group, hosts in groups.items():
        yield from (entry for entry in hosts.items() if group in wanted or entry[0] in wanted)


def _encoded(kind: str) -> str:
    """Random bytes in the frame of PEM, in base64."""
    body = base64.b64encode(secrets.token_bytes(96)).decode()
    return base64.b64encode(f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n".encode()).decode()
