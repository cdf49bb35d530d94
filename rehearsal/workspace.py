"""The folder of a rehearsal: a copy of the stack's file, a state backend and the simulated cloud's memory."""

import json
import os
import secrets
import socket
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from rehearsal.wire import is_object, object_in
from rehearsal.world import World

PROJECT_FOLDER: Final = Path(__file__).resolve().parent.parent
PROJECT_NAME: Final = "socle"

_PASSPHRASE: Final = "rehearsal"  # noqa: S105 (guards stand-in values that are generated, never real ones)

# Settings whose secrets have a form of their own, by the key's name after the colon.
_FORMS: Final[dict[str, Callable[[], str]]] = {
    "datadog_api_key": lambda: secrets.token_hex(16),  # https://docs.datadoghq.com/account_management/api-app-keys/
    "datadog_app_key": lambda: secrets.token_hex(20),
    # https://docs.gitlab.com/security/tokens/#token-prefixes
    "gitlab_runner_token": lambda: f"glrt-{secrets.token_urlsafe(15)}",
}


@dataclass(frozen=True)
class Workspace:
    """Everything that a rehearsal of one stack keeps, in `.rehearsal/<stack>/`. The real stack file is only read."""

    stack: str
    folder: Path
    lacking: frozenset[str] = frozenset()
    """Keys of secrets that the stack needs and its file does not have yet: a rehearsal has stand-ins for them too."""

    @property
    def world_file(self) -> Path:
        """The simulated cloud's memory."""
        return self.folder / "world.sqlite"

    @property
    def state(self) -> Path:
        """Pulumi's file backend."""
        return self.folder / "state"

    @property
    def result_file(self) -> Path:
        """What the last command did, for programs to read."""
        return self.folder / "result.json"

    def environment(self) -> dict[str, str]:
        """Variables with which any Pulumi command works on this rehearsal, apart from the providers' addresses."""
        return {
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
            # What `make up` says too: a program need not look for a tunnel, which nothing here goes through.
            "SOCLE_TUNNEL": "rehearsal",
        }


def open_workspace(stack: str, folder: Path = PROJECT_FOLDER, lacking: Collection[str] = ()) -> Workspace:
    """The rehearsal of a stack, with a fresh copy of its file; `lacking` are secrets that the file does not have."""
    workspace = Workspace(stack, folder / ".rehearsal" / stack, frozenset(lacking))
    for path in (workspace.state, workspace.folder / "home"):
        path.mkdir(parents=True, exist_ok=True)
    project = _read(folder / "Pulumi.yaml")
    project.pop("backend", None)  # where real states are: nothing of a rehearsal may come near them
    project["main"] = str(folder)  # plain `pulumi` commands, typed in the rehearsal's folder, find the program
    project["runtime"]["options"]["virtualenv"] = str(folder / ".venv")
    _write(workspace.folder / "Pulumi.yaml", project)
    copy = workspace.folder / f"Pulumi.{stack}.yaml"
    original, previous = _read(folder / f"Pulumi.{stack}.yaml"), _read(copy) if copy.exists() else {}
    _write(copy, rehearsed(original, previous, lacking))
    return workspace


def rehearsed(
    original: Mapping[str, Any], previous: Mapping[str, Any], lacking: Collection[str] = ()
) -> dict[str, Any]:
    """A stack file for the rehearsal: the original without its key, its secrets replaced by what was kept before.

    Secrets that were not there before are left out: `missing_secrets` names them.
    """
    kept = object_in(previous, "config")
    config: dict[str, Any] = {}
    for key, value in object_in(original, "config").items():
        if key in lacking:
            continue  # an empty value stands for none
        if not _is_secret(value):
            config[key] = value
        elif _is_secret(kept.get(key)):
            config[key] = kept[key]
    config |= {key: kept[key] for key in lacking if _is_secret(kept.get(key))}
    salt = previous.get("encryptionsalt")
    return {**({"encryptionsalt": salt} if salt else {}), "config": config}


def stand_in(key: str) -> str:
    """A generated value for a secret setting, in the form that its owner gives such values."""
    form = _FORMS.get(key.rpartition(":")[2])
    return form() if form else secrets.token_urlsafe(24)


def missing_secrets(
    stack: str, copy: Path, folder: Path = PROJECT_FOLDER, lacking: Collection[str] = ()
) -> dict[str, str]:
    """Stand-ins for the stack's secrets that the copy does not have yet, generated."""
    kept = object_in(_read(copy), "config")
    original = object_in(_read(folder / f"Pulumi.{stack}.yaml"), "config")
    wanted = [*(key for key, value in original.items() if _is_secret(value)), *sorted(lacking)]
    return {key: stand_in(key) for key in wanted if key not in kept}


@dataclass(frozen=True)
class Lock:
    """A lock of the file backend, which a killed engine leaves behind."""

    file: Path
    pid: int
    host: str
    since: str

    def is_stale(self) -> bool:
        """Whether the process that took it is gone from this machine."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def locks(workspace: Workspace) -> list[Lock]:
    """Locks that are held on the rehearsal's state."""
    found: list[Lock] = []
    for file in (workspace.state / ".pulumi" / "locks").glob(f"**/{workspace.stack}/*.json"):
        with suppress(FileNotFoundError, ValueError):  # given back meanwhile, or not written yet
            entry: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            found.append(Lock(file, int(entry["pid"]), str(entry["hostname"]), str(entry["timestamp"])))
    return found


class HalfLost(RuntimeError):  # noqa: N818 (reads as what it is)
    """The state or the simulated cloud's memory is gone, and the other is still there."""


def refuse_half(workspace: Workspace, world: World) -> None:
    """Raise `HalfLost` when only one of the two remembers the stack: the next update would be told nonsense."""
    in_state, in_world = _resources_in_state(workspace), len(world.all())
    if bool(in_state) == bool(in_world):
        return
    lost, kept = ("memory", f"the state has {in_state}") if in_state else ("state", f"its memory has {in_world}")
    raise HalfLost(
        f"{workspace.stack}: the simulated cloud's {lost} is gone, but {kept} resources: "
        f"start afresh with `rm -r {workspace.folder}`"
    )


def protected(workspace: Workspace) -> list[str]:
    """Names of the resources in the state that the engine refuses to delete."""
    resources: list[Any] = _latest(workspace).get("resources") or []
    return [str(each["urn"]).rpartition("::")[2] for each in resources if each.get("protect")]


def _latest(workspace: Workspace) -> dict[str, Any]:
    """The state, by the file of the backend; empty where there is none."""
    file = workspace.state / ".pulumi" / "stacks" / PROJECT_NAME / f"{workspace.stack}.json"
    if not file.exists():
        return {}
    return object_in(object_in(json.loads(file.read_text(encoding="utf-8")), "checkpoint"), "latest")


def _resources_in_state(workspace: Workspace) -> int:
    """Resources that a provider made."""
    latest = _latest(workspace)
    resources: list[Any] = latest.get("resources") or []
    pending: list[Any] = latest.get("pending_operations") or []
    made = [each for each in resources if each.get("custom") and not str(each["type"]).startswith("pulumi:")]
    return len(made) + len(pending)


def _is_secret(value: Any) -> bool:
    return is_object(value) and set(value) == {"secure"}


def _read(path: Path) -> dict[str, Any]:
    document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document if is_object(document) else {}


def _write(path: Path, document: Any) -> None:
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
