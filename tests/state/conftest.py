"""An account, a bucket of states and a project in it, for the tests of what works on states."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.engine import find
from tests.state.busy_cloud import Busy, busy
from tests.state.cloud import Account, Place, place, serving, state_bucket
from tests.state.copies import Office, office
from tools.setup import SetupError


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An empty AWS account on the loopback address."""
    with serving(monkeypatch) as made:
        yield made


@pytest.fixture
def states(tmp_path: Path, account: Account, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A bucket of states, two keys, and a project without resources; needs the engine."""
    try:
        find()
    except SetupError as reason:
        pytest.skip(str(reason))
    made = place(tmp_path / "project", account, state_bucket(account))
    monkeypatch.setenv("PULUMI_BACKEND_URL", made.backend.url)
    return made


@pytest.fixture
def staging(states: Place) -> Iterator[Busy]:
    """A stack `staging` whose resources come up when a test lets them."""
    with busy(states) as made:
        yield made


@pytest.fixture
def desks(states: Place, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A checkout with the project's stack files on that bucket, where people make stacks; lines do not wrap."""
    monkeypatch.setenv("COLUMNS", "300")
    return office(states)
