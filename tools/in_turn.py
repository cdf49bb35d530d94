"""The turn of a command that changes a stack, from its beginning to every end that it may have."""

import os
import signal
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn, cast

import yaml

from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.setup import ROOT
from tools.state.backend import VARIABLE, found_backend
from tools.state.ci_jobs import job_here
from tools.state.pulse import Pulse
from tools.turn import Means, Turn

WAIT: Final = "SOCLE_WAIT"
"""Variable that says how many minutes a command waits for its turn; 60 in a pipeline and 0 elsewhere when omitted."""
_IN_PIPELINES: Final = 60.0


@contextmanager
def in_turn(
    stack: str,
    again: str,
    folder: Path = ROOT,
    *,
    environ: Mapping[str, str] | None = None,
    means: Means | None = None,
) -> Generator[Turn]:
    """Have the turn on a stack until the end, however that comes; without S3 there are no turns, and nothing happens.

    A pipeline waits for its turn, anybody else is refused in a sentence; raises `typer.Exit`.
    """
    given = os.environ if environ is None else environ
    means = means or Means()
    with sentences(stack, again):
        minutes = _minutes(given)
        objects = means.objects(found_backend(given, folder)) if _is_on_s3(given, folder) else None
        mine = Turn(stack, again, objects, means, minutes)
        if objects is None:
            yield mine
            return
        with _ending_on_signals() as signals:
            pulse = None
            try:
                pulse = Pulse(objects, mine.take(objects, job_here(given)), every=means.every, lost=means.lost)
                mine.clear(objects, breaks=bool(given.get("CI")))
                yield mine
            finally:
                signals.ignore()
                if pulse:
                    pulse.stop()
                mine.leave(objects)
                if pulse and pulse.lost:
                    raise refuse(f"{stack}: another command took over the turn, so this one stopped: `{again}`", FAILED)


def _is_on_s3(environ: Mapping[str, str], folder: Path) -> bool:
    if environ.get(VARIABLE):
        return environ[VARIABLE].startswith("s3")
    file = folder / "Pulumi.yaml"
    document: Any = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    section = cast(dict[str, Any], document.get("backend") or {})
    return str(section.get("url") or "").startswith("s3")


def _minutes(environ: Mapping[str, str]) -> float:
    told = environ.get(WAIT, "")
    try:
        found = float(told) if told else _IN_PIPELINES if environ.get("CI") else 0.0
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise refuse(f'{WAIT}: expected a number of minutes, such as "60", got "{told}"', BAD_INPUT)
    return found


class _Signals:
    """What this process does when it is told to end."""

    def __init__(self) -> None:
        main = threading.current_thread() is threading.main_thread()
        self._before = {each: signal.signal(each, _end) for each in (signal.SIGTERM, signal.SIGHUP)} if main else {}

    def ignore(self) -> None:
        """Take no more, so that what was taken is given back."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


@contextmanager
def _ending_on_signals() -> Generator[_Signals]:
    signals = _Signals()
    try:
        yield signals
    finally:
        signals.restore()


def _end(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    raise SystemExit(128 + number)
