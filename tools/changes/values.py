"""Values of properties as a person reads them."""

import json
from typing import Any, Final, cast

from tools.changes.masks import MASKED, OPAQUE, SECRET, UNKNOWN
from tools.changes.visible import shortened, visible

LONGEST: Final = 20_000
"""Characters of a value that are kept."""
_COMPACT: Final = 80
"""Characters of a list or an object that stands on one line."""

# How the engine writes what is no plain value:
# https://github.com/pulumi/pulumi/blob/v3.250.0/sdk/go/common/resource/sig/sig.go
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_FILES: Final = {"c44067f5952c0a294b673a41bacd8c17": "asset", "0def7320c3a5731c473e5ecbe6d01bc7": "archive"}
_SECRET_VALUE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a mark)
_REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def plain(value: Any) -> Any:
    """The value with files, references, outputs and secrets as texts, and without what a provider notes for itself."""
    if isinstance(value, list):
        return [plain(each) for each in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    entries = cast(dict[str, Any], value)
    if _SIGNATURE in entries:
        return _special(entries)
    return {key: plain(each) for key, each in entries.items() if not key.startswith("__")}


def shown(value: Any) -> str:
    """A masked value as text: a list or an object, also one in a JSON text, on lines of its own when it is long."""
    text = _text(value) if isinstance(value, str) else _structure(value)
    return visible(shortened(text, LONGEST))


def _text(value: str) -> str:
    if value in OPAQUE:
        return value
    if value[:1] in ("{", "[") and value[-1:] in ("}", "]"):
        try:
            return _structure(json.loads(value))
        except (ValueError, RecursionError):
            pass
    return value if "\n" in value.strip("\n") else json.dumps(value, ensure_ascii=False)


def _structure(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _COMPACT else json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2)


def _special(entries: dict[str, Any]) -> Any:
    mark = str(entries[_SIGNATURE])
    if mark in _FILES:
        place = entries.get("path") or entries.get("uri") or ""
        return f"{_FILES[mark]} {place} sha256:{str(entries.get('hash', ''))[:12]}".replace("  ", " ")
    if mark == _SECRET_VALUE or entries.get("secret"):
        return SECRET
    if mark == _OUTPUT:
        return plain(entries["value"]) if "value" in entries else UNKNOWN
    if mark == _REFERENCE:
        return str(entries.get("urn", ""))
    return MASKED
