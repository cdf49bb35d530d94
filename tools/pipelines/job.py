"""A job of a pipeline as both forges know it, read from their files."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class PipelineUnclear(Exception):  # noqa: N818 (reads as what it is)
    """A pipeline's file has something that this reader does not know; the text is one sentence that says where."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job, once for each combination of its matrix."""

    name: str
    commands: tuple[str, ...]
    """What it runs, without what brings its tools and credentials."""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Given to its commands, references to others not yet replaced."""
    combinations: tuple[Mapping[str, str], ...] = ({},)
    """Values of its matrix."""
    needs: tuple[str, ...] = ()
    """Jobs that end before it begins."""
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the file says of it, with what it takes over from others."""

    @property
    def verbs(self) -> tuple[str, ...]:
        """Verbs of the Makefile that it calls; raises `PipelineUnclear` for any other command."""
        return tuple(verb_of(self.name, command) for command in self.commands)


def verb_of(job: str, command: str) -> str:
    """The one verb of the Makefile that a command calls; raises `PipelineUnclear`."""
    words = shlex.split(command)
    if len(words) != 2 or words[0] != "make":  # noqa: PLR2004 (make and the verb)
        raise PipelineUnclear(f"job {job}: expected one verb such as `make check`, got `{command}`")
    return words[1]


def in_order(jobs: Mapping[str, Job]) -> list[Job]:
    """The jobs, each after those that it needs, else in the order of the file."""
    done: dict[str, Job] = {}

    def take(job: Job) -> None:
        for need in job.needs:
            if need in jobs and need not in done:
                take(jobs[need])
        done.setdefault(job.name, job)

    for each in jobs.values():
        take(each)
    return list(done.values())
