"""What nobody could tell before an update is evaluated once it is done, from the state."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policy import pending
from policy.rules.catalogue import rules
from policy.rules.evaluation import Unevaluated
from policy.rules.model import Context
from tests.policy.cases import POLICY, allow, document, one
from tools.policing.afterwards import Afterwards, afterwards, beforehand, resources_in
from tools.policing.summary import Known
from tools.pulumi_cli import Export, PulumiFailed

KNOWN = Known(context=Context(stack="prod", production=True, today=date(2026, 11, 21)))
RULES = {rule.id: rule for rule in rules()}
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
TEMPLATE, LOGS = "aws:ec2/launchTemplate:LaunchTemplate", "aws:cloudwatch/logGroup:LogGroup"


def entry(type_: str, name: str, /, **inputs: Any) -> dict[str, Any]:
    """A resource of a state."""
    return {"urn": f"urn:pulumi:prod::socle::{type_}::{name}", "type": type_, "custom": True, "inputs": inputs}


def state(*entries: dict[str, Any]) -> Export:
    return {"version": 3, "deployment": {"resources": list(entries)}}


WIDE = entry(POLICY, "wide", policy=document(allow("*")))
KEPT_FOR_EVER = entry(LOGS, "logs")
DEPLOYED = state(WIDE, KEPT_FOR_EVER)


def waiting(folder: Path, *rules_and_urns: tuple[str, str]) -> Path:
    """The file in which a preview says what it could not tell."""
    file = folder / "pending"
    found = [
        Unevaluated(RULES[rule], replace(one(POLICY), urn=urn) if urn else None, "policy")
        for rule, urn in rules_and_urns
    ]
    pending.write(file, found)
    return file


def evaluated(file: Path, deployed: Export = DEPLOYED) -> Afterwards:
    return afterwards("prod", file, export=lambda _: deployed, known=lambda _, __: KNOWN)


def test_what_waited_is_told_with_its_remedy_and_is_a_failure_when_it_is_mandatory(tmp_path: Path) -> None:
    found = evaluated(waiting(tmp_path, ("IAM-02", WIDE["urn"])))
    assert found.code == 1
    assert found.lines == (
        "prod: 1 check that needed values of the update are evaluated now: 1 mandatory",
        f"mandatory IAM-02 {POLICY} wide: it allows every action. {RULES['IAM-02'].remedy}",
        "prod: is deployed, and breaks a mandatory rule: correct that, then `make up STACK=prod`",
    )


def test_what_waited_and_is_kept_is_no_failure(tmp_path: Path) -> None:
    narrow = entry(POLICY, "narrow", policy=document(allow("s3:GetObject", "arn:aws:s3:::x/*")))
    found = evaluated(waiting(tmp_path, ("IAM-02", narrow["urn"]), ("IAM-03", narrow["urn"])), state(narrow))
    assert found == Afterwards(("prod: 2 checks that needed values of the update are evaluated now: nothing is wrong",))


def test_a_rule_on_all_resources_waits_for_the_stack(tmp_path: Path) -> None:
    network = entry("aws:ec2/vpc:Vpc", "main")
    found = evaluated(waiting(tmp_path, ("NET-02", "")), state(network))
    assert found.code == 0
    assert found.lines[1].startswith("advisory NET-02 aws:ec2/vpc:Vpc main: it has no flow logs. ")


def test_what_is_not_known_afterwards_either_is_told(tmp_path: Path) -> None:
    hidden = entry(POLICY, "hidden", policy={**SECRET, "ciphertext": "v1:abc"})
    found = evaluated(waiting(tmp_path, ("IAM-02", hidden["urn"])), state(hidden))
    assert found.lines[0].endswith("evaluated now: 1 not evaluated")
    assert found.lines[1] == f"not evaluated: IAM-02 {POLICY} hidden: needs policy, which is not known yet"


def test_an_update_of_which_everything_was_known_costs_no_export(tmp_path: Path) -> None:
    def export(_: str) -> Export:
        raise AssertionError("nothing waited")

    assert afterwards("prod", waiting(tmp_path), export=export) == Afterwards()


def test_what_the_engine_ran_without_the_pack_is_evaluated_as_a_whole(tmp_path: Path) -> None:
    found = evaluated(tmp_path / "missing")
    assert found.lines[0].startswith(
        "prod: the rules, which the engine ran without, are evaluated on what is deployed:"
    )
    assert {line.split()[1] for line in found.lines if line.startswith("mandatory ")} >= {"IAM-02", "LOG-01"}


def test_a_preview_says_how_much_it_could_not_tell(tmp_path: Path) -> None:
    assert beforehand("prod", tmp_path / "missing") == beforehand("prod", waiting(tmp_path)) == ""
    assert beforehand("prod", waiting(tmp_path, ("IAM-02", "a"), ("IAM-03", "a"))) == (
        "prod: 2 checks wait for values that only the update gives: `make policy STACK=prod` names them"
    )


def test_a_list_that_was_cut_off_is_none(tmp_path: Path) -> None:
    file = waiting(tmp_path, ("IAM-02", WIDE["urn"]))
    file.write_text(file.read_text(encoding="utf-8") + '{"rule": "IA', encoding="utf-8")
    assert pending.read(file) is None


def test_a_state_that_is_not_given_out_fails_no_update(tmp_path: Path) -> None:
    def export(_: str) -> Export:
        raise PulumiFailed("`pulumi stack export` failed (no network)")

    assert afterwards("prod", waiting(tmp_path, ("IAM-02", "urn")), export=export) == Afterwards(
        (
            "prod: what the rules could not tell before the update is not evaluated (`pulumi stack export` failed "
            "(no network)): `make policy STACK=prod REAL=1` evaluates it",
        )
    )


def test_rules_see_inside_secrets_of_a_state_and_quote_none(tmp_path: Path) -> None:
    told = {**SECRET, "plaintext": json.dumps("#!/bin/sh\nexport TOKEN=opensesame-opensesame\n")}
    machine = entry(TEMPLATE, "node", userData=told, instanceType={**SECRET, "plaintext": '"t3.opensesame"'})
    waited = waiting(tmp_path, ("EC2-05", machine["urn"]), ("COST-03", machine["urn"]))
    found = evaluated(waited, state(machine))
    assert (
        f"mandatory EC2-05 {TEMPLATE} node: userData is made from a secret, and shows it to every process"
        in "".join(found.lines)
    )
    assert "opensesame" not in "".join(found.lines)


@pytest.mark.parametrize(("field", "kept"), [("delete", False), ("protect", True)])
def test_a_resource_that_another_one_took_the_place_of_is_none(field: str, kept: bool) -> None:
    found = list(resources_in(state({**WIDE, field: True, "propertyDependencies": {"policy": ["urn:x"], "role": []}})))
    assert [(each.name, each.protect, each.links) for each in found] == [("wide", True, {"policy": ("urn:x",)})] * kept
