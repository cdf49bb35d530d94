"""Inputs as rules read them: what is unknown or hidden marked, what is secret sealed, types under their newest name."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from policy.rules.model import UNKNOWN, Sealed

# https://github.com/pulumi/pulumi/blob/v3.250.0/sdk/go/common/resource/sig/sig.go
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a mark)
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
# What the engine puts where a value is not known, one for each type of value, and where `--json` hides one:
# https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/resource/plugin/rpc.go
_UNKNOWNS: Final = re.compile(
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9|1c4a061d-8072-4f0a-a4cb-0ff528b18fe7|3eeb2bf0-c639-47a8-9e75-3b44932eb421"
    "|6a19a0b0-7e62-4c92-b797-7f8e31da9cc2|030794c1-ac77-496b-92df-f27374a8bd58|e48ece36-62e2-4504-bad9-02848725956a"
    "|dd056dcd-154b-4c76-9bd3-c8f88648b5ff"
)
_HIDDEN: Final = "[secret]"
# pulumi-aws 7 took the second versions of the first types' names: https://www.pulumi.com/registry/packages/aws/
_OLDER: Final = re.compile(r"(aws:s3/bucket\w*)V2:(\w+)V2\Z")


def newest(type_: str) -> str:
    """The name that a type has today."""
    return _OLDER.sub(r"\1:\2", type_)


def read(value: Any, *, sealed: bool = False) -> Any:
    """A value of the engine as rules read it."""
    if isinstance(value, Mapping):
        return _object(cast(Mapping[str, Any], value), sealed=sealed)
    if isinstance(value, list | tuple):
        return [read(each, sealed=sealed) for each in cast(list[Any], value)]
    if isinstance(value, str):
        if value == _HIDDEN or _UNKNOWNS.search(value):
            return UNKNOWN
        return Sealed(value) if sealed else value
    return value


def _object(value: Mapping[str, Any], *, sealed: bool) -> Any:
    mark = value.get(_SIGNATURE)
    if mark == _SECRET:
        if "plaintext" in value:  # of a state that was asked for its secrets
            return read(json.loads(value["plaintext"]), sealed=True)
        return read(value["value"], sealed=True) if "value" in value else UNKNOWN
    if mark == _OUTPUT:
        hidden = sealed or bool(value.get("secret"))
        return read(value["value"], sealed=hidden) if "value" in value else UNKNOWN
    return {key: read(each, sealed=sealed) for key, each in value.items()}
