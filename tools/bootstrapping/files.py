"""Changes of the project's YAML files, one value at a time: comments and order stay as people wrote them."""

import io
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

_AFTER: Final = "runtime"
"""Key of Pulumi.yaml behind which the backend is written."""
_PROVIDER: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""Keys of a stack file that say how its secrets are sealed."""
_WIDE: Final = 4096
"""Columns before a text is wrapped: never."""

Document = dict[str, Any]


def backend_url(project: Path) -> str | None:
    """Address of the states in a Pulumi.yaml, if it has one."""
    section: Any = _load(project)[1].get("backend") or {}
    return section.get("url")


def write_backend(project: Path, url: str) -> None:
    """Write the address of the states into a Pulumi.yaml."""
    yaml, document = _load(project)
    if "backend" in document:
        document["backend"]["url"] = url
        _write(project, yaml, document)
        return
    # As text: the comment that follows would be taken for the new section's, and go with it.
    lines = project.read_text(encoding="utf-8").splitlines()
    end = _end_of(lines, _AFTER)
    _replace(project, [*lines[:end], "backend:", f"  url: {url}", "", *lines[end:]])


def drop_backend(project: Path) -> None:
    """Take the address of the states out of a Pulumi.yaml."""
    lines = project.read_text(encoding="utf-8").splitlines()
    if "backend:" in lines:
        _replace(project, [*lines[: lines.index("backend:")], *lines[_end_of(lines, "backend") :]])


def _end_of(lines: Sequence[str], section: str) -> int:
    """Index of the line behind a section of the top level and the blank lines after it; 0 without such a section."""
    start = next((number for number, line in enumerate(lines) if line.startswith(f"{section}:")), None)
    if start is None:
        return 0
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end][0].isspace()):
        end += 1
    return end


def stack_value(file: Path, key: str) -> str | None:
    """A plain value of a stack file's `config`, or None."""
    config: Document = _load(file)[1].get("config") or {}
    value = config.get(key)
    return str(value) if value is not None else None


def write_value(file: Path, key: str, value: str, after: str) -> None:
    """Set a value of a stack file's `config`; a new one comes behind the key `after`."""
    yaml, document = _load(file)
    if not document.get("config"):
        document["config"] = CommentedMap()
    config = document["config"]
    quoted = DoubleQuotedScalarString(value)
    if key in config:
        config[key] = quoted
    else:
        place = [*config].index(after) + 1 if after in config else 0
        config.insert(place, key, quoted)
    _write(file, yaml, document)


def provider_of(file: Path) -> str | None:
    """What seals the secrets of a stack file: an address, `passphrase`, or None."""
    document = _load(file)[1]
    return document.get("secretsprovider") or ("passphrase" if document.get("encryptionsalt") else None)


@contextmanager
def as_written(file: Path) -> Generator[None]:
    """Let the engine change the secrets provider of a stack file, and nothing else: it would quote every number."""
    before = _load(file)[1]
    try:
        yield
    finally:
        yaml, after = _load(file)
        for name in _PROVIDER:
            before.pop(name, None)
            if name in after:
                before[name] = after[name]
        _write(file, yaml, before)


def sealed_keys(file: Path) -> list[str]:
    """Keys of a stack file's `config` with an encrypted value."""
    config: dict[str, Any] = _load(file)[1].get("config") or {}
    return [key for key, value in config.items() if isinstance(value, dict) and "secure" in cast(Document, value)]


def drop_provider(file: Path) -> None:
    """Take out of a stack file what names the key of its secrets."""
    yaml, document = _load(file)
    names = [name for name in _PROVIDER if name in document]
    for name in names:
        del document[name]
    if names:
        _write(file, yaml, document)


def _load(path: Path) -> tuple[Any, Any]:
    yaml = cast(Any, YAML())
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml, yaml.load(path.read_text(encoding="utf-8")) or CommentedMap()


def _write(path: Path, yaml: Any, document: Any) -> None:
    text = io.StringIO()
    yaml.dump(document, text)
    _replace(path, text.getvalue().splitlines())


def _replace(path: Path, lines: Sequence[str]) -> None:
    """Replace a file at once: a killed bootstrap leaves the old one or the new one."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text("\n".join((*lines, "")), encoding="utf-8")
    beside.replace(path)
