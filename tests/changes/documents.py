"""Previews written by hand, for shapes that the engine of these tests cannot be made to give."""

import json
from typing import Any

BUCKET = "aws:s3/bucket:Bucket"
Object = dict[str, Any]


def urn(name: str, type_: str = BUCKET) -> str:
    return f"urn:pulumi:dev::socle::{type_}::{name}"


def step(op: str, name: str = "files", type_: str = BUCKET, **more: Any) -> Object:
    """A row; `old` and `new` are inputs, `outputs` the old ones."""
    old, new, outputs = more.pop("old", None), more.pop("new", None), more.pop("outputs", None)
    row: Object = {"op": op, "urn": urn(name, type_), "detailedDiff": None, **more}
    if old is not None:
        row["oldState"] = {"type": type_, "inputs": old, "outputs": outputs or old, **more.pop("state", {})}
    if new is not None:
        row["newState"] = {"type": type_, "inputs": new}
    return row


def update(old: Object, new: Object, **detailed: str) -> Object:
    """An update whose provider names properties; `__` in a name stands for a period."""
    diff = {name.replace("__", "."): {"kind": kind, "inputDiff": True} for name, kind in detailed.items()}
    return step("update", old=old, new=new, detailedDiff=diff or None)


def document(*steps: Object, **more: Any) -> str:
    return json.dumps({"config": {"aws:region": "eu-west-3"}, "steps": list(steps), **more}, indent=4)
