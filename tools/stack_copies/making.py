"""Makes a stack of one's own, step by step; when a step fails, those before it are undone in reverse."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import NoReturn

from settings import Settings, SettingsError, missing_secrets, versions_file
from tools.account import Failure
from tools.pulumi_cli import PulumiFailed
from tools.stack_copies.claims import Desk, claim_name, claim_slot, own, refuse_above_quota
from tools.stack_copies.commands import Commands
from tools.stack_copies.derive import Copy, Wanted, derive, has_network, reserved
from tools.stack_copies.draft import Change
from tools.stack_copies.files import remove_files
from tools.stack_copies.names import stack_file
from tools.stack_copies.refused import StackRefused
from tools.stack_copies.request import Request, neighbours, owner_of, provider_of, ranges
from tools.stack_copies.settings_of import Claims, claims_of, refuse_shared, settings_of
from tools.state import slots
from tools.state.backend import BackendRefused
from tools.state.counts import resources_in_state
from tools.state.registry import Record, forget, read_record, records

Say = Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """A stack of one's own that is ready to be deployed."""

    record: Record
    file: Path
    settings: Settings
    changes: list[Change]
    """What differs from its origin."""
    copied: list[str]
    """Full keys of the secrets that it has."""
    lacking: Mapping[str, str]
    """Full keys of the secrets that it needs and has not, with the reason."""


def make(desk: Desk, request: Request, commands: Commands, say: Say) -> Made:
    """Claim, write, make and fill the stack.

    Raises `StackRefused`, `PulumiFailed` and what `tools.account.Failure` names, after everything was undone.
    """
    stack, file = request.stack, stack_file(desk.folder, request.stack)
    with ExitStack() as undo:
        record = claim_name(desk, request)
        begun = resources_in_state(desk.objects, stack)
        if begun:
            _refuse_deployed(desk, record, begun, file)
        undo.callback(_undone, say, stack, "its name", lambda: forget(desk.objects, stack, record.maker))
        known = records(desk.objects)
        refuse_above_quota(desk, stack, known)
        others = neighbours(stack, desk.folder, known)
        if has_network(request.origin):
            undo.callback(_undone, say, stack, "its addresses", lambda: _give_back_slot(desk, stack))
            record = claim_slot(desk, record, (*ranges(others), *reserved(request.origin)))
        copy = _copied(desk, request, record, others)
        undo.callback(_undone, say, stack, "its files", lambda: remove_files(desk.folder, stack))
        if begun is not None:
            # What a killed process made has a key of its own, which is in a file that is made anew.
            commands.remove(stack)
        file.write_text(copy.text, encoding="utf-8")
        versions = _copied_versions(request, desk.folder)
        undo.callback(_undone, say, stack, "its empty state", lambda: commands.remove(stack))
        commands.init(stack, provider_of(stack, desk.objects.backend, desk.folder))
        copied, lost = _secrets(request, copy, commands)
        text = file.read_text(encoding="utf-8")
        settings = settings_of(text, stack, desk.folder)
        record = own(desk, record, lambda found: replace(found, stack_file=text, versions_file=versions, maker=""))
        undo.pop_all()
    lacking = {**lost, **{key: f"needed by {why}" for key, why in missing_secrets(settings).items() if key not in lost}}
    return Made(record, file, settings, copy.changes, copied, lacking)


def _copied(desk: Desk, request: Request, record: Record, others: list[Claims]) -> Copy:
    """The text of the stack's file, which is right by itself and beside the others'."""
    wanted = Wanted(
        request.stack,
        request.owner or owner_of(desk.person),
        record.expires,
        IPv4Network(record.cidr) if record.cidr else None,
    )
    copy = derive(request.origin, wanted)
    try:
        settings = settings_of(copy.text, request.stack, desk.folder)
    except SettingsError as error:
        raise StackRefused(
            f"{request.stack}: a copy of {request.origin.stack} would not be right: {'; '.join(error.problems)}"
        ) from None
    refuse_shared(claims_of(request.stack, settings), others)
    return copy


def _refuse_deployed(desk: Desk, record: Record, count: int, file: Path) -> NoReturn:
    """Complete the record of a stack that a killed process made and that was deployed since: nothing is undone then."""
    if not file.exists():
        raise StackRefused(
            f"{record.stack}: has {count} resources already, and its file is not here: bring it from where it was "
            "deployed, then try again"
        )
    text = file.read_text(encoding="utf-8")
    own(desk, record, lambda found: replace(found, stack_file=text, maker=""))
    raise StackRefused(
        f"{record.stack}: was made and deployed already, with {count} resources: `make up STACK={record.stack}` goes on"
    )


def _copied_versions(request: Request, folder: Path) -> str:
    """Keep the stack on the versions that its origin is kept on; the text of that file, empty without one."""
    origin = versions_file(request.origin.stack, folder)
    if not origin.is_file():
        return ""
    text = origin.read_text(encoding="utf-8")
    versions_file(request.stack, folder).write_text(text, encoding="utf-8")
    return text


def _secrets(request: Request, copy: Copy, commands: Commands) -> tuple[list[str], dict[str, str]]:
    """Decrypt the origin's secrets and encrypt them anew; those that were copied, and those that were not with why."""
    copied: list[str] = []
    lost: dict[str, str] = {}
    for key in copy.secrets:
        try:
            value = commands.decrypt(request.origin.stack, key)
        except PulumiFailed:
            # Whoever may not read the origin's secrets gets a stack all the same.
            lost[key] = f"you cannot decrypt that of {request.origin.stack}"
            continue
        commands.encrypt(request.stack, key, value)
        copied.append(key)
    return copied, lost


def _give_back_slot(desk: Desk, stack: str) -> None:
    record = read_record(desk.objects, stack)
    if record and record.cidr:
        slots.give_back(desk.objects, IPv4Network(record.cidr), stack)


def _undone(say: Say, stack: str, what: str, step: Callable[[], object]) -> None:
    """Undo a step; what cannot be undone is told, and does not keep the others from it."""
    try:
        step()
    except (*Failure, PulumiFailed, BackendRefused, OSError) as error:
        say(f"{stack}: {what} could not be taken back ({error}): `make remove STACK={stack}` does it")
