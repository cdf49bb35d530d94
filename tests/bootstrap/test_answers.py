"""The team's answers, and the sentence for every one that is wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.answers import FILE, Answers, GitHub, GitLab, parse, read_answers
from settings import SettingsError
from tools.setup import ROOT

GOOD: dict[str, Any] = {"aws:region": "eu-west-3", "socle-bootstrap:owner": "devu42"}


def _write(folder: Path, **changes: Any) -> Path:
    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    config = {
        **GOOD,
        **{f"socle-bootstrap:{key}" if key != "region" else "aws:region": v for key, v in changes.items()},
    }
    config = {key: value for key, value in config.items() if value is not None}
    file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    return folder


def _problems(folder: Path) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        read_answers(folder)
    return refused.value.problems


def test_those_of_the_project_are_placeholders_that_let_nobody_in() -> None:
    found = read_answers(ROOT)
    assert found.github is not None
    assert (found.github.repository_id, found.github.owner_id) == ("0", "0")
    assert found.people.administrators == found.people.developers == ()
    assert found.production == ("prod",)


def test_few_answers_suffice(tmp_path: Path) -> None:
    found = read_answers(_write(tmp_path))
    assert (found.region, found.owner, found.account_id, found.github, found.gitlab) == (
        "eu-west-3", "devu42", None, None, None,
    )  # fmt: skip
    assert (found.production, found.stacks_per_person) == (("prod",), 2)
    assert found.bucket_name("111122223333") == "socle-state-111122223333"


def test_all_answers_are_read(tmp_path: Path) -> None:
    found = read_answers(
        _write(
            tmp_path,
            account_id="111122223333",
            bucket="our-states",
            production=["prod", "prod-us"],
            github={"repository": "devu42/infra", "repository_id": 42, "owner_id": "7", "branch": "release/1"},
            gitlab={"project_path": "devu42/platform/infra", "url": "https://gitlab.example.org"},
            people={"administrators": ["arn:aws:iam::111122223333:user/ada"]},
            stacks_per_person=0,
        )
    )
    assert found.bucket_name("111122223333") == "our-states"
    assert found.github == GitHub(repository="devu42/infra", repository_id="42", owner_id="7", branch="release/1")
    assert found.gitlab is not None
    assert found.gitlab == GitLab(project_path="devu42/platform/infra", url="https://gitlab.example.org")
    assert found.gitlab.host == "gitlab.example.org"
    assert found.people.administrators == ("arn:aws:iam::111122223333:user/ada",)
    assert found.stacks_per_person == 0


def test_production_stacks_take_the_key_of_production() -> None:
    answers = Answers(region="eu-west-3", owner="ada", production=("prod", "prod-us"))
    assert {stack: answers.provider_of(stack) for stack in ("prod", "prod-us", "staging", "prod2")} == {
        "prod": "awskms://alias/socle-prod?region=eu-west-3",
        "prod-us": "awskms://alias/socle-prod?region=eu-west-3",
        "staging": "awskms://alias/socle-staging?region=eu-west-3",
        "prod2": "awskms://alias/socle-staging?region=eu-west-3",
    }


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"region": "paris"}, 'aws:region: expected an AWS region such as eu-west-3, got "paris"'),
        ({"owner": None}, "socle-bootstrap:owner: missing, expected a name of 1 to 64 letters, digits or . _ @ -"),
        ({"bukket": "x"}, 'socle-bootstrap:bukket: unknown key, did you mean "socle-bootstrap:bucket"?'),
        (
            {"bucket": "Our States"},
            "socle-bootstrap:bucket: expected a name of 3 to 63 lower-case letters, digits and inner hyphens, "
            'got "Our States"',
        ),
        (
            {"account_id": "12"},
            'socle-bootstrap:account_id: expected the 12 digits of an AWS account, in quotes, got "12"',
        ),
        (
            {"production": ["my prod"]},
            'socle-bootstrap:production[0]: expected the name of a stack, of letters, digits, . _ and -, got "my prod"',
        ),
        (
            {"github": {"repository": "infra", "repository_id": "1", "owner_id": "2"}},
            "socle-bootstrap:github.repository: expected the owner and name of a repository such as "
            'devu42/infrastructure, got "infra"',
        ),
        (
            {"github": {"repository": "a/b", "repository_id": "R_kgDO", "owner_id": "2"}},
            "socle-bootstrap:github.repository_id: expected the number that `gh api repos/OWNER/NAME` shows as id, "
            'got "R_kgDO"',
        ),
        (
            {"github": {"repository": "a/b", "repository_id": "1", "owner_id": "2", "branch": "release/*"}},
            'socle-bootstrap:github.branch: expected the name of one branch such as main, got "release/*"',
        ),
        (
            {"gitlab": {"project_path": "infra*"}},
            "socle-bootstrap:gitlab.project_path: expected the path of a project such as devu42/infrastructure, "
            'got "infra*"',
        ),
        (
            {"people": {"administrators": ["ada"]}},
            "socle-bootstrap:people.administrators[0]: expected the ARN of an IAM role or user such as "
            'arn:aws:iam::123456789012:role/admin, got "ada"',
        ),
        ({"stacks_per_person": 99}, "socle-bootstrap:stacks_per_person: expected a whole number from 0 to 20, got 99"),
    ],
)
def test_a_wrong_answer_is_refused_by_its_key(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    assert _problems(_write(tmp_path, **changes)) == (f"{FILE}: {problem}",)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    problems = _problems(_write(tmp_path, region="paris", owner="", stacks_per_person=-1))
    assert {each.split(": ")[1] for each in problems} == {
        "aws:region",
        "socle-bootstrap:owner",
        "socle-bootstrap:stacks_per_person",
    }


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "bootstrap").mkdir()
    [problem] = _problems(tmp_path)
    assert problem == "Pulumi.team.yaml: no such file, stacks that have one: none"


def test_the_engine_s_own_keys_are_not_answers() -> None:
    values = {**GOOD, "pulumi:disable-default-providers": '["aws"]'}
    assert parse(values).owner == "devu42"
