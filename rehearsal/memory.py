"""Keys under which answers of checks are kept: the same question to the same rehearsal has the same answer."""

import hashlib
import json
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from rehearsal.wire import UNKNOWN

UNKNOWN_MARK: Final = "\\u0000unknown"
"""What stands for an unknown value in `text`; no input of AWS holds the character."""
_PACKAGES: Final = (
    "pulumi-aws",
    "pulumi-command",
    "pulumi-datadog",
    "pulumi-kubernetes",
    "pulumi-random",
    "pulumi-tls",
    "cfn-lint",
    "kubernetes-validate",
    "jsonschema",
)


def key(*question: Any) -> str:
    """A digest of everything that the answer depends on, our own code and its libraries included."""
    return hashlib.sha256(f"{_edition()}{text(question)}".encode()).hexdigest()


def text(value: Any) -> str:
    """JSON in which equal values look alike; unknown ones are marked."""
    return json.dumps(value, sort_keys=True, default=lambda it: "\0unknown" if it is UNKNOWN else str(it))


@cache
def _edition() -> str:
    """What tells one version of the rehearsal from another."""
    files = sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".yaml"))
    stamps = [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files]
    return text([stamps, [metadata.version(package) for package in _PACKAGES]])
