"""Runs Checkov on a folder, without the network, and reads what it says."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from tools.changes.visible import one_line

_LONGEST: Final = 180
"""Seconds that Checkov may take for a folder; it takes about 5."""
_SOURCES: Final = "https://github.com/bridgecrewio/checkov/blob"
_GRAPH: Final = "checkov.common.graph.checks_infra"
_FILES_OF_GRAPH: Final = "checkov/kubernetes/checks/graph_checks"


class ScanFailed(Exception):  # noqa: N818 (reads as what it is)
    """Checkov did not judge what it was given; the text says why."""


@dataclass(frozen=True, order=True)
class Broken:
    """A check that failed."""

    check: str
    resource: str
    advice: str
    """What Checkov wants."""
    link: str
    """The guideline, or where Checkov keeps none without its service, the source of the check."""


@dataclass(frozen=True)
class Scan:
    """What Checkov says of a folder."""

    passed: int
    """Checks that passed, counted for each resource."""
    broken: tuple[Broken, ...]


def scan(command: Path, folder: Path, frameworks: Sequence[str], names: Mapping[str, str]) -> Scan:
    """Judge the files of `folder`, which have these names, with a check of every framework. Raises `ScanFailed`."""
    reports = _reports(_run(command, folder, frameworks))
    read = {str(each.get("check_type")): each for each in reports}
    passed, broken = 0, set[Broken]()
    for framework in frameworks:
        summary = read.get(framework, {}).get("summary", {})
        # A file that Checkov cannot parse may just be passed over.
        if not summary.get("passed", 0) + summary.get("failed", 0) or summary.get("parsing_errors"):
            raise ScanFailed(f"Checkov could not read {', '.join(names.values()) or 'anything'} as {framework}")
        passed += int(summary["passed"])
        version = str(summary["checkov_version"])
        broken |= {_broken(each, names, version) for each in read[framework]["results"]["failed_checks"]}
    return Scan(passed, tuple(sorted(broken)))


def _run(command: Path, folder: Path, frameworks: Sequence[str]) -> str:
    with tempfile.TemporaryDirectory(prefix="socle-checkov-") as home:
        # A home of its own, and none of our variables: neither a file of settings nor a key of its service counts.
        environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "LANG": "C.UTF-8"}
        arguments = ["--directory", str(folder), "--framework", *frameworks, "--output", "json"]
        try:
            done = subprocess.run(
                [str(command), *arguments, "--skip-download", "--soft-fail", "--compact", "--quiet"],
                cwd=home,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ScanFailed(f"Checkov took longer than {_LONGEST} seconds") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise ScanFailed(f"Checkov failed with exit code {done.returncode} ({one_line(said[-1][:300])})")
    return done.stdout


def _reports(printed: str) -> list[dict[str, Any]]:
    """One for each framework that had files."""
    try:
        found: Any = json.loads(printed)
    except ValueError:
        raise ScanFailed("Checkov printed something else than JSON") from None
    return cast(list[dict[str, Any]], found if isinstance(found, list) else [found])


def _broken(found: Mapping[str, Any], names: Mapping[str, str], version: str) -> Broken:
    file = str(found["file_path"]).lstrip("/")
    resource = names.get(file, file)
    # Within a file of a pipeline, the job or the workflow; of an object, nothing that its name does not say.
    where = f"{resource} {found['resource']}" if resource == file else resource
    return Broken(
        str(found["check_id"]), one_line(where), one_line(str(found["check_name"]).strip()), _link(found, version)
    )


def _link(found: Mapping[str, Any], version: str) -> str:
    if found.get("guideline"):
        return str(found["guideline"])
    source = str(found["check_class"])
    path = _FILES_OF_GRAPH if source.startswith(_GRAPH) else f"{source.replace('.', '/')}.py"
    return f"{_SOURCES}/{version}/{path}"
