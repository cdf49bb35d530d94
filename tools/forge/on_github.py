"""A repository on GitHub, through PyGithub."""

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import github
import requests
from github.GithubRetry import GithubRetry

from tools.forge.forge import ForgeRefused, Issue, Note

LIMIT: Final = 60_000
"""GitHub takes 65,536 characters: https://github.com/orgs/community/discussions/41331"""
TOKEN: Final = "GITHUB_TOKEN"  # noqa: S105 (name of the variable)
ACTIONS: Final = "github-actions[bot]"
"""Who writes with the token of a job, which may not ask who it is."""
_FORBIDDEN: Final = 403
_GONE: Final = (404, 410)
# Those after which the same request may succeed; 403 counts when it says when to come again.
_AGAIN: Final = [409, 429, *range(500, 600)]
_WRITES: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"})


class OnGithub:
    """A repository, with a token that may write issues and pull requests."""

    limit = LIMIT

    def __init__(self, api: str, server: str, repository: str, token: str) -> None:
        # What the library would print of answers that are expected, we say ourselves.
        logging.getLogger("github").addHandler(logging.NullHandler())
        self._page = f"{server.rstrip('/')}/{repository}"
        self._where = f"GitHub ({repository})"
        self._client = github.Github(
            base_url=api,
            auth=github.Auth.Token(token),
            per_page=100,
            timeout=30,
            user_agent="socle",
            # Nothing is read before it is needed.
            lazy=True,
            seconds_between_requests=None,
            seconds_between_writes=None,
            # A limit that ends later than that fails the job: nobody waits longer for a comment.
            retry=GithubRetry(
                total=6, backoff_factor=0.2, max_rate_limit_wait=120, status_forcelist=_AGAIN, allowed_methods=_WRITES
            ),
        )
        self._at = self._client.get_repo(repository)

    def me(self) -> str:
        """Name of whoever the token belongs to."""
        with self._sentences("read who the token belongs to"):
            try:
                return self._client.get_user().login
            except github.GithubException as error:
                if error.status == _FORBIDDEN:
                    return ACTIONS
                raise

    def notes(self, request: int) -> Iterator[Note]:
        """All comments on a pull request, page after page, the oldest first."""
        with self._sentences(f"read the comments of pull request #{request}"):
            for each in self._conversation(request).get_comments():
                yield Note(each.id, each.user.login, each.body or "")

    def add_note(self, request: int, body: str) -> Note:
        """Write a comment."""
        with self._sentences(f"comment on pull request #{request}"):
            made = self._conversation(request).create_comment(body)
            return Note(made.id, made.user.login, made.body)

    def change_note(self, request: int, note: int, body: str) -> bool:
        """Rewrite a comment of one's own; False when it has been deleted."""
        with self._sentences(f"rewrite a comment on pull request #{request}"):
            try:
                self._conversation(request).get_comment(note).edit(body)
            except github.GithubException as error:
                if error.status in _GONE:
                    return False
                raise
        return True

    def delete_note(self, request: int, note: int) -> None:
        """Delete a comment of one's own; deleted already is as good."""
        with self._sentences(f"delete a comment on pull request #{request}"):
            try:
                self._conversation(request).get_comment(note).delete()
            except github.GithubException as error:
                if error.status not in _GONE:
                    raise

    def note_url(self, request: int, note: int) -> str:
        """Address of a comment for people."""
        return f"{self._page}/pull/{request}#issuecomment-{note}"

    def open_issues(self) -> Iterator[Issue]:
        """All open issues, page after page."""
        with self._sentences("read the issues"):
            for each in self._at.get_issues(state="open"):
                # For GitHub a pull request is an issue too.
                if each.pull_request is None:
                    yield _issue(each)

    def open_issue(self, title: str, body: str) -> Issue:
        """Open an issue."""
        with self._sentences("open an issue"):
            return _issue(self._at.create_issue(title, body=body))

    def change_issue(self, number: int, *, title: str, body: str) -> None:
        """Rewrite an issue."""
        with self._sentences(f"rewrite issue #{number}"):
            self._conversation(number).edit(title=title, body=body)

    def close_issue(self, number: int, last_word: str) -> None:
        """Close an issue, with a comment that says why."""
        with self._sentences(f"close issue #{number}"):
            issue = self._conversation(number)
            issue.create_comment(last_word)
            issue.edit(state="closed", state_reason="completed")

    def propose(self, *, branch: str, target: str, title: str, body: str) -> str:
        """Open a pull request, or rewrite the one that is open for this branch; its address."""
        with self._sentences(f"open a pull request for {branch}"):
            owner = self._at.full_name.partition("/")[0]
            for each in self._at.get_pulls(state="open", head=f"{owner}:{branch}", base=target):
                each.edit(title=title, body=body)
                return each.html_url
            return self._at.create_pull(base=target, head=branch, title=title, body=body).html_url

    def _conversation(self, number: int) -> Any:
        # Comments of a pull request are those of the issue of the same number.
        return self._at.get_issue(number)

    @contextmanager
    def _sentences(self, deed: str) -> Generator[None]:
        try:
            yield
        except github.BadCredentialsException:
            raise ForgeRefused(f"{self._where} does not know the token in {TOKEN}") from None
        except github.GithubException as error:
            if error.status == _FORBIDDEN:
                raise ForgeRefused(
                    f"{self._where} does not let this token {deed} (403): the job needs "
                    "`permissions: {pull-requests: write, issues: write}`"
                ) from None
            raise ForgeRefused(f"{self._where} failed to {deed} ({error.status}: {error.message})") from None
        except (requests.RequestException, OSError) as error:
            raise ForgeRefused(f"{self._where} does not answer ({type(error).__name__}): it could not {deed}") from None


def _issue(found: Any) -> Issue:
    return Issue(found.number, found.user.login, found.title, found.body or "", found.html_url)
