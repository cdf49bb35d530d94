"""Keys of a stack's settings whose values are encrypted, and what such a value looks like."""

from typing import Any

from pydantic import SecretStr, TypeAdapter, ValidationError

from settings.errors import SettingsError, annotated, bare, problems_of, words
from settings.sections import Settings
from settings.stack_files import SECRET_PLACEHOLDER

_PROJECT = "socle"


def secret_keys() -> list[str]:
    """Full keys, such as `socle:datadog_api_key`; each stands by itself, never inside another."""
    return list(_kinds())


def check_secret(key: str, value: str) -> None:
    """Refuse a value that a deployment would refuse, without showing it. Raises `SettingsError`."""
    kind = _kinds()[key]
    if value == SECRET_PLACEHOLDER:
        raise SettingsError([f"{key}: expected {words(kind)}, got {SECRET_PLACEHOLDER}, which only stands for one"])
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise SettingsError(problems_of(key, kind, error, secret=True)) from None


def _kinds() -> dict[str, Any]:
    kinds = {f"{_PROJECT}:{name}": annotated(field) for name, field in Settings.model_fields.items()}
    return {key: kind for key, kind in kinds.items() if bare(kind)[0] is SecretStr}
