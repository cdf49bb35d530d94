import shutil
from typing import Any

import pytest

from tests.rehearsal.checkouts import Checkout

pytestmark = pytest.mark.usefixtures("engine")


def _site_alone(config: dict[str, Any]) -> None:
    for key in config.keys() - {"aws:region", "socle:owner"}:
        del config[key]
    config["socle:site"] = {"price_class": "PriceClass_100", "logs": {"retention_days": 3}}


def test_a_site_with_logs_rises_and_a_lost_half_of_its_rehearsal_is_told(checkout: Checkout) -> None:
    checkout.edit("staging", _site_alone)
    assert checkout.must("up", "staging").changes["create"] > 10
    assert checkout.must("up", "staging").changes == {}
    folder = checkout.workspace("staging").folder
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)

    for file in folder.glob("world.sqlite*"):
        file.unlink()
    told = checkout.run("up", "staging")
    assert told.code == 2
    assert "the simulated cloud's memory is gone, but the state has" in told.output
    assert f"start afresh with `rm -r {folder}`" in told.output.replace("\n", "")

    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    shutil.rmtree(folder / "state")
    told = checkout.run("destroy", "staging")
    assert told.code == 2
    assert "the simulated cloud's state is gone, but its memory has" in told.output

    shutil.rmtree(folder)
    kept.rename(folder)
    assert checkout.must("destroy", "staging").result["left"] == 0
