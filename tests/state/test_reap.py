"""`make reap` and `make extend`: only what has expired goes, and only when nobody is at work on it."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import typer

from tests.pulumi_stand_in import near
from tests.state.copies import ADA, MARIE, OTHER_MARIE, Office, code_of
from tools import destroy, extend, reap
from tools.drain import Means as DrainMeans
from tools.pulumi_cli import Program, Pulumi
from tools.stack_copies.reaping import DOOMED
from tools.state.registry import change, read_record

Said = pytest.CaptureFixture[str]
PEOPLE = {"dev-a": ADA, "dev-b": MARIE, "dev-c": OTHER_MARIE}


def site(stack: str) -> dict[str, object]:
    return {"urn": f"urn:pulumi:{stack}::socle::socle:index:Site::site", "type": "socle:index:Site", "custom": False}


def three(desks: Office) -> Office:
    """Three stacks of three people, made without an engine; with half an hour, 8 hours and a day to live."""
    desk, _ = desks.without_engine()
    for (stack, person), ttl in zip(PEOPLE.items(), ("30m", "8h", "1d"), strict=True):
        assert desk.of(person).make(stack, ttl=ttl) == 0
    return desk


class Taken:
    """What was destroyed, by a stand-in for `make destroy`."""

    def __init__(self, fails: dict[str, BaseException] | None = None) -> None:
        self.stacks: list[str] = []
        self._fails = fails or {}

    def __call__(self, stack: str) -> None:
        self.stacks.append(stack)
        if stack in self._fails:
            raise self._fails[stack]


def reaped(desks: Office, take: Callable[[str], None], *, yes: bool = True) -> int:
    return code_of(lambda: reap.run(yes=yes, means=desks.means, take=take))


def with_states(desks: Office) -> None:
    """Give the stacks that `three` made a state."""
    for stack in PEOPLE:
        desks.objects.write(desks.objects.backend.state_key(stack), b'{"checkpoint": {"latest": {}}}')


def test_an_expired_stack_is_destroyed_and_removed_by_the_real_engine(desks: Office, capsys: Said) -> None:
    desks.make("dev-a", ttl="30m")
    desks.make("dev-b", ttl="8h")
    desks.place.load("dev-a", site("dev-a"))
    # As in a pipeline, whose checkout does not have the file.
    desks.file("dev-a").unlink()

    def take(stack: str) -> None:
        pulumi = Pulumi(stack, Program(desks.folder, dict(desks.place.environ)))
        means = DrainMeans(reach=near)
        destroy.run(stack, pulumi, yes=True, minutes=0, means=means, find=lambda _: [], folder=desks.folder)

    assert reaped(desks.later(hours=1), take) == 0
    said = capsys.readouterr().out
    assert re.search(rf"dev-a +{ADA.arn} +30 min ago +1 +destroyed and removed", said)
    assert "dev-a: removed; its name and 10.64.0.0/16 are free again" in said
    assert desks.own_keys() == ["stacks/dev-b.json", "slots/65.json"]
    assert (desks.file("dev-a").exists(), desks.file("dev-b").exists()) == (False, True)
    assert desks.place.pulumi("stack", "ls").stdout.count("dev-") == 1


def test_without_yes_nothing_is_changed(desks: Office, capsys: Said) -> None:
    desk = three(desks)
    before, take = desks.own_keys(), Taken()
    assert reaped(desk.later(hours=9), take, yes=False) == 0
    said = capsys.readouterr().out
    assert re.search(rf"dev-b +{MARIE.arn} +1 h ago|dev-b +{MARIE.arn} +59 min ago", said)
    assert "dev-c" not in said.partition("stack ")[2]
    assert said.endswith("Nothing was changed: `make reap YES=1` destroys and removes those that nobody works on\n")
    assert (take.stacks, desks.own_keys()) == ([], before)


def test_nothing_expired_is_told(desks: Office, capsys: Said) -> None:
    assert reaped(desks, Taken()) == 0
    assert capsys.readouterr().out == "No stack has expired\n"


def test_one_that_fails_does_not_keep_the_others(desks: Office, capsys: Said) -> None:
    desk = three(desks)
    with_states(desks)
    take = Taken({"dev-a": typer.Exit(255), "dev-b": RuntimeError("the sky fell")})
    assert reaped(desk.later(days=2), take) == 1
    said = capsys.readouterr().err
    assert take.stacks == ["dev-a", "dev-b", "dev-c"]
    assert "dev-b: RuntimeError: the sky fell" in said
    assert said.endswith("reap: dev-a, dev-b could not be taken down: see why above, then `make reap YES=1`\n")
    kept = read_record(desks.objects, "dev-a")
    assert kept
    assert (kept.doomed, read_record(desks.objects, "dev-c")) == ("", None)


def test_an_interruption_is_for_all_of_them(desks: Office) -> None:
    desk = three(desks)
    with_states(desks)
    take = Taken({"dev-a": KeyboardInterrupt()})
    assert reaped(desk.later(days=2), take) == 130
    assert take.stacks == ["dev-a"]


def test_a_stack_of_the_team_without_an_end_is_never_touched(desks: Office) -> None:
    for stack in ("staging", "prod"):
        desks.place.init(stack)
    take = Taken()
    assert reaped(desks.later(days=4000), take) == 0
    assert take.stacks == []


def test_a_file_that_names_no_end_any_more_keeps_its_stack(desks: Office) -> None:
    desk = three(desks)
    file = desks.file("dev-a")
    file.write_text(re.sub(r"  socle:expires: .*\n", "", file.read_text()))
    take = Taken()
    assert reaped(desk.later(hours=1), take) == 0
    assert take.stacks == []


def test_the_later_end_of_file_and_record_holds(desks: Office) -> None:
    desk = three(desks)
    file = desks.file("dev-a")
    file.write_text(re.sub(r"socle:expires: .*", 'socle:expires: "2099-01-01T00:00:00Z"', file.read_text()))
    take = Taken()
    assert reaped(desk.later(hours=1), take) == 0
    assert take.stacks == []


def test_a_stack_on_which_somebody_works_stays_for_now(desks: Office, capsys: Said) -> None:
    desk = three(desks)
    with_states(desks)
    lock = b'{"pid": 7, "username": "marie", "hostname": "elsewhere", "timestamp": "2026-01-01T00:00:00Z"}'
    desks.objects.write(".pulumi/locks/organization/socle/dev-a/1.json", lock)
    take = Taken()
    assert reaped(desk.later(hours=1), take) == 0
    assert take.stacks == []
    assert "stays for now, marie@elsewhere (process 7) works on it" in capsys.readouterr().out


def test_one_that_is_prolonged_meanwhile_lives_on(desks: Office, capsys: Said) -> None:
    desk = three(desks)
    with_states(desks)
    later = desk.later(days=2)

    class Prolonging(Taken):
        def __call__(self, stack: str) -> None:
            super().__call__(stack)
            extend.run("dev-b", "1d", later.means)

    take = Prolonging({})
    assert reaped(later, take) == 0
    said = capsys.readouterr()
    assert take.stacks == ["dev-a", "dev-c"]
    assert "dev-b: was prolonged meanwhile until " in said.err
    assert desks.own_keys() == ["stacks/dev-b.json", "slots/65.json"]


def test_half_made_stacks_go_too_when_their_time_is_over(desks: Office) -> None:
    desk = three(desks)
    change(desks.objects, "dev-a", lambda record: replace(record, stack_file="", maker="elsewhere 1 1"))
    desks.file("dev-a").unlink()
    take = Taken()
    assert reaped(desk.later(hours=1), take) == 0
    assert (take.stacks, "stacks/dev-a.json" in desks.own_keys()) == ([], False)


def test_more_time_is_written_into_record_and_file(desks: Office, capsys: Said) -> None:
    desk = three(desks)
    before = desks.file("dev-a").read_text()
    capsys.readouterr()
    assert code_of(lambda: extend.run("dev-a", "2d", desk.means)) == 0
    record = read_record(desks.objects, "dev-a")
    assert record
    after = desks.file("dev-a").read_text()
    assert after == record.stack_file == re.sub(r"socle:expires: .*", f'socle:expires: "{record.expires}"', before)
    assert capsys.readouterr().out.startswith(f"dev-a: expires {record.expires}, in 2 d, where it was ")


@pytest.mark.parametrize(
    ("stack", "ttl", "reason"),
    [
        ("dev-a", "15d", 'TTL: expected a time from 30m to 14d such as 8h, got "15d"'),
        ("staging", "8h", "staging: nobody made it with `make new`: if it has an end, that is socle:expires"),
    ],
)
def test_what_cannot_be_prolonged_is_refused(desks: Office, capsys: Said, stack: str, ttl: str, reason: str) -> None:
    assert code_of(lambda: extend.run(stack, ttl, desks.means)) == 2
    assert reason in capsys.readouterr().err


def test_what_is_being_taken_down_is_not_prolonged(desks: Office, capsys: Said) -> None:
    desk = three(desks)
    with_states(desks)
    later = desk.later(hours=1)

    class Late(Taken):
        def __call__(self, stack: str) -> None:
            assert code_of(lambda: extend.run(stack, "1d", later.means)) == 2

    assert reaped(later, Late()) == 0
    assert "dev-a: `make reap` takes it down since " in capsys.readouterr().err
    change(desks.objects, "dev-b", lambda record: replace(record, doomed=record.created))
    assert code_of(lambda: extend.run("dev-b", "1d", desk.later(seconds=DOOMED.total_seconds() + 5).means)) == 0
