"""The stack `team` of the bootstrap's own project, in one of the two places where its state can be."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from bootstrap.adoption import VARIABLE as ADOPT
from bootstrap.answers import FILE
from bootstrap.names import PROJECT, STACK
from tools.bootstrapping.files import as_written
from tools.bootstrapping.means import BootstrapRefused, Team
from tools.pulumi_cli import Export, Runner, resources
from tools.sentences import FAILED
from tools.state.backend import VARIABLE

LOCAL_PROVIDER: Final = "passphrase"
"""Secrets provider of the local state: the engine wants one, and the state holds no secret, so its phrase is empty."""

_SECRET: Final = "4dabf18193072939515e22adb298388d"  # noqa: S105 (the engine's mark of a secret value, none itself)
_SAID: Final = 500


class EngineStack:
    """The engine at work on one copy of the state."""

    def __init__(self, run: Runner, file: Path, address: str, again: str) -> None:
        self.address = address
        self._file = file
        self._run = run
        self._again = again
        self._variables = {VARIABLE: address, "PULUMI_CONFIG_PASSPHRASE": ""}

    def export(self) -> Export:
        """The state; secrets stay encrypted."""
        return json.loads(self._must("stack", "export", *_ON))

    def init(self, provider: str) -> None:
        """Make the stack."""
        with as_written(self._file):
            self._must("stack", "init", STACK, "--no-select", "--secrets-provider", provider)

    def load(self, export: Export) -> None:
        """Replace the state; operations that were under way are forgotten."""
        with tempfile.TemporaryDirectory(prefix="socle-") as folder:
            file = Path(folder, "state.json")
            file.touch(mode=0o600)
            file.write_text(json.dumps(export), encoding="utf-8")
            self._must("stack", "import", *_ON, "--file", str(file))

    def seal(self, provider: str) -> None:
        """Encrypt the secrets of the state with another key."""
        with as_written(self._file):
            self._must("stack", "change-secrets-provider", provider, *_ON)

    def forget(self) -> None:
        """Remove the state, and nothing that is in it."""
        self._must("stack", "rm", STACK, "--force", "--yes", "--preserve-config")

    def unprotect(self) -> None:
        """Let the engine delete all that it protects."""
        self._must("state", "unprotect", "--all", "--yes", *_ON)

    def unlock(self) -> None:
        """Break the locks of the stack."""
        self._must("cancel", STACK, "--yes")

    def preview(self, adopt: Mapping[str, str]) -> None:
        """Show what an update would change."""
        self._shown("preview", adopt)

    def up(self, adopt: Mapping[str, str]) -> None:
        """Bring the stack up, taking over what has these ids."""
        self._shown("up", adopt, "--yes", "--skip-preview")

    def destroy(self) -> None:
        """Delete all that the state has."""
        self._shown("destroy", {}, "--yes", "--skip-preview")

    def _shown(self, verb: str, adopt: Mapping[str, str], *options: str) -> None:
        variables = {**self._variables, **({ADOPT: json.dumps(adopt)} if adopt else {})}
        if self._run([verb, *_ON, *options, "--non-interactive"], True, variables).code:
            raise BootstrapRefused(
                f"bootstrap: the engine stopped at `pulumi {verb}`, what exists is in its state: correct the cause "
                f"above, then `{self._again}` goes on",
                FAILED,
            )

    def _must(self, *arguments: str) -> str:
        done = self._run([*arguments, "--non-interactive"], False, self._variables)
        if done.code:
            said = " ".join((done.errors or done.output).split()).removeprefix("error: ")[:_SAID].rstrip(".")
            raise BootstrapRefused(
                f"bootstrap: `pulumi {' '.join(arguments)}` on {self.address} failed ({said or 'it said nothing'}): "
                f"correct that, then `{self._again}` goes on",
                FAILED,
            )
        return done.output


_ON: Final[Sequence[str]] = ("--stack", STACK)


def local_stack(team: Team, again: str) -> EngineStack:
    """The stack on the file backend of this checkout."""
    return _stack(team, f"file://{team.local}", again)


def bucket_stack(team: Team, again: str) -> EngineStack:
    """The stack in the bucket that it has made."""
    return _stack(team, team.backend.url, again)


def _stack(team: Team, address: str, again: str) -> EngineStack:
    return EngineStack(team.means.engine(team.means.folder / FILE.parent), team.means.folder / FILE, address, again)


def known(export: Export) -> set[str]:
    """Type and logical name of every resource of a state, as adoption calls them."""
    return {f"{each['type']} {str(each['urn']).rpartition('::')[2]}" for each in resources(export)}


def contents(export: Export) -> dict[str, Any]:
    """What two copies of a state must agree on: id and inputs of each resource, by URN."""
    return {str(each["urn"]): (each.get("id"), _comparable(each.get("inputs"))) for each in resources(export)}


def _comparable(value: Any) -> Any:
    """A value in which secrets look alike: each key gives them another text."""
    if isinstance(value, list):
        return [_comparable(each) for each in cast(list[Any], value)]
    if isinstance(value, dict):
        found = cast(dict[str, Any], value)
        return "[secret]" if _SECRET in found else {key: _comparable(each) for key, each in found.items()}
    return value


def project_state_key(team: Team) -> str:
    """Object of the bootstrap's own state in the bucket."""
    return team.backend.state_key(STACK, PROJECT)
