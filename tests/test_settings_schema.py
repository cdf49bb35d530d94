import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tools import settings_schema

PROJECT = Path(__file__).resolve().parent.parent


def errors(document: Any) -> list[str]:
    validator: Any = Draft202012Validator(settings_schema.schema())
    return [str(error.message) for error in validator.iter_errors(document)]


def test_the_schema_that_editors_read_is_the_one_of_the_settings() -> None:
    assert (PROJECT / settings_schema.FILE).read_text(encoding="utf-8") == settings_schema.text(), "run: make docs"


@pytest.mark.parametrize("file", sorted(PROJECT.glob("Pulumi.*.yaml")), ids=lambda file: file.name)
def test_every_stack_file_is_valid_and_names_the_schema(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert errors(yaml.safe_load(text)) == []
    assert text.startswith(f"# yaml-language-server: $schema={settings_schema.FILE}\n")


def test_a_misspelt_key_is_refused() -> None:
    document: dict[str, Any] = {"config": {"aws:region": "eu-west-3", "socle:owner": "me", "socle:netwrok": {}}}
    assert any("socle:netwrok" in error for error in errors(document))


def test_a_missing_owner_is_refused() -> None:
    assert any("socle:owner" in error for error in errors({"config": {"aws:region": "eu-west-3"}}))


def test_the_engine_s_own_keys_are_accepted() -> None:
    document: dict[str, Any] = {
        "secretsprovider": "awskms://alias/x",
        "encryptedkey": "k",
        "config": {"aws:region": "eu-west-3", "socle:owner": "me", "pulumi:template": "x"},
    }
    assert json.dumps(errors(document)) == "[]"
