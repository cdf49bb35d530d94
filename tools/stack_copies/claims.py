"""Claims a name and a range of addresses in the bucket, where two people who ask at once get different ones."""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

from tools.stack_copies.lifetimes import between, read, told, written
from tools.stack_copies.names import stack_file
from tools.stack_copies.refused import StackRefused
from tools.stack_copies.request import Request
from tools.state import slots
from tools.state.objects import Objects
from tools.state.person import Person
from tools.state.processes import born, here
from tools.state.registry import Record, change, claim, read_record

ABANDONED: Final = timedelta(minutes=15)
"""After which a stack that another machine began to make is no longer being made: it takes seconds."""


@dataclass(frozen=True)
class Desk:
    """Where claims are made, and by whom."""

    objects: Objects
    person: Person
    folder: Path
    """Of the stack files."""
    quota: int
    now: datetime


def claim_name(desk: Desk, request: Request) -> Record:
    """The name for whoever asks. Raises `StackRefused`, which says who has it, when it is somebody's.

    What a killed `make new` of the same person left is taken up again.
    """
    record = Record(
        stack=request.stack,
        person_arn=desk.person.arn,
        person_name=desk.person.name,
        source=request.origin.stack,
        cidr="",
        expires=written(desk.now + request.ttl),
        created=written(desk.now),
        maker=_this_process(),
    )
    known = read_record(desk.objects, request.stack)
    if known is None:
        _refuse_unclaimed(desk, request.stack)
        if claim(desk.objects, record):
            return record
        known = read_record(desk.objects, request.stack)
    return _taken_up(desk, record, known)


def refuse_above_quota(desk: Desk, stack: str, known: Mapping[str, Record]) -> None:
    """Raise `StackRefused` when the person has as many other stacks as anybody may. To be asked with what is `known`
    after the name was claimed: of two that are made at once, one at least sees the other.
    """
    theirs = [each for each in known.values() if each.person_arn == desk.person.arn and each.stack != stack]
    if len(theirs) < desk.quota:
        return
    said = ", ".join(f"{each.stack} ({_until(each, desk.now)})" for each in sorted(theirs, key=lambda each: each.stack))
    have = f"{desk.person.arn} has {said}: " if theirs else ""
    raise StackRefused(
        f"{stack}: {have}bootstrap/Pulumi.team.yaml gives {desk.quota} to a person"
        + (
            f", `make destroy STACK={theirs[0].stack}` and `make remove STACK={theirs[0].stack}` make room"
            * bool(theirs)
        )
    )


def claim_slot(desk: Desk, record: Record, taken: Collection[IPv4Network]) -> Record:
    """The record with a range that nobody has. Raises `StackRefused` when none is free."""
    mine = [IPv4Network(record.cidr)] if record.cidr else []
    for network in [each for each in mine if any(each.overlaps(other) for other in taken)]:
        slots.give_back(desk.objects, network, record.stack)
        mine.remove(network)
    for network in (*mine, *slots.candidates(desk.objects, taken)):
        # The record first: whoever finds it knows which slot to give back.
        record = own(desk, record, lambda found, cidr=str(network): replace(found, cidr=cidr))
        if slots.take(desk.objects, network, record.stack):
            return record
    raise StackRefused(
        f"{record.stack}: all ranges from {slots.network_of(slots.NUMBERS[0])} to "
        f"{slots.network_of(slots.NUMBERS[-1])} are taken: `make stacks` shows by whom, `make reap` what has expired"
    )


def own(desk: Desk, record: Record, edit: Callable[[Record], Record]) -> Record:
    """Change the record that this process claimed. Raises `StackRefused` when it is another's by now."""

    def checked(found: Record) -> Record:
        if found.maker != record.maker:
            raise StackRefused(f"{record.stack}: {found.person_arn} took it over meanwhile")
        return edit(found)

    edited = change(desk.objects, record.stack, checked)
    if edited is None:
        raise StackRefused(f"{record.stack}: somebody removed it while it was made: try again")
    return edited


def _refuse_unclaimed(desk: Desk, stack: str) -> None:
    """Refuse what is no stack of one's own, and is one all the same."""
    if stack_file(desk.folder, stack).exists():
        raise StackRefused(
            f'STACK: expected a name that no stack has, got "{stack}", which has a file Pulumi.{stack}.yaml'
        )
    if desk.objects.read(desk.objects.backend.state_key(stack)):
        raise StackRefused(
            f'STACK: expected a name that no stack has, got "{stack}", whose state is in {desk.objects.backend.bucket} '
            "and which nobody made with `make new`"
        )


def _taken_up(desk: Desk, record: Record, known: Record | None) -> Record:
    """Go on where a killed process stopped; refuse what is complete, another's or still being made."""
    if known is None:
        raise StackRefused(f"{record.stack}: somebody gave the name back at this moment: try again")
    if known.person_arn != desk.person.arn:
        raise StackRefused(
            f'STACK: expected a name that nobody has, got "{known.stack}": {known.person_name} ({known.person_arn}) '
            f"has it since {known.created}, {_until(known, desk.now)}"
        )
    if known.complete:
        here_too = stack_file(desk.folder, known.stack).exists()
        way = (
            f"`make up STACK={known.stack}` deploys it"
            if here_too
            else f"`make new STACK={known.stack} RESTORE=1` writes its file here"
        )
        raise StackRefused(f"{known.stack}: is yours already, since {known.created}: {way}")
    _refuse_at_work(desk, known)

    def mine(found: Record) -> Record:
        if found.maker != known.maker:
            raise StackRefused(f"{known.stack}: another `make new` went on with it at this moment")
        return replace(record, cidr=found.cidr)

    taken = change(desk.objects, known.stack, mine)
    if taken is None:
        raise StackRefused(f"{known.stack}: somebody gave the name back at this moment: try again")
    return taken


def _refuse_at_work(desk: Desk, known: Record) -> None:
    machine, pid, birth = (*known.maker.split(), "", "", "")[:3]
    this = here()
    if machine == this.machine:
        if this.lives(int(pid), birth):
            raise StackRefused(f"{known.stack}: another `make new` is making it on this machine (process {pid})")
        return
    age = desk.now - read(known.created)
    if age < ABANDONED:
        raise StackRefused(
            f"{known.stack}: another machine of yours began to make it {between(read(known.created), desk.now)} ago: "
            f"if that was interrupted, try again in {between(desk.now, desk.now + ABANDONED - age)}"
        )


def _until(record: Record, now: datetime) -> str:
    said = told(record.expires, now)
    return said if said.startswith("expired") else f"expires {said}"


def _this_process() -> str:
    pid = os.getpid()
    return f"{here().machine} {pid} {born(pid)}"
