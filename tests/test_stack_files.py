"""Stack files read as the engine reads them, and the sentences for those that it would refuse."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

import settings
from settings import SettingsError, read_stack_file
from settings.sections import Settings
from settings.stack_files import SECRET_PLACEHOLDER

ROOT = Path(__file__).parents[1]


def write(folder: Path, text: str, name: str = "Pulumi.test.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        read_stack_file(path)
    return refused.value.problems


def order(value: Any) -> Any:
    """Keys of a nested value, in their order, without the names and items that a user makes up."""
    if isinstance(value, dict):
        return [(key, order(item)) for key, item in cast(dict[str, Any], value).items()]
    return [order(item) for item in cast(list[Any], value)[:1]] if isinstance(value, list) else None


STAGING_ALONE = {"socle:sleep"}
"""Production does not sleep, and a schedule of it that never stops anything would say nothing."""


def test_staging_and_prod_have_the_same_keys_in_the_same_order_but_for_the_sleep() -> None:
    staging, prod = (yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text()) for name in ("staging", "prod"))
    assert staging["config"].keys() - prod["config"].keys() == STAGING_ALONE
    for key in STAGING_ALONE:
        del staging["config"][key]
    assert order(staging) == order(prod)


def test_staging_is_backed_up_while_its_machines_run() -> None:
    found = settings.parse(read_stack_file(ROOT / "Pulumi.staging.yaml"))
    assert found.sleep
    assert [said for said in settings.advice(found) if "socle:sleep" in said] == []


def test_the_project_file_describes_every_setting_and_demands_none() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    declared = {key: value for key, value in project["config"].items() if key.startswith("socle:")}
    assert declared.keys() == {f"socle:{name}" for name in Settings.model_fields if name != "region"}
    assert all(value["description"] and not value["default"] for value in declared.values())


def test_the_default_providers_that_would_lose_the_tags_are_disabled() -> None:
    values = read_stack_file(ROOT / "Pulumi.staging.yaml")
    assert json.loads(values["pulumi:disable-default-providers"]) == ["aws", "kubernetes"]


def test_the_shortest_names_of_aws_leave_25_characters_to_the_logical_name() -> None:
    naming = json.loads(read_stack_file(ROOT / "Pulumi.prod.yaml")["pulumi:autonaming"])["providers"]["aws"]
    for type_ in ("aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"):
        pattern: str = naming["resources"][type_]["pattern"]
        assert len(pattern.replace("${hex(6)}", "0" * 6).replace("${name}", "n" * 25)) <= 32


def test_values_take_the_form_in_which_pulumi_delivers_them(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "config:\n"
        "  socle:owner: 42\n"
        "  socle:flag: true\n"
        "  socle:ratio: 1.50\n"
        "  socle:nothing:\n"
        "  socle:text: '42'\n"
        "  socle:map: {zones: 3, on: yes, time: 12:30, empty: ~, 1: one, whole: 1.0, list: [a, 1]}\n",
    )
    values = read_stack_file(path)
    structured = json.loads(values.pop("socle:map"))
    assert values == {
        "socle:owner": "42",
        "socle:flag": "true",
        "socle:ratio": "1.5",
        "socle:nothing": "",
        "socle:text": "42",
    }
    assert structured == {
        "zones": 3,
        "on": "yes",
        "time": "12:30",
        "empty": None,
        "1": "one",
        "whole": 1,
        "list": ["a", 1],
    }


def test_encrypted_values_stay_opaque(tmp_path: Path) -> None:
    path = write(tmp_path, "config:\n  socle:key: {secure: v1:abc}\n  socle:map: {inner: {secure: v1:def}, plain: 1}\n")
    assert read_stack_file(path) == {
        "socle:key": SECRET_PLACEHOLDER,
        "socle:map": json.dumps({"inner": SECRET_PLACEHOLDER, "plain": 1}, separators=(",", ":")),
    }


def test_defaults_of_the_project_fill_what_the_stack_omits(tmp_path: Path) -> None:
    write(
        tmp_path,
        "name: socle\nconfig:\n  socle:owner: {default: nobody}\n  short: 3\n  aws:region: {value: eu-west-3}\n"
        "  socle:described: {description: given by the stack}\n",
        "Pulumi.yaml",
    )
    path = write(tmp_path, "config:\n  socle:owner: me\n")
    assert read_stack_file(path) == {"socle:owner": "me", "socle:short": "3", "aws:region": "eu-west-3"}


def test_an_empty_stack_file_is_a_stack_without_settings(tmp_path: Path) -> None:
    assert read_stack_file(write(tmp_path, "")) == {}
    assert read_stack_file(write(tmp_path, "config:\nencryptionsalt: v1:abc\n")) == {}


def test_a_stack_that_does_not_exist_is_refused_with_those_that_do() -> None:
    (sentence,) = refusal(ROOT / "Pulumi.stagging.yaml")
    assert sentence.startswith("Pulumi.stagging.yaml: no such file, stacks that have one: ")
    assert '"prod"' in sentence
    assert '"staging"' in sentence


def test_a_syntax_error_is_named_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "config:\n  socle:owner: me\n  socle:network: [unclosed\n")
    (sentence,) = refusal(path)
    assert sentence.startswith("Pulumi.test.yaml, line 4: not valid YAML, ")
    assert "\n" not in sentence


def test_a_repeated_key_is_named_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "config:\n  socle:owner: me\n  socle:owner: you\n")
    assert refusal(path) == ('Pulumi.test.yaml, line 3: not valid YAML, key "socle:owner" is there twice',)


@pytest.mark.parametrize("text", ["\x00", "a: !!python/object:os.system x", "{[]: 1}", "&a [*a, *b]", "\t- x"])
def test_what_is_no_yaml_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    (sentence,) = refusal(write(tmp_path, text))
    assert sentence.startswith("Pulumi.test.yaml")
    assert "not valid YAML, " in sentence
    assert "\n" not in sentence


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.test.yaml"
    path.write_bytes(b"config: \xff\xfe")
    (sentence,) = refusal(path)
    assert sentence.startswith("Pulumi.test.yaml: not valid YAML, ")


@pytest.mark.parametrize("text", ["- a list", "just text"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(write(tmp_path, text)) == ("Pulumi.test.yaml: expected a mapping with config",)


def test_a_config_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, "config: [socle]")) == (
        "Pulumi.test.yaml: config: expected a mapping of keys such as socle:owner to values",
    )


def test_a_misspelt_part_of_the_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "confg:\n  socle:owner: me\n")
    assert refusal(path) == ('Pulumi.test.yaml: confg: unknown key, did you mean "config"?',)


def test_five_mistakes_in_a_file_give_five_sentences(tmp_path: Path) -> None:
    text = (ROOT / "Pulumi.prod.yaml").read_text()
    for right, wrong in (
        ("zones: 3", "zones: two"),
        ("egress: nat-instance", "egres: nat-instance"),
        ("max_size: 4", "max_size: 1"),
        ("zone: devu42.fr", "zone: devu42 fr"),
    ):
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    with pytest.raises(SettingsError) as refused:
        settings.parse(read_stack_file(write(tmp_path, text)))
    assert refused.value.problems == (
        'socle:network.zones: expected a whole number from 1 to 3, got "two"',
        'socle:network.egress: missing, expected one of "nat-gateway", "nat-gateway-per-zone", "nat-instance", "none"',
        'socle:network.egres: unknown key, did you mean "egress"?',
        "socle:cluster.node_groups.main.max_size: expected a whole number from min_size 2 to 100, got 1",
        'socle:dns.zone: expected a domain name such as example.org, got "devu42 fr"',
    )
