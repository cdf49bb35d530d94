"""Checks of the way to AWS: the address of the states, the credentials, the clock."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

from botocore import exceptions

from settings import SettingsError, read_stack_file
from tools.doctoring.finding import Finding, from_sentence
from tools.doctoring.scene import Scene
from tools.state.backend import BackendRefused, found_backend
from tools.state.person import whoami

_TELLING: Final = timedelta(minutes=5)
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
_REFUSING: Final = timedelta(minutes=15)


def address(scene: Scene) -> Iterator[Finding]:
    """Whether the address of the states is that of a bucket."""
    try:
        scene.backend = found_backend(scene.environ, scene.folder)
    except (BackendRefused, OSError) as reason:
        yield from_sentence("address", "broken", str(reason))
        return
    yield Finding("address", "ok", f"the states are in {scene.backend.url}")


def credentials(scene: Scene) -> Iterator[Finding]:
    """Whose credentials these are, and whether they are of the stack's account."""
    sts = scene.client("sts")

    def note(http_response: Any, **_: Any) -> None:
        _note_time(scene, http_response.headers)

    sts.meta.events.register("after-call.sts", note)
    scene.person = whoami(sts)
    wanted = _account_of(scene)
    if wanted and wanted != scene.person.account:
        yield Finding(
            "credentials",
            "broken",
            f"you are {scene.person.arn}, in account {scene.person.account}, and the stack lives in {wanted}",
            f"take credentials of account {wanted}, for example `export AWS_PROFILE=…`, then `{scene.again}`",
        )
        return
    pinned = "the stack's account" if wanted else "any account will do, for socle:account_id is not set"
    yield Finding("credentials", "ok", f"you are {scene.person.arn}, {pinned}")


def clock(scene: Scene) -> Iterator[Finding]:
    """Whether this machine's clock goes as AWS's does."""
    if scene.told is None or scene.asked is None:
        yield Finding("clock", "not checked", "AWS did not tell its time")
        return
    off = abs(scene.told - scene.asked)
    how = "before" if scene.asked > scene.told else "behind"
    if off < _TELLING:
        yield Finding("clock", "ok", "goes as that of AWS")
        return
    yield Finding(
        "clock",
        "broken" if off >= _REFUSING else "warning",
        f"is {int(off.total_seconds()) // 60} minutes {how} that of AWS, which refuses from 15 on",
        "set it, for example with `sudo timedatectl set-ntp true`",
    )


def note_time(scene: Scene, error: BaseException) -> None:
    """Take the time from an answer that was a refusal."""
    if isinstance(error, exceptions.ClientError):
        response = cast(dict[str, Any], error.response)
        _note_time(scene, response.get("ResponseMetadata", {}).get("HTTPHeaders", {}))


def _note_time(scene: Scene, headers: Any) -> None:
    told = headers.get("date") or headers.get("Date")
    if told and scene.told is None:
        scene.told, scene.asked = parsedate_to_datetime(str(told)), scene.now()


def _account_of(scene: Scene) -> str:
    try:
        return read_stack_file(scene.file).get("socle:account_id", "")
    except SettingsError:
        return ""
