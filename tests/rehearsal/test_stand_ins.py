"""Secrets of a stack in its rehearsal, where nobody has the key."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rehearsal.checkouts import Checkout

pytestmark = pytest.mark.usefixtures("engine")

KEY = "pulumi:stand-in"
UNREADABLE = "v1:AAAAAAAAAAAAAAAA:BBBBBBBBBBBBBBBB"


def _stack_file(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_a_secret_that_nobody_here_can_read_gets_a_stand_in_that_is_kept(checkout: Checkout) -> None:
    real = checkout.stack_file("small")
    settings: dict[str, Any] = {
        "aws:region": "eu-west-3",
        "socle:owner": "devu42",
        "socle:network": {"cidr": "10.9.0.0/16", "zones": 1, "egress": "none"},
        KEY: {"secure": UNREADABLE},
    }
    real.write_text(yaml.safe_dump({"secretsprovider": "awskms://alias/none", "config": settings}), encoding="utf-8")
    before = real.read_bytes()

    checkout.must("preview", "small")
    copy = checkout.workspace("small").folder / "Pulumi.small.yaml"
    first = _stack_file(copy)
    assert first["config"][KEY]["secure"] not in (UNREADABLE, "")
    assert "secretsprovider" not in first

    checkout.must("preview", "small")
    assert _stack_file(copy) == first
    assert real.read_bytes() == before
