"""The workflows of GitHub: which jobs an event starts, and what they run."""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final, cast

import yaml

from tools.pipelines.job import Job, PipelineUnclear
from tools.setup import ROOT

FOLDER: Final = Path(".github", "workflows")
_EXPRESSION: Final = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")

Raw = dict[str, Any]


def read(folder: Path = ROOT) -> dict[str, Raw]:
    """The workflows, by the name of their file."""
    found: dict[str, Raw] = {}
    for file in sorted((folder / FOLDER).glob("*.yml")):
        document: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        # YAML 1.1 reads the key `on` as true.
        found[file.name] = {"on" if key is True else str(key): value for key, value in document.items()}
    return found


def jobs(documents: Mapping[str, Raw], event: str) -> dict[str, Job]:
    """Jobs of the workflows that an event starts, whatever their condition."""
    started = [document for document in documents.values() if event in document["on"]]
    return {job.name: job for document in started for job in every_job(document)}


def every_job(document: Mapping[str, Any]) -> list[Job]:
    """All jobs of a workflow."""
    return [_job(name, raw) for name, raw in cast(dict[str, Raw], document["jobs"]).items()]


def expanded(text: str, context: Mapping[str, str]) -> str:
    """A value with what its expressions name, such as `github.base_ref`; raises `PipelineUnclear`."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in context:
            raise PipelineUnclear(f"nothing says what {match[1]} is in `{text}`")
        return context[match[1]]

    done = _EXPRESSION.sub(value, text)
    if "${{" in done:
        raise PipelineUnclear(f"expected names such as github.base_ref alone, got `{text}`")
    return done


def _job(name: str, raw: Raw) -> Job:
    steps = [step for step in cast(list[Raw], raw["steps"]) if "run" in step]
    given: Raw = {**raw.get("env", {})}
    for step in steps:
        given |= step.get("env", {})
    return Job(
        name=name,
        commands=tuple(str(step["run"]) for step in steps),
        variables={key: str(value) for key, value in given.items()},
        combinations=_combinations(raw.get("strategy", {}).get("matrix", {})),
        needs=tuple(raw.get("needs", ())),
        raw=raw,
    )


def _combinations(matrix: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    rows: dict[str, Sequence[str]] = {key: value for key, value in matrix.items() if key != "include"}
    found = [dict(zip(rows, values, strict=True)) for values in product(*rows.values())] if rows else []
    return (*found, *matrix.get("include", [])) or ({},)
