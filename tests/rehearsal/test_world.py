import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal.world import Thing, World

Opened = Callable[[], World]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Open the same world, again and again."""
    worlds: list[World] = []

    def open_it() -> World:
        worlds.append(World(tmp_path / "somewhere" / "world.sqlite"))
        return worlds[-1]

    yield open_it
    for world in worlds:
        world.close()


VPC = Thing("vpc", "vpc-1", "urn:1", {"cidr": "10.0.0.0/16"}, {"arn": "arn:1"}, frozenset({"arn:1", "vpc-1"}), "seed")


def test_what_was_made_is_there_when_the_world_is_opened_again(opened: Opened) -> None:
    first = opened()
    first.put(VPC)
    first.close()
    assert opened().get("vpc", "vpc-1") == VPC


def test_nothing_is_lost_when_the_process_ends_without_closing(opened: Opened) -> None:
    opened().put(VPC)
    assert opened().all() == [VPC]


def test_a_thing_is_found_by_its_id_and_by_every_other_name(opened: Opened) -> None:
    world = opened()
    world.put(VPC)
    assert {name: [thing.id for thing in world.find(name)] for name in ("vpc-1", "arn:1", "vpc-2")} == {
        "vpc-1": ["vpc-1"],
        "arn:1": ["vpc-1"],
        "vpc-2": [],
    }


def test_a_changed_thing_answers_to_its_new_names_only(opened: Opened) -> None:
    world = opened()
    world.put(VPC)
    world.put(Thing("vpc", "vpc-1", "urn:1", {}, {}, frozenset({"arn:2"})))
    assert world.find("arn:1") == []
    assert [thing.id for thing in world.find("arn:2")] == ["vpc-1"]


def test_things_of_two_types_may_share_an_id(opened: Opened) -> None:
    world = opened()
    world.put(VPC)
    world.put(Thing("versioning", "vpc-1", "urn:2", {}, {}))
    assert {thing.type for thing in world.find("vpc-1")} == {"vpc", "versioning"}
    assert [thing.urn for thing in world.of("versioning")] == ["urn:2"]


def test_what_was_deleted_answers_to_no_name(opened: Opened) -> None:
    world = opened()
    world.put(VPC)
    world.delete("vpc", "vpc-1")
    assert (world.get("vpc", "vpc-1"), world.find("arn:1"), world.all()) == (None, [], [])


def test_findings_are_kept_until_a_new_command_begins(opened: Opened) -> None:
    world = opened()
    world.report("urn:1", {"values": 1})
    world.report("urn:1", {"values": 2})
    assert opened().findings() == {"urn:1": {"values": 2}}
    world.forget_findings()
    assert opened().findings() == {}


def test_many_threads_may_write_at_once(opened: Opened) -> None:
    world = opened()

    def make(thread: int) -> None:
        for number in range(20):
            world.put(Thing("vpc", f"{thread}-{number}", "urn", {}, {}))

    threads = [threading.Thread(target=make, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened().all()) == 160
