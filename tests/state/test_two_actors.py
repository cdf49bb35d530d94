"""Two people, a killed machine and a cancelled pipeline in any order, on the real engine."""

import itertools
import signal
import subprocess
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.state.busy_cloud import Busy, Gate, busy, ended, kill
from tests.state.cloud import Account, Place, place
from tests.state.test_killed_updates import open_in
from tests.state.test_two_updates import JOB, actor, line_with

COMMANDS = ("update", "update by hand", "kill", "cancel", "unlock", "finish")
LATE = st.booleans()
"""Whether an update stands where the cloud has made the thing already, and the engine has not heard of it."""
EXAMPLES = 5
NUMBERS = itertools.count()


@dataclass
class Story:
    """What happened so far, and what must be true whatever comes."""

    staging: Busy
    capsys: pytest.CaptureFixture[str]
    names: list[str] = field(default_factory=list[str])
    running: subprocess.Popen[str] | None = None
    gate: Gate = field(default_factory=Gate)
    broken: bool = False
    """Whether an update was killed and nobody has put that in order."""

    def play(self, command: str, *, late: bool) -> None:
        """Carry a command out, and look at what it must have left alone."""
        if command.startswith("update"):
            self.update(late=late, by_hand=command.endswith("hand"))
        elif command == "unlock":
            self.unlock()
        elif self.running:
            {"finish": self.finish, "cancel": self.cancel}.get(command, self.kill)()
        assert len(self.staging.locks()) <= 1
        if self.running:
            assert self.running.poll() is None
            assert len(self.staging.locks()) == 1

    def update(self, *, late: bool, by_hand: bool) -> None:
        """Begin one where none is under way; else be refused, by ours or by the engine, with nothing changed."""
        if self.running or self.broken:
            before = (self.staging.ids(), self.staging.locks())
            by_hand = by_hand and bool(self.running)  # plain pulumi would go on after a kill, and create things twice
            code = ended(self.staging.up())[0] if by_hand else self.staging.make_up()
            assert code != 0
            assert (self.staging.ids(), self.staging.locks()) == before
            return
        self.names.append(f"thing-{len(self.names)}")
        self.staging.declare(*self.names)
        self.gate = self.staging.close(self.names[-1], made=late)
        self.running = actor(self.staging, **JOB)
        self.gate.wait()

    def finish(self) -> None:
        self.gate.opened.set()
        assert self._over() == 0

    def cancel(self) -> None:
        assert self.running
        self.running.send_signal(signal.SIGTERM)
        line_with(self.running, "SIGTERM received")
        self.gate.opened.set()
        assert self._over() == 1
        assert self.staging.locks() == []

    def kill(self) -> None:
        assert self.running
        kill(self.running)
        self.gate.drop()
        self.running, self.broken = None, True

    def unlock(self) -> None:
        """Break what is stale and answer what is asked, by what the cloud has; never what is live."""
        before = self.staging.locks()
        self.capsys.readouterr()
        code = self.staging.make_unlock()
        if self.running:
            assert (code, self.staging.locks()) == (1, before)
            return
        said = self.capsys.readouterr().err
        assert self.staging.locks() == []
        if code:
            cloud = self.staging.cloud()
            assert self.staging.make_unlock(" ".join(f"{name}={cloud.get(name, '')}" for name in open_in(said))) == 0
        self.broken = False

    def end(self) -> None:
        """Let whatever is under way end, and bring the stack up: each thing is there once, and the state has it."""
        if self.running:
            self.finish()
        if self.broken:
            self.unlock()
        self.staging.close()
        assert self.staging.make_up() == 0, self.capsys.readouterr()
        assert self.staging.stated() == self.staging.ids()
        assert sorted(self.staging.cloud()) == sorted(self.names)
        assert len(self.staging.ids()) == len(self.names)

    def _over(self) -> int:
        assert self.running
        code, _ = ended(self.running)
        self.running = None
        return code


@settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from(COMMANDS), LATE), min_size=3, max_size=5))
@example([("update by hand", True), ("unlock", True), ("kill", True), ("unlock", True), ("update", False)])
def test_no_order_of_commands_loses_a_resource_or_runs_two_updates_at_once(
    account: Account,
    states: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    commands: list[tuple[str, bool]],
) -> None:
    number = next(NUMBERS)
    mine = place(states.folder / str(number), account, replace(states.backend, prefix=f"example-{number}/"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", mine.backend.url)
    with busy(mine) as staging:
        story = Story(staging, capsys)
        try:
            story.play("update", late=commands[0][1])  # nothing happens where nobody begins
            for command, late in commands:
                story.play(command, late=late)
            story.end()
        finally:
            if story.running:
                kill(story.running)
