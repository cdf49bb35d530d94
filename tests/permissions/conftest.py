"""What the stacks need, computed once for all tests of a process."""

from collections.abc import Sequence

import pytest

from tools.permissions import files
from tools.permissions.declared import Declared, declared, stacks
from tools.permissions.documents import Document
from tools.permissions.files import KINDS, Kind
from tools.permissions.needed import Needed
from tools.setup import ROOT

Policies = dict[Kind, Sequence[Document]]


@pytest.fixture(scope="session")
def found() -> dict[str, Declared]:
    """What every stack that has a file declares."""
    return declared(stacks(ROOT), ROOT)


@pytest.fixture(scope="session")
def policies(found: dict[str, Declared]) -> Policies:
    """All policies, as the stacks need them."""
    return {kind: files.computed(kind, [*found.values()])[1] for kind in KINDS}


@pytest.fixture(scope="session")
def needs(found: dict[str, Declared]) -> Needed:
    """What deployments need."""
    return files.computed("deploy", [*found.values()])[0]
