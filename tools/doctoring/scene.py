"""A stack under examination: what the checks share, each thing asked for once and never for long."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import boto3
import yaml
from botocore.config import Config

from tools.account import GLOBAL
from tools.setup import ROOT
from tools.state.backend import Backend
from tools.state.checkpoint import Deployment
from tools.state.objects import Objects
from tools.state.person import Person

# A person waits: what does not answer twice within seconds is said to be silent.
_PATIENCE: Final = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=4, read_timeout=10)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Scene:
    """A stack, and what earlier checks have found out for later ones."""

    stack: str
    folder: Path = ROOT
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    now: Callable[[], datetime] = _now
    """The clock of this machine."""
    backend: Backend | None = None
    person: Person | None = None
    told: datetime | None = None
    """The time by AWS's clock, when it said something."""
    asked: datetime | None = None
    """The time by ours at that moment."""
    silent: str = ""
    """Why AWS is asked nothing more; empty as long as it answers."""
    deployment: Deployment | None = None
    clients: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any], repr=False)
    """Those that were made: each takes a moment."""

    @property
    def again(self) -> str:
        """The command that examines once more."""
        return f"make doctor STACK={self.stack}"

    @property
    def file(self) -> Path:
        """The stack's file."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    @property
    def document(self) -> dict[str, Any]:
        """What the stack's file has; empty when it is missing or no YAML, which another check says."""
        try:
            found: Any = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            return {}
        return cast(dict[str, Any], found) if isinstance(found, dict) else {}

    @property
    def home(self) -> Backend:
        """The bucket; for checks that only run when its address is known."""
        if self.backend is None:
            raise LookupError("a check that needs the bucket ran without its address")
        return self.backend

    @property
    def objects(self) -> Objects:
        """The bucket's objects."""
        return Objects(self.home, self.client("s3"))

    def client(self, service: str, region: str | None = None) -> Any:
        """A client with the engine's credentials and little patience."""
        profile = self.backend.profile if self.backend else None
        place = region or (self.backend.region if self.backend else GLOBAL)
        if (service, place) not in self.clients:
            session = cast(Any, boto3.Session(profile_name=profile))
            self.clients[service, place] = session.client(service, region_name=place, config=_PATIENCE)
        return self.clients[service, place]
