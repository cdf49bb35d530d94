"""A violation of every rule in the real engine: the policy pack stops it, and the reader of previews finds the same."""

from dataclasses import dataclass
from datetime import date

import pytest

from policy import pending
from policy.rules.catalogue import known, rules
from policy.rules.model import Context
from rehearsal.engine import find
from tests.policy.planted import STACK, Update, checkout
from tests.policy.planted_rules import PLANTED, READER_ALONE, STACK_ALONE
from tools.changes.summaries import CostSummary, PolicySummary
from tools.costing.kept import NOTHING
from tools.costing.kept import Known as KnownCosts
from tools.policing.afterwards import afterwards
from tools.policing.costs import cost_of
from tools.policing.environment import ready
from tools.policing.summary import Known, policy_summary
from tools.pulumi_cli import Export, Pulumi, name_of, resources
from tools.setup import SetupError

KNOWN = Known(context=Context(stack=STACK, production=True, today=date(2026, 11, 21)))
LEVELS = {rule.id: rule.level(KNOWN.context) for rule in rules()}


@dataclass(frozen=True)
class Ran:
    """Two updates of a stack: one that breaks a rule by what only the update gives, and one that breaks every rule."""

    late: Update
    broken: Update
    state: Export
    """After both."""
    reader: PolicySummary

    @property
    def left(self) -> set[str]:
        """Names of what exists."""
        return set(map(name_of, resources(self.state)))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    try:
        engine = find()
        ready()
    except SetupError as reason:
        pytest.skip(str(reason))
    with checkout(tmp_path_factory.mktemp("policy") / "socle", engine) as engines:
        pulumi = Pulumi(STACK, engines.run)
        late, broken, state = engines.up("deployed"), engines.up("broken"), pulumi.export(secrets=True)
        costs = KnownCosts({STACK: NOTHING})
        cost = cost_of(broken.planned, STACK, deployed=True, folder=engines.folder, ask=lambda _, __: costs)
        assert isinstance(cost, CostSummary), cost
        reader = policy_summary(broken.planned, STACK, KNOWN, cost)
    assert reader is not None
    return Ran(late, broken, state, reader)


def told_by_reader(ran: Ran) -> set[tuple[str, str, str]]:
    """Level, rule and name of the resource."""
    names = {each: each.resource.rpartition(" ")[2] for each in ran.reader.findings}
    return {
        (each.level, each.rule, STACK_ALONE if each.resource == "the stack" else names[each])
        for each in ran.reader.findings
    }


def test_every_rule_of_the_catalogue_is_planted() -> None:
    assert {*PLANTED, *READER_ALONE} == known()


def test_the_pack_finds_every_planted_violation_and_is_as_strict_as_the_catalogue(ran: Ran) -> None:
    wanted = {(LEVELS[rule], rule, name) for rule, name in PLANTED.items()}
    assert wanted - set(ran.broken.violations()) == set()


def test_the_reader_of_the_same_preview_finds_every_planted_violation(ran: Ran) -> None:
    wanted = {(LEVELS[rule], rule, name) for rule, name in PLANTED.items()}
    assert wanted - told_by_reader(ran) == set()


@pytest.mark.parametrize("rule", READER_ALONE)
def test_what_only_a_preview_knows_is_found_by_its_reader_alone(ran: Ran, rule: str) -> None:
    name, why = READER_ALONE[rule]
    assert why
    assert (LEVELS[rule], rule, name) in told_by_reader(ran)
    assert (LEVELS[rule], rule, name) not in set(ran.broken.violations())


def test_the_engine_stops_before_anything_is_made_or_deleted(ran: Ran) -> None:
    assert ran.broken.done.code != 0
    assert "archive-bucket" in ran.left
    assert not ran.left & set(PLANTED.values())


def test_what_no_preview_can_tell_stops_the_update_where_it_becomes_known(ran: Ran) -> None:
    waited = pending.read(ran.late.pending)
    assert waited is not None
    assert {(rule, urn.rpartition("::")[2]) for rule, urn in waited} >= {
        ("IAM-02", "late"),
        ("S3-04", "archive-policy"),
    }
    assert ran.late.done.code != 0
    assert set(ran.late.violations()) == {("mandatory", "IAM-02", "late")}
    assert "archive-bucket" in ran.left and "late" not in ran.left


def test_the_state_of_the_engine_tells_what_its_preview_could_not(ran: Ran) -> None:
    after = afterwards(STACK, ran.late.pending, export=lambda _: ran.state, known=lambda _, __: KNOWN)
    assert after.code == 0
    assert [line.partition(" that needed values of the update ")[2] for line in after.lines] == [
        "are evaluated now: nothing is wrong"
    ]
