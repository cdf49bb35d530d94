"""All checks of a stack, in an order in which each knows what the earlier ones found."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

from botocore import exceptions

from tools.account import Failure, explain
from tools.doctoring import answers, bucket, budget, key, programs, state, whereabouts
from tools.doctoring.finding import Finding, from_sentence
from tools.doctoring.scene import Scene
from tools.state.failures import explain_backend

Check = Callable[[Scene], Iterator[Finding]]


@dataclass(frozen=True)
class Planned:
    """A check, and what it needs."""

    name: str
    check: Check
    aws: bool = True
    """Whether it asks AWS, so that it is left out once AWS does not answer."""
    states: bool = True
    """Whether it needs the bucket's address."""


PLAN: Final = (
    Planned("address", whereabouts.address, aws=False, states=False),
    Planned("credentials", whereabouts.credentials, states=False),
    Planned("clock", whereabouts.clock, aws=False, states=False),
    Planned("bucket", bucket.bucket),
    Planned("versions", bucket.versions),
    Planned("encryption", bucket.encryption),
    Planned("public access", bucket.public_access),
    Planned("lock", state.lock),
    Planned("turn", state.lease),
    Planned("state", state.state),
    Planned("pending", state.pending, aws=False, states=False),
    Planned("key", key.key, states=False),
    Planned("one key", key.one_key, aws=False, states=False),
    Planned("settings", answers.settings, aws=False, states=False),
    Planned("engine", programs.engine, aws=False, states=False),
    Planned("plugins", programs.plugins, aws=False, states=False),
    Planned("budget", budget.budget, states=False),
)
_WAY: Final = ("address", "credentials", "clock", "bucket", "state", "key")
"""Checks of what lies between a command and the state."""
_ROOTS: Final = ("credentials", "bucket")
"""Checks whose failure explains that of every later one that asks AWS."""


def examine(scene: Scene, only: Collection[str] = ()) -> Iterator[Finding]:
    """Every finding, as it comes, of all checks or those named `only`. Nothing is raised, whatever is broken."""
    for planned in PLAN:
        if not only or planned.name in only:
            yield from _checked(scene, planned)


def first_broken(scene: Scene) -> Finding | None:
    """The first thing on the way to the state that is broken, for a command that failed and knows no more.

    Locks and pending operations are not looked at: a command that failed tells of those itself.
    """
    return next((each for each in examine(scene, _WAY) if each.level == "broken"), None)


def _checked(scene: Scene, planned: Planned) -> Iterator[Finding]:
    if planned.aws and scene.silent:
        yield Finding(planned.name, "not checked", scene.silent)
        return
    if planned.states and scene.backend is None:
        yield Finding(planned.name, "not checked", "nobody knows where the states are")
        return
    try:
        for finding in planned.check(scene):
            if planned.name == "bucket" and finding.level == "broken":
                scene.silent = "the bucket has to be right first"
            yield finding
    except Failure as error:
        whereabouts.note_time(scene, error)
        if planned.name in _ROOTS and (planned.name == "bucket" or not _is_silence(error)):
            scene.silent = f"the {planned.name} {'has' if planned.name == 'bucket' else 'have'} to be right first"
        sentence = explain_backend(error, scene.backend, scene.again, scene.stack) or explain(error, scene.again)
        yield from_sentence(planned.name, "broken", sentence)


def _is_silence(error: BaseException) -> bool:
    """Whether this one service does not answer: another may."""
    return isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError)
