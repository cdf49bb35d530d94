"""After a killed update: what it left behind, what one types on a real stack, and the same done here."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from rehearsal.file_backend import mend
from rehearsal.workspace import Workspace, locks
from rehearsal.world import World

Deployment = dict[str, Any]


class Busy(RuntimeError):  # noqa: N818 (reads as what it is)
    """Another command is at work on the same rehearsal."""


class NotSettled(RuntimeError):  # noqa: N818 (reads as what it is)
    """A killed update could not be put in order; the text has what Pulumi said."""


def interrupted(workspace: Workspace) -> bool:
    """Whether an earlier command was killed, with a state that can be read; raises `Busy` while one is alive."""
    held = locks(workspace)
    for lock in held:
        if not lock.is_stale():
            raise Busy(
                f"{workspace.stack}: process {lock.pid} on {lock.host} is at work on this rehearsal since {lock.since}:"
                " wait until it ends"
            )
    if held:
        mend(workspace.state)
    return bool(held)


def adopted(deployment: Deployment, world: World) -> Deployment:
    """The state with every create that reached the cloud before the kill; what did not is forgotten.

    `pulumi refresh --import-pending-creates` is meant for this and drops them in engine 3.250.0.
    """
    resources: list[Any] = deployment.get("resources") or []
    operations: list[Any] = deployment.get("pending_operations") or []
    known = {(resource["urn"], resource.get("id")) for resource in resources}
    found: list[Any] = []
    for operation in operations:
        resource = operation["resource"]
        made = [thing.id for thing in world.all() if thing.urn == resource["urn"]]
        new = [id_ for id_ in made if (resource["urn"], id_) not in known]
        if operation["type"] == "creating" and new:
            found.append({**resource, "id": new[-1]})
    return {**deployment, "resources": [*resources, *found], "pending_operations": []}


def recover(workspace: Workspace, world: World, variables: Mapping[str, str]) -> list[str]:
    """Break the dead lock and settle what was under way; returns the commands, as one types them on a real stack."""
    _pulumi(workspace, variables, "cancel", "--yes")
    file = workspace.folder / "killed-state.json"
    _pulumi(workspace, variables, "stack", "export", "--file", str(file))
    exported = json.loads(file.read_text(encoding="utf-8"))
    exported["deployment"] = adopted(exported["deployment"], world)
    file.write_text(json.dumps(exported), encoding="utf-8")
    _pulumi(workspace, variables, "stack", "import", "--file", str(file))
    file.unlink()
    _pulumi(workspace, variables, "refresh", "--yes", "--skip-preview")
    return [
        "pulumi cancel",
        "pulumi stack export --file state.json   (then move each create that AWS finished from pending_operations to "
        "resources, add its id, and delete the other pending_operations)",
        "pulumi stack import --file state.json",
        "pulumi refresh",
    ]


def unprotect(workspace: Workspace, variables: Mapping[str, str]) -> str:
    """Let the engine delete everything; returns the command, as one types it on a real stack."""
    _pulumi(workspace, variables, "state", "unprotect", "--all", "--yes")
    return "pulumi state unprotect --all --yes"


def _pulumi(workspace: Workspace, variables: Mapping[str, str], *arguments: str) -> None:
    """Run a Pulumi command on the rehearsal; raises `NotSettled` with what it said when it fails."""
    command = shutil.which("pulumi", path=variables["PATH"]) or "pulumi"
    result = subprocess.run(
        [command, *arguments, "--stack", workspace.stack, "--non-interactive"],
        cwd=workspace.folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise NotSettled(f"pulumi {' '.join(arguments)} failed: {result.stderr.strip() or result.stdout.strip()}")
