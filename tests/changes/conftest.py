"""The real engine with a small stack, for the tests that read its previews."""

from collections.abc import Iterator

import pytest

from rehearsal.engine import find
from tests.changes.engine import Stage, stage
from tools.setup import SetupError


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stack `small`, up, in a checkout of its own."""
    try:
        engine = find()
    except SetupError as reason:
        pytest.skip(str(reason))
    with stage(tmp_path_factory.mktemp("changes") / "socle", engine) as found:
        yield found
