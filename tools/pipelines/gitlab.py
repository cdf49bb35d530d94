"""The pipeline of GitLab: which jobs run with which variables, and what they run."""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final, cast

import yaml

from tools.pipelines.job import Job, PipelineUnclear
from tools.setup import ROOT

FILE: Final = ".gitlab-ci.yml"
_WORDS: Final = frozenset({"workflow", "stages", "variables", "default", "include", "spec"})
"""Top-level keys that are no job: https://docs.gitlab.com/ci/yaml/#global-keywords"""
_TERM: Final = re.compile(r"""\$(?P<left>\w+)(?:\s*==\s*(?:"(?P<text>[^"]*)"|\$(?P<right>\w+)))?""")
_VARIABLE: Final = re.compile(r"\$(\w+)")
_DEEPEST: Final = 10

Raw = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML with GitLab's `!reference`."""


class _Reference(list[str]):
    """The way to a value that stands elsewhere in the file."""


def _reference(loader: yaml.SafeLoader, node: yaml.Node) -> _Reference:
    return _Reference(loader.construct_sequence(cast(yaml.SequenceNode, node)))


_Loader.add_constructor("!reference", _reference)


def read(folder: Path = ROOT) -> Raw:
    """The file, with every reference replaced by what it names."""
    document: Raw = yaml.load((folder / FILE).read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a safe loader)
    return cast(Raw, _resolved(document, document))


def jobs(document: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Job]:
    """Jobs of the pipeline that these variables start, those by hand among them; raises `PipelineUnclear`."""
    if when(document.get("workflow", {}).get("rules"), variables) is None:
        return {}
    return {job.name: job for job in every_job(document) if when(job.raw.get("rules"), variables) is not None}


def every_job(document: Mapping[str, Any]) -> list[Job]:
    """All jobs of the file, whenever they run."""
    names = [name for name in document if not name.startswith(".") and name not in _WORDS]
    return [_job(name, _extended(document, name), document) for name in names]


def when(rules: Any, variables: Mapping[str, str]) -> str | None:
    """How a job is started by these rules: `on_success`, `always` or `manual`; None when it is not made."""
    if rules is None:
        return "on_success"
    for rule in rules:
        if _holds(rule.get("if", ""), variables):
            told = str(rule.get("when", "on_success"))
            return None if told == "never" else told
    return None


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """A value with the variables that it names, those of variables among them; unknown ones are empty."""
    for _ in range(_DEEPEST):
        if not _VARIABLE.search(text):
            return text
        text = _VARIABLE.sub(lambda match: variables.get(match[1], ""), text)
    raise PipelineUnclear(f"a variable names itself in {text}")


def _holds(condition: str, variables: Mapping[str, str]) -> bool:
    """Whether an expression of `rules: if` is true; the part of its language that the file uses."""
    for part in filter(None, condition.split(" && ")):
        match = _TERM.fullmatch(part.strip())
        if match is None:
            raise PipelineUnclear(f"expected terms such as $A or $A == $B, joined by &&, got `{condition}`")
        left = variables.get(match["left"], "")
        if match["text"] is None and match["right"] is None:
            if not left:
                return False
        elif left != (match["text"] if match["text"] is not None else variables.get(match["right"], "")):
            return False
    return True


def _job(name: str, raw: Raw, document: Mapping[str, Any]) -> Job:
    given = {**document.get("variables", {}), **raw.get("variables", {})}
    return Job(
        name=name,
        commands=tuple(raw.get("script", ())),
        variables={key: str(value) for key, value in given.items()},
        combinations=_combinations(raw.get("parallel", {}).get("matrix", [])),
        needs=tuple(each if isinstance(each, str) else each["job"] for each in raw.get("needs", ())),
        raw=raw,
    )


def _combinations(matrix: Sequence[Mapping[str, Sequence[str]]]) -> tuple[Mapping[str, str], ...]:
    found = [dict(zip(row, values, strict=True)) for row in matrix for values in product(*row.values())]
    return tuple(found) or ({},)


def _extended(document: Mapping[str, Any], name: str) -> Raw:
    """A job with what it takes over: the default first, then each that it extends, then its own."""
    own: Raw = document[name]
    bases = own.get("extends", [])
    merged: Raw = dict(document.get("default", {})) if not name.startswith(".") else {}
    for base in [bases] if isinstance(bases, str) else bases:
        merged = _merged(merged, _extended(document, base))
    return _merged(merged, {key: value for key, value in own.items() if key != "extends"})


def _merged(under: Raw, over: Raw) -> Raw:
    """Keys of both; mappings are merged, anything else is replaced: https://docs.gitlab.com/ci/yaml/#extends"""
    both = dict(under)
    for key, value in over.items():
        before = both.get(key)
        both[key] = _merged(cast(Raw, before), cast(Raw, value)) if _mappings(before, value) else value
    return both


def _mappings(one: Any, other: Any) -> bool:
    return isinstance(one, dict) and isinstance(other, dict)


def _resolved(value: Any, document: Raw) -> Any:
    if isinstance(value, _Reference):
        found: Any = document
        for step in value:
            found = found[step]
        return _resolved(found, document)
    if isinstance(value, dict):
        return {key: _resolved(each, document) for key, each in cast(Raw, value).items()}
    if isinstance(value, list):
        items: list[Any] = []
        for each in cast(list[Any], value):
            found = _resolved(each, document)
            items += found if isinstance(each, _Reference) and isinstance(found, list) else [found]
        return items
    return value
