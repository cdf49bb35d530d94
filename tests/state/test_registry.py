import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import IPv4Network
from typing import TypeVar

import pytest

from tests.state.cloud import Account, state_bucket
from tools.state import slots
from tools.state.backend import BackendRefused
from tools.state.objects import Objects
from tools.state.registry import Record, change, claim, forget, read_record, records

T = TypeVar("T")
ADA = "arn:aws:iam::123456789012:user/ada"


@pytest.fixture
def objects(account: Account) -> Objects:
    return Objects(state_bucket(account))


def record(stack: str, arn: str = ADA) -> Record:
    return Record(
        stack=stack,
        person_arn=arn,
        person_name=arn.rpartition("/")[2],
        source="staging",
        cidr="",
        expires="2026-12-24T18:00:00Z",
        created="2026-12-24T10:00:00Z",
    )


def at_once(commands: Iterable[Callable[[], T]]) -> list[T]:
    """Run all at the same moment, as far as threads can."""
    waiting = list(commands)
    barrier = threading.Barrier(len(waiting))

    def go(command: Callable[[], T]) -> T:
        barrier.wait(timeout=30)
        return command()

    with ThreadPoolExecutor(len(waiting)) as pool:
        return list(pool.map(go, waiting))


def test_a_record_is_read_as_it_was_claimed(objects: Objects) -> None:
    assert claim(objects, record("dev-x"))
    assert read_record(objects, "dev-x") == record("dev-x")
    assert records(objects) == {"dev-x": record("dev-x")}
    assert read_record(objects, "dev-y") is None


def test_of_all_who_claim_one_name_at_once_one_gets_it(objects: Objects) -> None:
    people = [f"arn:aws:iam::123456789012:user/p{number}" for number in range(6)]
    won = at_once([lambda arn=arn: claim(objects, record("dev-x", arn)) for arn in people])
    assert won.count(True) == 1
    kept = read_record(objects, "dev-x")
    assert kept
    assert kept.person_arn == people[won.index(True)]


def test_changes_that_are_made_at_once_are_all_kept(objects: Objects) -> None:
    claim(objects, record("dev-x"))

    def longer(found: Record) -> Record:
        return replace(found, stack_file=found.stack_file + "x")

    at_once([lambda: change(objects, "dev-x", longer)] * 3)
    kept = read_record(objects, "dev-x")
    assert kept
    assert kept.stack_file == "xxx"


def test_what_is_gone_is_not_changed(objects: Objects) -> None:
    assert change(objects, "dev-x", lambda found: found) is None


def test_a_process_gives_back_only_what_it_claimed_itself(objects: Objects) -> None:
    claim(objects, replace(record("dev-x"), maker="there 7 1"))
    assert not forget(objects, "dev-x", "here 8 2")
    assert forget(objects, "dev-x", "there 7 1")
    assert not forget(objects, "dev-x")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"stack": "dev-x"}', json.dumps({"stack": "other"}).encode(), b'{"stack": 7}']
)
def test_a_record_that_cannot_be_read_is_named_with_what_to_do(objects: Objects, body: bytes) -> None:
    objects.write("socle/stacks/dev-x.json", body)
    with pytest.raises(BackendRefused, match=r"dev-x: its record in the bucket cannot be read .* delete it to give"):
        read_record(objects, "dev-x")


def test_a_record_of_a_later_version_is_read(objects: Objects) -> None:
    claim(objects, record("dev-x"))
    stored = objects.read("socle/stacks/dev-x.json")
    assert stored
    objects.write("socle/stacks/dev-x.json", json.dumps({**json.loads(stored.body), "colour": ["red"]}).encode())
    assert read_record(objects, "dev-x") == record("dev-x")


def test_of_all_who_take_a_slot_at_once_every_one_gets_another(objects: Objects) -> None:
    def first(stack: str) -> IPv4Network:
        return next(each for each in slots.candidates(objects, ()) if slots.take(objects, each, stack))

    got = at_once([lambda stack=f"dev-{number}": first(stack) for number in range(6)])
    assert {str(each) for each in got} == {f"10.{number}.0.0/16" for number in range(64, 70)}


def test_slots_keep_clear_of_ranges_that_others_have_and_of_the_services_of_eks(objects: Objects) -> None:
    taken = [IPv4Network("10.64.0.0/15"), IPv4Network("10.66.4.0/24")]
    free = list(slots.candidates(objects, taken))
    assert str(free[0]) == "10.67.0.0/16"
    assert IPv4Network("10.100.0.0/16") not in free
    assert len(free) == 64 - 3 - 1


def test_a_slot_is_given_back_by_whoever_has_it_alone(objects: Objects) -> None:
    network = IPv4Network("10.64.0.0/16")
    assert slots.take(objects, network, "dev-x")
    assert slots.take(objects, network, "dev-x")
    assert not slots.take(objects, network, "dev-y")
    slots.give_back(objects, network, "dev-y")
    assert not slots.take(objects, network, "dev-y")
    slots.give_back(objects, network, "dev-x")
    assert slots.take(objects, network, "dev-y")
