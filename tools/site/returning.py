"""Takes a site back to a release that was published before."""

from collections.abc import Mapping
from dataclasses import dataclass

from tools.site.changes import Changes, Wanted, addresses, compare
from tools.site.current import Current, Seen
from tools.site.means import Means
from tools.site.place import Place
from tools.site.publishing import held
from tools.site.refused import SiteRefused
from tools.site.release import Kept, Release, Releases


@dataclass(frozen=True)
class Way:
    """What going back will do."""

    place: Place
    target: Release
    changes: Changes
    """`uploaded` is what is copied from older versions."""
    seen: Seen
    left: str
    """What the site was until now, in words."""

    @property
    def paths(self) -> list[str]:
        """What CloudFront has to forget."""
        return addresses(self.changes.stale, self.place.base)


def way_back(place: Place, wanted: str, means: Means) -> Way:
    """How to go to the release `wanted`, or to the one before when it is empty.

    After a publication that was not completed, the one before is the last complete one. Raises `SiteRefused` when there
    is none, or when the bucket keeps its files no more.
    """
    objects = means.objects(place)
    releases, seen = Releases(objects), Current(objects).read()
    pointer = seen.pointer
    base = releases.read(pointer.release) if pointer.release else None
    target = _target(place.stack, wanted, releases, base, half_done=pointer.attempt is not None)
    listing = means.shelf(place).listing()
    changes = compare(_wanted(target.files), listing, base)
    gone = means.shelf(place).missing({path: target.files[path] for path in changes.uploaded})
    if gone:
        raise SiteRefused(
            f"{place.stack}: release {target.id} cannot come back, for the bucket keeps {gone[0]} of it no more "
            f"({len(gone)} files in all): take a newer one of {_names(releases)}, or publish its commit again"
        )
    left = f"half of {pointer.attempt.release}" if pointer.attempt else str(pointer.release)
    return Way(place, target, changes, seen, left)


def go_back(way: Way, again: str, means: Means, *, take_over: bool) -> Release:
    """Put the files of the release back, hashed files first; nothing is uploaded."""
    objects, shelf = means.objects(way.place), means.shelf(way.place)
    with held(Current(objects).claim(way.seen, way.target.id, again, take_over=take_over)) as claim:
        files = dict(way.target.files)
        for kept in (True, False):
            files |= shelf.restore(
                {path: files[path] for path in way.changes.uploaded if files[path].headers.kept is kept}
            )
            claim.beat()
        shelf.delete(way.changes.deleted)
        claim.beat()
        release = way.target.model_copy(update={"files": files})
        Releases(objects).write(release)
        if way.paths:
            # The same release may come back twice: each time is a request of its own.
            means.cache(way.place).forget(way.paths, f"back-to-{release.id}-{objects.now():%H%M%S}", claim.beat)
        claim.finish(release.id)
    return release


def _target(stack: str, wanted: str, releases: Releases, base: Release | None, *, half_done: bool) -> Release:
    if wanted:
        found = releases.read(wanted)
        if found is None:
            raise SiteRefused(f"{stack}: there is no release {wanted}, expected one of {_names(releases)}")
        return found
    if base is None:
        raise SiteRefused(f"{stack}: no release was ever completed, so there is none to go back to")
    if half_done:
        return base
    found = releases.read(base.previous) if base.previous else None
    if found is None:
        raise SiteRefused(
            f"{stack}: no release is on record before {base.id}; those on record are {_names(releases)}, "
            "and RELEASE= takes one of them"
        )
    return found


def _names(releases: Releases) -> str:
    return ", ".join(sorted(releases.names())) or "none"


def _wanted(files: Mapping[str, Kept]) -> dict[str, Wanted]:
    return {path: Wanted(kept.etag, kept.headers) for path, kept in files.items()}
