"""Both forges, each with a stand-in server on the loopback address and the real client library."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.forge.github_server import REPOSITORY, github_app, github_state
from tests.forge.gitlab_server import PROJECT, gitlab_app, gitlab_state
from tests.forge.server import State, serving
from tools.forge.forge import Forge
from tools.forge.on_github import OnGithub
from tools.forge.on_gitlab import OnGitlab


@dataclass(frozen=True)
class Stage:
    """A forge, as it is seen from within and through the client."""

    kind: str
    state: State
    as_: Callable[[str], Forge]
    """The client with a token."""

    @property
    def forge(self) -> Forge:
        return self.as_("good")


@pytest.fixture(params=["gitlab", "github"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """An empty project on one of the forges."""
    state = gitlab_state() if request.param == "gitlab" else github_state()
    app = gitlab_app(state) if request.param == "gitlab" else github_app(state)
    with serving(app) as address:

        def client(token: str) -> Forge:
            if request.param == "gitlab":
                return OnGitlab(address, PROJECT, token)
            return OnGithub(address, address, REPOSITORY, token)

        yield Stage(request.param, state, client)
