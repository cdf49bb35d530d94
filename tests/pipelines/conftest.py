"""What both pipelines run, and when."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tools.pipelines import github, gitlab
from tools.pipelines.job import Job

ROOT: Final = Path(__file__).resolve().parents[2]
OURS: Final = {"CI_PROJECT_ID": "7", "SOCLE_AWS_ACCOUNT": "1", "CI_DEFAULT_BRANCH": "main"}
MAIN: Final = {**OURS, "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "true"}
REQUEST: Final = {**OURS, "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7"}
FORK: Final = {**REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8"}
PUSH: Final = {**MAIN, "CI_PIPELINE_SOURCE": "push"}


def schedule(which: str) -> dict[str, str]:
    return {**MAIN, "CI_PIPELINE_SOURCE": "schedule", "SOCLE_SCHEDULE": which}


@pytest.fixture(scope="session")
def on_gitlab() -> Mapping[str, Any]:
    return gitlab.read(ROOT)


@pytest.fixture(scope="session")
def on_github() -> dict[str, dict[str, Any]]:
    return github.read(ROOT)


@pytest.fixture(scope="session")
def every_job(on_gitlab: Mapping[str, Any], on_github: dict[str, dict[str, Any]]) -> list[Job]:
    """All jobs of both forges."""
    return [*gitlab.every_job(on_gitlab), *(job for each in on_github.values() for job in github.every_job(each))]


def started(document: Mapping[str, Any], variables: Mapping[str, str], *, by_hand: bool) -> dict[str, Job]:
    """Jobs that GitLab starts by itself, or that wait for a hand."""
    found = gitlab.jobs(document, variables)
    return {
        name: job
        for name, job in found.items()
        if (gitlab.when(job.raw.get("rules"), variables) == "manual") == by_hand
    }


def verbs_of(jobs: Mapping[str, Job]) -> set[str]:
    return {verb for job in jobs.values() for verb in job.verbs}


def makefile_verbs() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {name for line in re.findall(r"^([a-z][a-z -]*):", text, re.MULTILINE) for name in line.split()}
