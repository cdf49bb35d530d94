"""A project on GitLab, through python-gitlab."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import gitlab
import requests
from gitlab import exceptions

from tools.forge.forge import ForgeRefused, Issue, Note

LIMIT: Final = 900_000
"""GitLab takes 1,000,000 characters: https://docs.gitlab.com/administration/instance_limits/#size-of-comments-and-descriptions-of-issues-merge-requests-and-epics"""
TOKEN: Final = "SOCLE_GITLAB_TOKEN"  # noqa: S105 (name of the variable)
_GONE: Final = 404
# Waits of 0.1 s, 0.2 s and so on, 6 s in all, unless GitLab says how long with Retry-After.
_TRIES: Final = 6


class OnGitlab:
    """A project, with a token that may write notes (scope `api`, role Reporter or higher)."""

    limit = LIMIT

    def __init__(self, server: str, project: str, token: str) -> None:
        self._server, self._project = server.rstrip("/"), project
        self._client = gitlab.Gitlab(
            server, private_token=token, retry_transient_errors=True, timeout=30, per_page=100, user_agent="socle"
        )
        # Anything else is about this project; reading it first would cost a request and a right.
        self._at = self._client.projects.get(project, lazy=True)

    def me(self) -> str:
        """Name of whoever the token belongs to."""
        with self._sentences("read who the token belongs to"):
            self._client.auth()
        return str(cast(Any, self._client.user).username)

    def notes(self, request: int) -> Iterator[Note]:
        """All comments on a merge request, page after page, the oldest first."""
        with self._sentences(f"read the notes of merge request !{request}"):
            found = self._request(request).notes.list(
                iterator=True, order_by="created_at", sort="asc", max_retries=_TRIES
            )
            yield from (_note(each) for each in found)

    def add_note(self, request: int, body: str) -> Note:
        """Write a comment."""
        with self._sentences(f"write a note on merge request !{request}"):
            return _note(self._request(request).notes.create({"body": body}, max_retries=_TRIES))

    def change_note(self, request: int, note: int, body: str) -> bool:
        """Rewrite a comment of one's own; False when it has been deleted."""
        with self._sentences(f"rewrite a note on merge request !{request}"):
            try:
                self._request(request).notes.update(note, {"body": body}, max_retries=_TRIES)
            except exceptions.GitlabUpdateError as error:
                if error.response_code == _GONE:
                    return False
                raise
        return True

    def delete_note(self, request: int, note: int) -> None:
        """Delete a comment of one's own; deleted already is as good."""
        with self._sentences(f"delete a note on merge request !{request}"):
            try:
                self._request(request).notes.delete(note, max_retries=_TRIES)
            except exceptions.GitlabDeleteError as error:
                if error.response_code != _GONE:
                    raise

    def note_url(self, request: int, note: int) -> str:
        """Address of a comment for people."""
        return f"{self._server}/{self._project}/-/merge_requests/{request}#note_{note}"

    def open_issues(self) -> Iterator[Issue]:
        """All open issues, page after page."""
        with self._sentences("read the issues"):
            yield from (
                _issue(each) for each in self._at.issues.list(iterator=True, state="opened", max_retries=_TRIES)
            )

    def open_issue(self, title: str, body: str) -> Issue:
        """Open an issue."""
        with self._sentences("open an issue"):
            return _issue(self._at.issues.create({"title": title, "description": body}, max_retries=_TRIES))

    def change_issue(self, number: int, *, title: str, body: str) -> None:
        """Rewrite an issue."""
        with self._sentences(f"rewrite issue #{number}"):
            self._at.issues.update(number, {"title": title, "description": body}, max_retries=_TRIES)

    def close_issue(self, number: int, last_word: str) -> None:
        """Close an issue, with a comment that says why."""
        with self._sentences(f"close issue #{number}"):
            self._at.issues.get(number, lazy=True).notes.create({"body": last_word}, max_retries=_TRIES)
            self._at.issues.update(number, {"state_event": "close"}, max_retries=_TRIES)

    def propose(self, *, branch: str, target: str, title: str, body: str) -> str:
        """Open a merge request, or rewrite the one that is open for this branch; its address."""
        with self._sentences(f"open a merge request for {branch}"):
            found = self._at.mergerequests.list(
                state="opened", source_branch=branch, target_branch=target, get_all=True, max_retries=_TRIES
            )
            wanted = {"title": title, "description": body, "remove_source_branch": True}
            if found:
                self._at.mergerequests.update(found[0].iid, wanted, max_retries=_TRIES)
                return str(found[0].web_url)
            made = self._at.mergerequests.create(
                {**wanted, "source_branch": branch, "target_branch": target}, max_retries=_TRIES
            )
            return str(made.web_url)

    def _request(self, number: int) -> Any:
        return cast(Any, self._at.mergerequests.get(number, lazy=True))

    @contextmanager
    def _sentences(self, deed: str) -> Generator[None]:
        where = f"GitLab ({self._server}, project {self._project})"
        try:
            yield
        except exceptions.GitlabAuthenticationError:
            raise ForgeRefused(f"{where} does not know the token in {TOKEN}: make one with scope api") from None
        except exceptions.GitlabError as error:
            if error.response_code == 403:  # noqa: PLR2004 (forbidden)
                raise ForgeRefused(
                    f"{where} does not let this token {deed} (403): {TOKEN} needs scope api and role Reporter or higher"
                ) from None
            raise ForgeRefused(f"{where} failed to {deed} ({error.response_code}: {error.error_message})") from None
        except requests.RequestException as error:
            raise ForgeRefused(f"{where} does not answer ({type(error).__name__}): it could not {deed}") from None


def _note(found: Any) -> Note:
    return Note(int(found.id), str(found.author["username"]), str(found.body))


def _issue(found: Any) -> Issue:
    return Issue(
        int(found.iid),
        str(found.author["username"]),
        str(found.title),
        str(found.description or ""),
        str(found.web_url),
    )
