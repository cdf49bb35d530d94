"""A repository on a forge, in which one file is read and changed; the checkout and its branch stay as they are."""

import base64
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

AUTHOR: Final = {"NAME": "Socle", "EMAIL": "inform@socle.invalid"}
"""Who the commits are of; `.invalid` belongs to nobody: https://www.rfc-editor.org/rfc/rfc2606#section-2"""
_PATIENCE: Final = 120
_SAID: Final = 300
# What git says when the branch has moved since it was read.
_LOST: Final = ("[rejected]", "stale info", "cannot lock ref", "failed to update ref")


class GitFailed(Exception):  # noqa: N818 (reads as what it is)
    """Git did not do it; the text is what it said."""


@dataclass(frozen=True)
class Access:
    """Address of a repository, and the token for it."""

    url: str
    user: str = ""
    token: str = field(default="", repr=False)

    def variables(self) -> Mapping[str, str]:
        """Environment that lets git in: the token is in no command line, file or address."""
        settings = [("credential.helper", "")]
        if self.token:
            server = "/".join(self.url.split("/")[:3])
            pair = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
            key = f"http.{server}/.extraheader"
            # The empty one removes what the checkout has left there: two of them are refused.
            settings += [(key, ""), (key, f"Authorization: Basic {pair}")]
        told = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": str(len(settings))}
        for number, (name, value) in enumerate(settings):
            told |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        return told


class Repository:
    """The repository behind a checkout."""

    def __init__(self, checkout: Path, access: Access) -> None:
        self._checkout, self._access = checkout, access

    def tip(self, branch: str) -> str:
        """Commit at the end of a branch, brought here; empty when there is no such branch. Raises `GitFailed`."""
        ref = f"refs/heads/{branch}"
        found = self._git("ls-remote", self._access.url, ref).split()
        if not found:
            return ""
        if self._has(found[0]):
            return found[0]
        # Fetched as shallow as the checkout is: with a depth, a whole one would become shallow.
        shallow = self._git("rev-parse", "--is-shallow-repository").strip() == "true"
        self._git("fetch", "--quiet", "--no-tags", *(["--depth=1"] if shallow else []), self._access.url, ref)
        return self._git("rev-parse", "FETCH_HEAD").strip()

    def read(self, commit: str, path: str) -> str | None:
        """A file as of a commit; None when the commit has no such file. Raises `GitFailed`."""
        if not self._git("ls-tree", commit, "--", path):
            return None
        return self._git("cat-file", "blob", f"{commit}:{path}")

    def commit(self, parent: str, path: str, text: str, message: str) -> str:
        """A commit on `parent` that changes one file; on no branch yet. Raises `GitFailed`."""
        folder, name = path.split("/")
        whole = f"{parent}^{{tree}}"
        blob = self._git("hash-object", "-w", "--stdin", given=text).strip()
        inside = self._tree(self._git("ls-tree", whole, "--", f"{folder}/"), f"{folder}/", name, blob)
        tree = self._git("mktree", given=inside).strip()
        top = self._tree(self._git("ls-tree", whole), "", folder, tree, kind="040000 tree")
        changed = self._git("mktree", given=top).strip()
        return self._git("commit-tree", changed, "-p", parent, given=message).strip()

    def push(self, commit: str, branch: str, before: str) -> bool:
        """Let a branch end at a commit; False when it no longer ended at `before` (empty: it was not there).

        Raises `GitFailed`.
        """
        ref = f"refs/heads/{branch}"
        lease = f"--force-with-lease={ref}:{before}"
        try:
            self._git("push", "--porcelain", "--no-verify", lease, self._access.url, f"{commit}:{ref}")
        except GitFailed as failed:
            if any(word in str(failed) for word in _LOST):
                return False
            raise
        return True

    def _has(self, commit: str) -> bool:
        try:
            self._git("cat-file", "-e", f"{commit}^{{commit}}")
        except GitFailed:
            return False
        return True

    def _tree(self, listed: str, inside: str, name: str, object_: str, kind: str = "100644 blob") -> str:
        kept = [line.replace(f"\t{inside}", "\t", 1) for line in listed.splitlines()]
        others = [line for line in kept if line.partition("\t")[2] != name]
        return "".join(f"{line}\n" for line in [*others, f"{kind} {object_}\t{name}"])

    def _git(self, *arguments: str, given: str | None = None) -> str:
        people = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in AUTHOR.items()}
        try:
            done = subprocess.run(
                ["git", *arguments],  # noqa: S607 (the git of whoever runs this)
                cwd=self._checkout,
                env={**os.environ, **people, **self._access.variables(), "LC_ALL": "C"},
                input=given,
                capture_output=True,
                text=True,
                check=False,
                timeout=_PATIENCE,
            )
        except subprocess.TimeoutExpired:
            raise GitFailed(f"git {arguments[0]} did not end within {_PATIENCE} seconds") from None
        # What git asks after a refusal is not for a job.
        if "could not read Username" in done.stderr:
            raise GitFailed(f"git {arguments[0]} failed: the token is not accepted")
        if done.returncode:
            said = " ".join(f"{done.stderr} {done.stdout}".split())[-_SAID:]
            raise GitFailed(f"git {arguments[0]} failed: {said}")
        return done.stdout
