"""Engines and providers that are not those of the state, as the doctor sees them."""

import os
from pathlib import Path

import pytest

from tools.doctoring import programs
from tools.doctoring.scene import Scene


def test_an_engine_or_plugins_older_than_those_of_the_state_are_told() -> None:
    at = Scene("staging")
    provider = {"type": "pulumi:providers:aws", "inputs": {"version": "99.1.0"}}
    at.deployment = {"manifest": {"version": "v99.0.0"}, "resources": [provider]}
    (engine,) = programs.engine(at)
    assert (engine.level, "the state was last written by 99.0.0" in engine.text) == ("warning", True)
    (plugins,) = programs.plugins(at)
    assert (plugins.level, "pulumi-aws 99.1.0" in plugins.text) == ("warning", True)
    assert "`git pull`" in plugins.fix


def test_plugins_other_than_pinned_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        return "0.1.0"

    monkeypatch.setattr(programs.metadata, "version", version)
    (finding,) = programs.plugins(Scene("staging"))
    assert (finding.level, "pulumi-aws 0.1.0" in finding.text) == ("broken", True)


def test_no_engine_is_broken_and_none_is_fetched(tmp_path: Path) -> None:
    at = Scene("staging", environ={"PATH": str(tmp_path), "SOCLE_CACHE": str(tmp_path)})
    (finding,) = programs.engine(at)
    assert (finding.level, finding.text) == ("broken", "there is none")
    assert list(tmp_path.iterdir()) == []


def test_an_old_engine_is_named_with_its_version(tmp_path: Path) -> None:
    old = tmp_path / "pulumi"
    old.write_text("#!/bin/sh\necho v3.1.0\n", encoding="utf-8")
    old.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    (finding,) = programs.engine(Scene("staging", environ={"PATH": path, "SOCLE_CACHE": str(tmp_path)}))
    assert finding.level == "broken"
    assert finding.text.startswith(f"{old} is 3.1.0, 3.250.0 or newer is needed")
