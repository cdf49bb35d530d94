"""The file of versions of a stack: what it accepts, what it refuses, and what a stack makes of it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime import config
from pydantic import BaseModel

import settings
import stack
from components.versions import CHARTS, PROGRAMS
from settings import SettingsError, Versions
from settings.errors import annotated, bare
from settings.versions_file import APPLICATIONS, SECTIONS, parse_versions, read_versions
from tests import stack_examples
from tests.components.declared_objects import plain
from tests.conftest import Declare, Plan
from tests.setting_examples import good, raw
from tests.stack_examples import ANSWERS, COMPUTED, EXAMPLES, ROOT, Raw
from tools import check_stacks
from tools.promotion.running import running
from tools.promotion.used import used

DIGEST = "sha256:" + "a" * 64
RELEASE = "kubernetes:helm.sh/v3:Release"


def refusal(document: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        parse_versions(document, "versions/prod.yaml")
    return refused.value.problems


def write(folder: Path, stack_: str, text: str) -> Path:
    file = folder / "versions" / f"{stack_}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return folder


# What it says


def test_a_stack_without_a_file_follows_the_pins(tmp_path: Path) -> None:
    found = read_versions("dev", tmp_path)
    assert found == Versions()
    assert {name: found.chart(name) for name in CHARTS} == {name: pin.version for name, pin in CHARTS.items()}
    assert {name: found.program(name) for name in PROGRAMS} == {name: pin.version for name, pin in PROGRAMS.items()}
    assert found.image("users-api", "team/api:1.0") == "team/api:1.0"


def test_a_name_in_the_file_is_kept_and_every_other_follows_the_pins(tmp_path: Path) -> None:
    image = f"team/api:1.1.0@{DIGEST}"
    text = f"charts: {{velero: 1.2.3}}\nprograms:\n  velero: v9.9.9\nimages:\n  users-api: {image}\n"
    found = read_versions("prod", write(tmp_path, "prod", text))
    assert found == Versions({"velero": "1.2.3"}, {"velero": "v9.9.9"}, {"users-api": image})
    assert (found.chart("velero"), found.program("velero")) == ("1.2.3", "v9.9.9")
    assert found.chart("traefik") == CHARTS["traefik"].version
    assert found.image("users-api", "team/api:1.0") == image
    assert found.image("f1-vote", "team/vote:1.0") == "team/vote:1.0"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "charts:\nimages: {}\n"])
def test_a_file_that_keeps_nothing_is_right(text: str, tmp_path: Path) -> None:
    assert read_versions("prod", write(tmp_path, "prod", text)) == Versions()


def test_an_image_may_have_a_tag_alone() -> None:
    given = {"images": {"f1-vote": "ghcr.io/example/f1-vote:0f3c2a1"}}
    assert parse_versions(given, "versions/staging.yaml").images == given["images"]


# What it refuses


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"chart": {}}, 'versions/prod.yaml: chart: unknown key, did you mean "charts"?'),
        (
            {"charts": {"cert-manger": "v1.0.0"}},
            'versions/prod.yaml: charts.cert-manger: unknown key, did you mean "cert-manager"?',
        ),
        (
            {"images": {"api": "team/api:1.0"}},
            'versions/prod.yaml: images.api: unknown key, expected one of "f1-vote", "users-api", "web-frontend"',
        ),
        (
            {"charts": {"cert-manager": "latest"}},
            f"versions/prod.yaml: charts.cert-manager: expected a whole version such as "
            f'"{CHARTS["cert-manager"].version}", got "latest"',
        ),
        (
            {"charts": {"velero": "^12.0.0"}},
            f'versions/prod.yaml: charts.velero: expected a whole version such as "{CHARTS["velero"].version}", '
            'got "^12.0.0"',
        ),
        (
            {"charts": {"velero": 12.1}},
            f'versions/prod.yaml: charts.velero: expected a whole version such as "{CHARTS["velero"].version}", '
            "got 12.1",
        ),
        (
            {"programs": {"postgresql": "18"}},
            "versions/prod.yaml: programs.postgresql: expected a whole version such as "
            f'"{PROGRAMS["postgresql"].version}", got "18"',
        ),
        (
            {"programs": {"redis": "latest"}},
            f'versions/prod.yaml: programs.redis: expected a whole version such as "{PROGRAMS["redis"].version}", '
            'got "latest"',
        ),
        (
            {"images": {"users-api": "team/api:latest"}},
            "versions/prod.yaml: images.users-api: expected an image with a tag other than latest, or a digest, such "
            'as registry.example.org/api:1.4.2, got "team/api:latest"',
        ),
        (
            {"images": {"users-api": f"team/api@{DIGEST[:-1]}"}},
            "versions/prod.yaml: images.users-api: expected an image with a tag other than latest, or a digest, such "
            f'as registry.example.org/api:1.4.2, got "team/api@{DIGEST[:-1]}"'[:-4],
        ),
        (
            {"charts": ["velero"]},
            'versions/prod.yaml: charts: expected a mapping of names to versions, got ["velero"]',
        ),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else "",
)
def test_a_mistake_is_one_sentence_with_file_and_key(document: dict[str, Any], sentence: str) -> None:
    (told,) = refusal(document)
    assert told.startswith(sentence.removesuffix("…"))


def test_all_mistakes_are_told_at_once() -> None:
    told = refusal({"charts": {"velero": "1", "x": "1.0.0"}, "programs": {"redis": None}, "more": 1})
    assert [each.split(": ")[1] for each in told] == ["more", "charts.velero", "charts.x", "programs.redis"]


def test_a_file_that_is_no_mapping_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read_versions("prod", write(tmp_path, "prod", "- charts\n"))
    assert refused.value.problems == ("versions/prod.yaml: expected a mapping with charts, programs or images",)


def test_a_name_that_is_there_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read_versions("prod", write(tmp_path, "prod", "charts:\n  velero: 1.0.0\n  velero: 2.0.0\n"))
    assert refused.value.problems == ('versions/prod.yaml, line 3: not valid YAML, key "velero" is there twice',)


# Who reads it


def test_every_application_with_an_image_has_its_name() -> None:
    sections = {name: bare(annotated(each))[0] for name, each in settings.Settings.model_fields.items()}
    with_image = {
        name.replace("_", "-")
        for name, kind in sections.items()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and "image" in kind.model_fields
    }
    assert with_image == set(APPLICATIONS)


def test_the_program_reads_settings_and_versions_and_tells_the_mistakes_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulumi.get_stack", lambda: "prod")
    write(tmp_path, "prod", "charts: {velero: 1.2.3}\n")
    try:
        config.set_all_config(raw(good()) | {"socle:datadog_api_key": "", "socle:datadog_app_key": ""})
        with pytest.raises(SettingsError):
            settings.load(tmp_path)  # for want of secrets: everything else was right
        config.set_all_config(raw(good()) | {"socle:owner": "a b"})
        write(tmp_path, "prod", "charts: {velero: newest}\n")
        with pytest.raises(SettingsError) as refused:
            settings.load(tmp_path)
    finally:
        config.set_all_config({})
    assert [each.partition(": expected")[0] for each in refused.value.problems] == [
        "socle:owner",
        "versions/prod.yaml: charts.velero",
    ]


def test_versions_are_no_setting() -> None:
    parsed = settings.parse(raw(good()))
    assert "versions" not in parsed.model_dump()
    assert "_versions" not in settings.Settings.model_fields
    kept = parsed.kept_on(Versions({"velero": "1.2.3"}))
    assert (kept.versions.chart("velero"), parsed.versions) == ("1.2.3", Versions())
    assert kept.model_dump() == parsed.model_dump()


def test_the_files_of_a_stack_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.one.yaml").write_text("config:\n  aws:region: eu-west-3\n  socle:owner: ops\n")
    write(tmp_path, "one", "charts: {velero: 1.2.3}\n")
    assert settings.read_stack("one", tmp_path).versions.charts == {"velero": "1.2.3"}


def test_the_check_of_stack_files_reads_them_and_finds_one_that_nobody_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Pulumi.one.yaml").write_text("config:\n  aws:region: eu-west-3\n  socle:owner: ops\n")
    write(tmp_path, "one", "charts: {velero: newest}\n")
    write(tmp_path, "on", "charts: {velero: 1.2.3}\n")
    assert check_stacks.main(tmp_path) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("versions/one.yaml: charts.velero: expected a whole version")
    assert told[1:] == ["versions/on.yaml: no stack reads it, for there is no Pulumi.on.yaml: rename or delete it"]


# What a stack makes of it


def declared(declare: Declare, values: Raw, folder: Path) -> Plan:
    """What the program declares with these settings and the file of versions in a folder."""
    keys = {key: f"glrt-{key.partition(':')[2]}-of-tests" for key in settings.missing_secrets(settings.parse(values))}

    def program() -> None:
        config.set_all_config(values | keys, list(keys))
        stack.declare(settings.load(folder))

    return declare(program, lookups=ANSWERS, outputs=COMPUTED)


def state_of(plan: Plan) -> list[dict[str, Any]]:
    """A plan as a state has it."""
    urns = {urn.rpartition("::")[2]: urn for urn in plan.urns}
    return [{"type": each.type, "urn": urns[each.name], "inputs": plain(each.inputs)} for each in plan.resources]


def others() -> Versions:
    """Every version that there is, each another one than that of today."""
    return Versions(
        {name: f"{pin.version}-other" for name, pin in CHARTS.items()},
        {name: f"{pin.version}-other" for name, pin in PROGRAMS.items()},
        {name: f"registry.example.org/{name}:9.9.9@{DIGEST}" for name in APPLICATIONS},
    )


def values_of(example: str) -> Raw:
    made = {"everything": stack_examples.everything, "alternatives": stack_examples.alternatives}.get(example)
    return made() if made else stack_examples.of_file(example)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_stack_has_the_versions_of_its_file_and_changes_in_nothing_else(
    example: str, declare: Declare, tmp_path: Path
) -> None:
    before = stack_examples.example(declare, example).plan
    wanted = others()
    write(tmp_path, "test", yaml.safe_dump({name: dict(wanted.section(name)) for name in SECTIONS}))
    after = declared(declare, values_of(example), tmp_path)

    found, used_ = running(state_of(after)), used(settings.parse(values_of(example)))
    for section in SECTIONS:
        assert found.section(section) == {name: wanted.section(section)[name] for name in used_[section]}

    def without_versions(plan: Plan, versions: Versions) -> dict[tuple[str, str], str]:
        texts = {(each.type, each.name): json.dumps(plain(each.inputs), sort_keys=True) for each in plan.resources}
        values = [value for section in SECTIONS for value in versions.section(section).values()]
        # The longest first: one version may be the beginning of another.
        for value in sorted(values, key=len, reverse=True):
            texts = {key: text.replace(value, "VERSION") for key, text in texts.items()}
        return texts

    assert without_versions(before, running(state_of(before))) == without_versions(after, found)


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_a_stack_uses_by_its_settings_is_what_it_declares(example: str, declare: Declare) -> None:
    made = stack_examples.example(declare, example)
    found = running(state_of(made.plan))
    assert {name: frozenset(found.section(name)) for name in SECTIONS} == used(made.settings)
    charts = {str(each["chart"]).rpartition("/")[2] for each in made.plan.of(RELEASE).values()}
    assert charts == used(made.settings)["charts"]


def test_our_own_files_of_versions_are_right() -> None:
    for file in (ROOT / "versions").glob("*.yaml"):
        settings.read_stack(file.stem, ROOT)
