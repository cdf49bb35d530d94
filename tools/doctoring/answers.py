"""Checks of the stack's settings and its secrets."""

from collections.abc import Iterator

from settings import SettingsError, missing_secrets, read_stack
from tools.doctoring.finding import Finding
from tools.doctoring.scene import Scene


def settings(scene: Scene) -> Iterator[Finding]:
    """Whether the stack's files are right, and no secret is missing."""
    try:
        found = read_stack(scene.stack, scene.folder)
    except SettingsError as error:
        first, *more = error.problems
        yield Finding(
            "settings", "broken", first + (f", and {len(more)} more" if more else ""), "correct that, then `make check`"
        )
        yield Finding("secrets", "not checked", "the settings say which are needed")
        return
    yield Finding("settings", "ok", f"{scene.file.name} is right")
    missing = missing_secrets(found)
    for full, reason in missing.items():
        name = full.rpartition(":")[2]
        yield Finding(
            "secrets",
            "broken",
            f"{full} is missing, needed by {reason}",
            f"`make secret STACK={scene.stack} KEY={name}`",
        )
    if not missing:
        yield Finding("secrets", "ok", "all that the settings need are there")
