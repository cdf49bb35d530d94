"""Previews for the commands that estimate, without an engine, and a folder of stacks for them."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.changes.model import Preview
from tools.changes.reader import read_preview
from tools.setup import ROOT

SERVER = "aws:ec2/instance:Instance"


def row(op: str, name: str, type_: str = SERVER, old: Any = None, new: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = {"op": op, "urn": f"urn:pulumi:dev::socle::{type_}::{name}"}
    return found | {
        key: {"type": type_, "inputs": each} for key, each in (("oldState", old), ("newState", new)) if each
    }


def machine(kind: str = "t4g.large") -> dict[str, Any]:
    return {"instanceType": kind, "rootBlockDevice": {"volumeSize": 20}}


def preview(stack: str, *rows: dict[str, Any], code: int = 0, said: str = "") -> Preview:
    return read_preview(stack, json.dumps({"steps": list(rows)}), code, said)


def servers(stack: str, count: int, kind: str = "t4g.large") -> Preview:
    """A stack of machines that do not exist yet."""
    return preview(stack, *(row("create", f"server-{number}", new=machine(kind)) for number in range(count)))


def checkout(folder: Path) -> Path:
    """A folder with the files of the shipped stacks and of their costs."""
    for name in ("Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("versions", "costs"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def of_kind(stack: str, changes: Mapping[str, Any]) -> Preview:
    """A stack of two machines, or of one where a setting says so."""
    return servers(stack, 1 if changes else 2)
