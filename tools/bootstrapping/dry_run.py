"""What the bootstrap would change, shown by the engine while nothing is written."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bootstrap.answers import FILE
from bootstrap.names import STACK
from tools.bootstrapping import files
from tools.bootstrapping.bucket import bucket_exists
from tools.bootstrapping.discovery import existing
from tools.bootstrapping.engine_stack import LOCAL_PROVIDER, EngineStack, known
from tools.bootstrapping.means import AGAIN, Team
from tools.bootstrapping.preflight import ACCOUNT_KEY
from tools.bootstrapping.steps import stack_now


def preview(team: Team) -> None:
    """Run `pulumi preview` on the state where it is, or on none in a folder that is deleted afterwards."""
    stack, _, begun = stack_now(team)
    in_state = known(stack.export()) if begun else set[str]()
    found = existing(team, in_state, bucket_exists=bucket_exists(team), again=AGAIN)
    if begun and team.answers.account_id:
        stack.preview(found)
        return
    with tempfile.TemporaryDirectory(prefix="socle-") as folder:
        _preview_alone(team, Path(folder), found)


def _preview_alone(team: Team, folder: Path, found: Mapping[str, str]) -> None:
    program = team.means.folder / "bootstrap"
    project: Any = yaml.safe_load((program / "Pulumi.yaml").read_text(encoding="utf-8"))
    project.pop("backend", None)
    project["main"] = str(program)
    project["runtime"]["options"]["virtualenv"] = str(team.means.folder / ".venv")
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    copy = folder / f"Pulumi.{STACK}.yaml"
    copy.write_text((team.means.folder / FILE).read_text(encoding="utf-8"), encoding="utf-8")
    files.drop_provider(copy)
    files.write_value(copy, ACCOUNT_KEY, team.account, after="socle-bootstrap:owner")
    state = folder / "state"
    state.mkdir()
    stack = EngineStack(team.means.engine(folder), copy, f"file://{state}", f"{AGAIN} DRY_RUN=1")
    stack.init(LOCAL_PROVIDER)
    stack.preview(found)
