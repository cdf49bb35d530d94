"""What a stack would be made of: the real engine's preview of its settings on an empty simulated cloud, apart from any
other rehearsal, so that nothing is read of what a rehearsal of it has done and nothing is left behind."""

import os
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import yaml

from rehearsal import engine
from rehearsal.session import Session, environment, running_cloud
from rehearsal.workspace import Workspace, open_workspace
from settings import SettingsError, missing_secrets, read_stack
from settings.stack_files import read_yaml
from tools.changes.document import PreviewUnreadable
from tools.changes.event_log import previewed, told
from tools.changes.masks import Masks, secrets_of
from tools.changes.model import Preview
from tools.changes.reader import failed_preview, read_preview
from tools.preview_report import real
from tools.pulumi_cli import Done, Program
from tools.setup import ROOT

_COMMAND: Final = ("preview", "--non-interactive")
_SHARED: Final = ("Pulumi.yaml", "versions")
"""What a stack's settings are read with, beside its own file."""


def preview_of(stack: str, changes: Mapping[str, Any] | None = None, folder: Path = ROOT) -> Preview:
    """The preview of a stack that does not exist yet, its settings changed by dotted keys such as `cluster.kind`.

    No file is edited. Raises `SettingsError` with all that is wrong, and `CloudNotStarted`.
    """
    with _copied(stack, changes or {}, folder) as (workspace, found), running_cloud(workspace) as cloud:
        Session(workspace, found, cloud)  # gives the stack its stand-ins for secrets
        run = Program(workspace.folder, {**os.environ, **environment(workspace, found, cloud)})
        done = previewed(run, [*_COMMAND, "--stack", stack], {})
    return _read(stack, done)


def deployed_preview(stack: str) -> Preview:
    """The preview of the real stack, which begins with what is deployed. Raises what `tools.sentences` tells."""
    with real(stack) as means:
        arguments = [*_COMMAND, "--json", "--show-sames", "--stack", stack]
        done = told(means.run, arguments, means.variables)
    return _read(stack, done)


def _read(stack: str, done: Done) -> Preview:
    try:
        return read_preview(stack, done.output, done.code, done.errors, Masks(secrets_of(os.environ)))
    except PreviewUnreadable as unreadable:
        return failed_preview(stack, str(unreadable))


@contextmanager
def _copied(stack: str, changes: Mapping[str, Any], folder: Path) -> Generator[tuple[Workspace, engine.Engine]]:
    """A rehearsal of its own in a temporary folder, which runs the program of the real one."""
    with tempfile.TemporaryDirectory(prefix="socle-cost-") as place:
        copy = Path(place)
        for name in _SHARED:
            original = folder / name
            if original.is_dir():
                shutil.copytree(original, copy / name)
            elif original.exists():
                shutil.copy(original, copy / name)
        _write(folder / f"Pulumi.{stack}.yaml", copy / f"Pulumi.{stack}.yaml", changes)
        lacking = missing_secrets(read_stack(stack, copy))
        workspace = open_workspace(stack, copy, lacking)
        project = workspace.folder / "Pulumi.yaml"
        document = read_yaml(project)
        document["main"] = str(folder)
        document["runtime"]["options"]["virtualenv"] = str(folder / ".venv")
        project.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        yield workspace, engine.find()


def _write(original: Path, copy: Path, changes: Mapping[str, Any]) -> None:
    if not original.is_file():
        read_stack(original.name.split(".")[1], original.parent)  # says which stacks there are
    document = read_yaml(original)
    for key, value in changes.items():
        _set(document.setdefault("config", {}), key, value)
    copy.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _set(config: dict[str, Any], dotted: str, value: Any) -> None:
    """Set `cluster.kind` below `socle:`; a key with a namespace of its own, such as `aws:region`, as it is."""
    first, *below = dotted.split(".")
    full = first if ":" in first else f"socle:{first}"
    at: dict[str, Any] = config
    for step, following in zip([full, *below], below, strict=False):
        del following
        inner = at.setdefault(step, {})
        if not isinstance(inner, dict):
            raise SettingsError([f"{full}: has no keys below it, got {dotted}"])
        at = cast(dict[str, Any], inner)
    at[[full, *below][-1]] = value
