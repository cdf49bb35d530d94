"""Checks of the state itself: whether it is there, decodes, and says that all is done."""

from collections.abc import Iterator

from tools.doctoring.finding import Finding
from tools.doctoring.scene import Scene
from tools.state.checkpoint import StateBroken, deployment_of, resources_of
from tools.state.history import updates
from tools.state.lease import read_lease
from tools.state.lock_files import read_locks
from tools.state.pending import pending_in
from tools.state.verdict import age_of


def lock(scene: Scene) -> Iterator[Finding]:
    """Whether somebody is at work on the stack, or was and left a lock."""
    objects = scene.objects
    held = read_locks(objects, scene.stack)
    now = objects.now() if held else None
    for each in held:
        yield Finding(
            "lock",
            "warning",
            f"{each.holder} has it for {age_of(each.since, now) if now else ''}",
            f"`make locks` says whether that still runs; `make unlock STACK={scene.stack}` breaks it if not",
        )
    if not held:
        yield Finding("lock", "ok", "nobody has it")


def lease(scene: Scene) -> Iterator[Finding]:
    """Whose turn it is among the commands that wait for each other."""
    objects = scene.objects
    found = read_lease(objects, scene.stack)
    if found is None or not found.held:
        yield Finding("turn", "ok", "it is nobody's turn")
        return
    yield Finding(
        "turn",
        "warning",
        f"it is the turn of {found.named}, who was alive {age_of(found.heartbeat, objects.now())} ago",
        "wait until that ends: `make locks` shows it; a turn whose process or job has ended is taken over by the next "
        "command",
    )


def state(scene: Scene) -> Iterator[Finding]:
    """Whether the state is there and decodes."""
    objects, key = scene.objects, scene.home.state_key(scene.stack)
    stored = objects.read(key)
    rescue = f"`make rescue STACK={scene.stack}`"
    if stored is None:
        yield _missing(scene, key, rescue)
        return
    try:
        scene.deployment = deployment_of(stored.body)
    except StateBroken as reason:
        yield Finding("state", "broken", str(reason), f"{rescue} brings the newest version back that does")
        return
    count = len(resources_of(scene.deployment))
    newest = next(iter(updates(objects, scene.stack, limit=1)), None)
    last = f", the last update by {newest.who} {newest.result} at {newest.end:%Y-%m-%d %H:%M}" if newest else ""
    yield Finding("state", "ok", f"decodes and has {count} resources{last}")


def pending(scene: Scene) -> Iterator[Finding]:
    """Whether an update was cut off."""
    if scene.deployment is None:
        yield Finding("pending", "not checked", "there is no state to look into")
        return
    found = pending_in(scene.deployment)
    for each in found:
        settle = f"`make unlock STACK={scene.stack}` settles it"
        yield Finding("pending", "broken", each.advice, settle if each.open else f"{settle}, `make up` goes on")
    if not found:
        yield Finding("pending", "ok", "nothing was cut off")


def _missing(scene: Scene, key: str, rescue: str) -> Finding:
    kept = [each for each in scene.objects.versions(key) if not each.deleted]
    if kept:
        when = f"{kept[0].modified:%Y-%m-%d %H:%M}"
        return Finding(
            "state",
            "broken",
            f"was deleted, its newest version is of {when}",
            f"{rescue} brings it back; do not `init`",
        )
    return Finding(
        "state",
        "warning",
        "this stack was never deployed",
        f"`pulumi stack init {scene.stack}` makes it, then `make up STACK={scene.stack}`; if it should be there, see "
        "`make stacks`",
    )
