"""Planted violations in the real engine: the policy pack stops it, and the reader of previews finds the same."""

import re
from collections.abc import Iterator
from datetime import date

import pytest

from policy.rules.model import Context
from rehearsal.engine import find
from tests.policy.planted import BROKEN, STACK, Engines, planted
from tools.policing.environment import ready
from tools.policing.summary import Known, policy_summary
from tools.setup import SetupError

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    try:
        found = find()
        ready()
    except SetupError as reason:
        pytest.skip(str(reason))
    with planted(tmp_path_factory.mktemp("policy") / "socle", found) as engines:
        yield engines


def test_the_engine_stops_at_violations_before_anything_is_made(engine: Engines) -> None:
    done = engine.packed("up", "--yes")
    said = done.output + done.errors
    assert done.code != 0
    told = set(re.findall(r"\[mandatory\]\s+([A-Z0-9]{2,5}-\d\d)", said))
    assert told >= BROKEN
    made = engine.pulumi("stack", "export")
    assert "aws:s3/bucket:Bucket" not in made.output


def test_the_reader_of_previews_finds_the_same_violations(engine: Engines) -> None:
    known = Known(context=Context(stack=STACK, production=True, today=TODAY))
    summary = policy_summary(engine.preview(), STACK, known)
    assert summary is not None
    assert {each.rule for each in summary.findings if each.level == "mandatory"} >= BROKEN
