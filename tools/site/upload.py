"""Brings files into the bucket with `aws s3 sync`: hashed files, then pages, and deletes last."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.site.built import STAMP, Built
from tools.site.changes import Changes
from tools.site.headers import Headers
from tools.site.place import PREVIEWS, RESERVED, Place
from tools.site.refused import SiteFailed

_SAID: Final = 500
_DAY: Final = 86_400


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    errors: str


Aws = Callable[[Sequence[str]], Done]
"""Runs the `aws` command with arguments."""


def aws(arguments: Sequence[str]) -> Done:
    """The `aws` command of this environment."""
    # -P: a module of the folder where a person stands is not one of the command's.
    command = [sys.executable, "-P", "-m", "awscli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stderr or done.stdout)


class Upload:
    """One publication's way into the bucket. Every method raises `SiteFailed` when `aws` fails."""

    def __init__(self, place: Place, built: Built, changes: Changes, folder: Path, run: Aws) -> None:
        self._place, self._built, self._changes, self._run = place, built, changes, run
        self._folder = folder

    def kept_files(self) -> None:
        """Upload the changed files whose names change with their content: no page names them yet."""
        self._upload(path for path in self._changes.uploaded if self._built.files[path].headers.kept)

    def pages(self) -> None:
        """Upload all other changed files."""
        self._upload(path for path in self._changes.uploaded if not self._built.files[path].headers.kept)

    def deletions(self, left: Iterable[str]) -> None:
        """Delete what is not built any more, except `left`."""
        if not self._changes.deleted:
            return
        whole = self._folder / "whole"
        shutil.copytree(self._built.folder, whole, ignore=shutil.ignore_patterns(STAMP))
        # Older than all in the bucket: nothing is uploaded again.
        _date(whole, 0)
        excluded = [] if self._place.prefix else [f"{RESERVED}*", f"{PREVIEWS}*"]
        filters = [word for each in (*excluded, *map(_literal, left)) for word in ("--exclude", each)]
        self._sync(whole, "--delete", *filters)

    def _upload(self, paths: Iterable[str]) -> None:
        """One `sync` for each kind of file: the command gives all files of a run the same headers."""
        groups: dict[Headers, list[str]] = {}
        for path in paths:
            groups.setdefault(self._built.files[path].headers, []).append(path)
        # Pages before what merely lists them.
        for headers in sorted(groups, key=lambda each: (not each.type.startswith("text/html"), each.type)):
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            for path in groups[headers]:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._built.folder / path, folder / path)
            # `sync` uploads what is newer. What changed is known by content, so all of it is, whatever the clocks say.
            _date(folder, time.time() + _DAY)
            self._sync(folder, "--content-type", headers.type, "--cache-control", headers.cache)

    def _sync(self, folder: Path, *more: str) -> None:
        target = f"s3://{self._place.bucket}/{self._place.prefix}"
        done = self._run(
            ["s3", "sync", str(folder), target, "--region", self._place.region, "--only-show-errors", *more]
        )
        if done.code:
            said = " ".join(done.errors.split())[:_SAID].rstrip(".") or f"exit code {done.code}"
            raise SiteFailed(f"{self._place.stack}: `aws s3 sync` failed ({said}): correct that, then publish again")


@contextmanager
def uploading(place: Place, built: Built, changes: Changes, run: Aws) -> Generator[Upload]:
    """An upload with a folder of its own, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="socle-site-") as folder:
        yield Upload(place, built, changes, Path(folder), run)


def _date(folder: Path, moment: float) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            os.utime(file, (moment, moment))


def _literal(path: str) -> str:
    """A pattern of `aws s3` that means one path: its signs are those of a shell."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path)
