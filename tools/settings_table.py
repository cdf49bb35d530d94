"""Print the table of all settings as Markdown, made from the models that read them; `--write` puts it in the README."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from settings.errors import annotated, bare, shown, words
from settings.sections import Settings

_README = Path(__file__).resolve().parent.parent / "README.md"
_BEGIN = "<!-- settings: begin (printed by python -m tools.settings_table) -->"
_END = "<!-- settings: end -->"


def table() -> str:
    """Markdown table of every key, the values it takes, its default and its meaning."""
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    lines += (
        f"| `{key}` | {_cell(value)} | {default} | {_cell(meaning)} |" for key, value, default, meaning in _rows()
    )
    return "\n".join(lines)


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for name, field in Settings.model_fields.items():
        key = "aws:region" if name == "region" else f"socle:{name}"
        yield from _rows_of(key, field)


def _rows_of(key: str, field: FieldInfo) -> Iterator[tuple[str, str, str, str]]:
    section, suffix = _section(annotated(field))
    value = (
        words(annotated(field))
        if section is None
        else {"": "section", "[]": "list of sections"}.get(suffix, "sections by name")
    )
    yield key, value, _default(field), " ".join((field.description or "").split())
    if section:
        for name, inner in section.model_fields.items():
            yield from _rows_of(f"{key}{suffix}.{name}", inner)


def _section(kind: Any) -> tuple[type[BaseModel] | None, str]:
    """Section that a kind of value holds, and how its keys are reached from the key that has it."""
    kind, _ = bare(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind, ""
    if get_origin(kind) is tuple:
        return _section(get_args(kind)[0])[0], "[]"
    if get_origin(kind) is dict:
        return _section(get_args(kind)[1])[0], ".<name>"
    return None, ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    return "" if default is None else f"`{shown(TypeAdapter[Any](Any).dump_python(default, mode='json'))}`"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*")


def written(document: str) -> str:
    """A document with the table of today between the marks that hold it."""
    start, _, rest = document.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not end:
        raise ValueError(f"expected the marks {_BEGIN!r} and {_END!r} in the document")
    return f"{start}{_BEGIN}\n{table()}\n{end}{tail}"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        _README.write_text(written(_README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())
