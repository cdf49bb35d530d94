"""Print the JSON schema of a stack file, with which editors complete keys and mark mistakes; `--write` stores it."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from settings import PROJECT, Settings

FILE = "settings/stack-file.schema.json"


def schema() -> dict[str, Any]:
    """JSON schema of `Pulumi.<stack>.yaml`, from the same models that read it."""
    _, definitions = models_json_schema([(Settings, "validation")])
    known: dict[str, Any] = definitions["$defs"]
    whole = known.pop(Settings.__name__)
    properties = {
        "aws:region" if name == "region" else f"{PROJECT}:{name}": kind for name, kind in whole["properties"].items()
    }
    required = ["aws:region" if name == "region" else f"{PROJECT}:{name}" for name in whole["required"]]
    config = {
        "type": "object",
        "properties": properties,
        "patternProperties": {"^pulumi:": True},
        "required": required,
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of Socle",
        "type": "object",
        "properties": {
            "config": config,
            **dict.fromkeys(("secretsprovider", "encryptedkey", "encryptionsalt", "environment"), True),
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": known,
    }


def text() -> str:
    """The schema as the file holds it."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        (Path(__file__).resolve().parent.parent / FILE).write_text(text(), encoding="utf-8")
    else:
        print(text(), end="")
