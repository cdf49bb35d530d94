"""The stage of the bootstrap's tests; those on it need the engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.engine import find
from tests.bootstrap.stage import Stage, stage
from tests.state.cloud import Account, serving
from tools.setup import SetupError


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An empty AWS account on the loopback address."""
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    with serving(monkeypatch) as made:
        yield made


@pytest.fixture
def play(tmp_path: Path, account: Account) -> Iterator[Stage]:
    """A checkout and an account in which the bootstrap can be run with the real engine."""
    try:
        find()
    except SetupError as reason:
        pytest.skip(str(reason))
    with stage(tmp_path, account) as made:
        yield made
