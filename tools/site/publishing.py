"""Publishes a built site: hashed files, pages, deletions, caches, and the record that leads back."""

import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tools.account import Failure
from tools.setup import ROOT
from tools.site.built import Built, File
from tools.site.changes import Changes, addresses, compare, compare_contents, wanted_of
from tools.site.current import Claim, Current, Seen, whoami
from tools.site.means import Means
from tools.site.place import Place
from tools.site.refused import SiteFailed, SiteRefused
from tools.site.release import Kept, Release, Releases
from tools.site.upload import uploading


@dataclass(frozen=True)
class Plan:
    """What a publication will do."""

    place: Place
    built: Built
    changes: Changes
    left: tuple[str, ...] = ()
    """Files in the bucket that are not built any more, and stay for this once."""
    seen: Seen | None = None
    """The pointer that it was planned from; None for a preview, which has none."""
    base: Release | None = None
    """The release that visitors have."""

    @property
    def paths(self) -> list[str]:
        """What CloudFront has to forget."""
        return addresses(self.changes.stale, self.place.base)


def plan(place: Place, built: Built, means: Means) -> Plan:
    """Compare what is built with what is published."""
    wanted = wanted_of(built.files)
    if place.prefix:
        return Plan(place, built, compare_contents(wanted, means.shelf(place).listing()))
    objects = means.objects(place)
    seen = Current(objects).read()
    name = seen.pointer.release
    base = Releases(objects).read(name) if name else None
    listing = means.shelf(place).listing()
    changes = compare(wanted, listing, base)
    left = tuple(path for path in listing if path not in wanted and path not in changes.deleted)
    return Plan(place, built, changes, left, seen, base)


def is_done(planned: Plan) -> bool:
    """Whether the site is already what was built, and was released so."""
    unfinished = planned.seen is not None and (planned.seen.pointer.attempt or not planned.base)
    return not planned.changes and not unfinished


def release_id(now: datetime, commit: str) -> str:
    """Id of a release that nobody named."""
    return f"{now:%Y%m%dT%H%M%SZ}" + (f"-{commit}" if commit else "")


def commit_of(folder: Path = ROOT) -> str:
    """Commit of the sources, marked where they differ from it; empty without a repository."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=8"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def publish(planned: Plan, name: str, commit: str, again: str, means: Means, *, take_over: bool) -> Release:
    """Make what was built the current release, called `name`.

    Raises `SiteRefused` for a name that is taken, `SiteFailed` for what another attempt may get past.
    """
    place = planned.place
    if planned.seen is None:
        raise AssertionError("a preview is no release")
    objects = means.objects(place)
    releases, current = Releases(objects), Current(objects)
    if releases.read(name):
        raise SiteRefused(f"{place.stack}: there is a release {name} already: give this one another name")
    with held(current.claim(planned.seen, name, again, take_over=take_over)) as claim:
        _upload(planned, means, claim.beat)
        release = Release(
            id=name,
            since=objects.now(),
            by=whoami(),
            commit=commit,
            address=place.address,
            previous=planned.base.id if planned.base else None,
            files=_kept(planned, means),
        )
        releases.write(release)
        if planned.paths:
            means.cache(place).forget(planned.paths, name, claim.beat)
        claim.finish(name)
    releases.prune(release)
    return release


def publish_preview(planned: Plan, name: str, means: Means) -> None:
    """Put what was built under the path of its merge request; it has no releases, for it can be built again."""
    _upload(planned, means, lambda: None)
    if planned.paths:
        means.cache(planned.place).forget(planned.paths, name, lambda: None)


@contextmanager
def held(claim: Claim) -> Generator[Claim]:
    """A claim that is given up when something fails, so that the next need not wait for it."""
    try:
        yield claim
    except BaseException:
        # What went wrong first is what is told.
        with suppress(*Failure):
            claim.give_up()
        raise


def _upload(planned: Plan, means: Means, beat: Callable[[], None]) -> None:
    with uploading(planned.place, planned.built, planned.changes, means.aws) as upload:
        upload.kept_files()
        beat()
        upload.pages()
        beat()
        upload.deletions(planned.left)
        beat()


def _kept(planned: Plan, means: Means) -> dict[str, Kept]:
    """All files of the release: those that were uploaded as they lie there, the others as they were recorded."""
    files, before = planned.built.files, planned.base.files if planned.base else {}
    fresh = means.shelf(planned.place).kept(planned.changes.uploaded)
    for path in planned.changes.uploaded:
        if path not in fresh or not _is(fresh[path], files[path]):
            raise SiteFailed(f"{planned.place.stack}: {path} in the bucket is not what was uploaded: publish again")
    return {path: fresh.get(path) or before[path] for path in files}


def _is(kept: Kept, file: File) -> bool:
    return kept.etag == file.etag and kept.headers == file.headers
