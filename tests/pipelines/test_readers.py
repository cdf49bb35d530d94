"""How the files of both forges are read."""

from pathlib import Path
from typing import Any

import pytest

from tools.pipelines import github, gitlab
from tools.pipelines.job import Job, PipelineUnclear, in_order, verb_of

FILE = """
variables: {WHERE: $REGION-1}
default: {image: base, timeout: 1 hour}
.tools:
  before_script: [install, prepare]
.base:
  timeout: 2 hours
  variables: {A: one, B: two}
  rules: [{if: $X == "yes" && $Y}]
job:
  extends: .base
  needs: [{job: first}]
  variables: {B: three}
  before_script: [begin, !reference [.tools, before_script]]
  parallel:
    matrix:
      - STACK: [a, b]
        ROLE: [r]
      - STACK: [c]
        ROLE: [s]
  script: [make up]
first:
  script: [make check]
"""


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / gitlab.FILE).write_text(FILE, encoding="utf-8")
    return gitlab.read(tmp_path)


def test_a_job_takes_over_and_overrules_as_gitlab_has_it(document: dict[str, Any]) -> None:
    job = next(each for each in gitlab.every_job(document) if each.name == "job")
    assert (job.raw["image"], job.raw["timeout"]) == ("base", "2 hours")
    assert job.variables == {"WHERE": "$REGION-1", "A": "one", "B": "three"}
    assert job.raw["before_script"] == ["begin", "install", "prepare"]
    assert (job.needs, job.verbs) == (("first",), ("up",))


def test_a_matrix_has_every_combination_of_each_row(document: dict[str, Any]) -> None:
    job = next(each for each in gitlab.every_job(document) if each.name == "job")
    assert [tuple(each.values()) for each in job.combinations] == [("a", "r"), ("b", "r"), ("c", "s")]


@pytest.mark.parametrize(
    ("variables", "made"),
    [({"X": "yes", "Y": "1"}, True), ({"X": "yes"}, False), ({"X": "no", "Y": "1"}, False), ({}, False)],
)
def test_a_job_is_made_when_its_rule_holds(document: dict[str, Any], variables: dict[str, str], made: bool) -> None:
    assert ("job" in gitlab.jobs(document, variables)) == made


def test_the_first_rule_that_holds_decides() -> None:
    rules = [{"if": "$A", "when": "never"}, {"if": "$B == $C", "when": "manual"}, {"when": "always"}]
    assert gitlab.when(rules, {"A": "1"}) is None
    assert gitlab.when(rules, {"B": "x", "C": "x"}) == "manual"
    assert gitlab.when(rules, {"B": "x", "C": "y"}) == "always"
    assert gitlab.when([], {}) is None


def test_a_condition_beyond_what_is_read_is_refused() -> None:
    with pytest.raises(PipelineUnclear, match=r"expected terms such as \$A or \$A == \$B, joined by &&, got `\$A =~"):
        gitlab.when([{"if": "$A =~ /x/"}], {"A": "x"})


def test_variables_may_name_each_other() -> None:
    assert gitlab.expanded("role/$ROLE", {"ROLE": "$KIND-prod", "KIND": "deploy"}) == "role/deploy-prod"
    assert gitlab.expanded("a$NONE", {}) == "a"
    with pytest.raises(PipelineUnclear, match="a variable names itself"):
        gitlab.expanded("$A", {"A": "$A"})


def test_an_expression_of_github_is_replaced_by_what_it_names() -> None:
    assert github.expanded("origin/${{ github.base_ref }}", {"github.base_ref": "main"}) == "origin/main"
    with pytest.raises(PipelineUnclear, match=r"nothing says what vars\.X is"):
        github.expanded("${{ vars.X }}", {})
    with pytest.raises(PipelineUnclear, match=r"expected names such as github\.base_ref alone"):
        github.expanded("${{ vars.X || 'y' }}", {})


def test_jobs_come_after_those_that_they_need() -> None:
    jobs = {name: Job(name=name, commands=(), needs=needs) for name, needs in (("c", ("b",)), ("a", ()), ("b", ("a",)))}
    assert [job.name for job in in_order(jobs)] == ["a", "b", "c"]


@pytest.mark.parametrize("command", ["make up STACK=staging", "pulumi up", "make up && rm x"])
def test_a_job_calls_one_verb_and_nothing_else(command: str) -> None:
    with pytest.raises(PipelineUnclear, match="job x: expected one verb such as `make check`, got"):
        verb_of("x", command)
