"""What both pipelines keep to."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.pipelines.conftest import FORK, PUSH, REQUEST, ROOT, makefile_verbs, schedule, started, verbs_of
from tools.pipelines import github, gitlab
from tools.pipelines.job import Job
from tools.preview_comment import stacks_of

UPDATES = {"up", "deploy", "publish", "unpublish", "reap", "bootstrap"}
"""Verbs that change the cloud."""
SECRETS = {"GITHUB_TOKEN"}
"""Secrets that workflows may name: the token that GitHub makes for a job."""
WRITES = {
    "preview-comment": {"pull-requests"},
    "drift-staging": {"issues"},
    "drift": {"issues"},
    "pins-report": {"issues"},
    "promote": {"contents", "pull-requests"},
    "inform": {"contents", "pull-requests"},
}
"""What jobs may write on GitHub."""
BY_HAND = {"deploy", "smoke", "site", "publish", "propose", "unpublish", "bootstrap"}
On = Mapping[str, Any]
Files = dict[str, dict[str, Any]]


def test_every_job_is_one_verb_of_the_makefile(every_job: list[Job]) -> None:
    for job in every_job:
        assert len(job.verbs) == 1, job.name
        assert job.verbs[0] in makefile_verbs(), f"{job.name}: make {job.verbs[0]}"


def test_a_merge_request_does_the_same_on_both_forges(on_gitlab: On, on_github: Files) -> None:
    ours = verbs_of(gitlab.jobs(on_gitlab, REQUEST))
    assert ours == verbs_of(github.jobs(on_github, "pull_request"))
    assert ours == {
        "test",
        "checkov",
        "commits",
        "site",
        "site-scan",
        "site-test",
        "preview-touched",
        "comment-touched",
    }


def test_the_main_branch_does_the_same_on_both_forges(on_gitlab: On, on_github: Files) -> None:
    by_hand = verbs_of(started(on_gitlab, {**PUSH, "SOCLE_BOOTSTRAP_ROLE": "lent"}, by_hand=True))
    by_itself = started(on_gitlab, PUSH, by_hand=False)
    # What follows a step by hand belongs to it.
    after = {name for name, job in by_itself.items() if {"deploy-prod", "site-prod"} & set(job.needs)}
    before = {name: job for name, job in by_itself.items() if name not in after}
    assert verbs_of(before) == verbs_of(github.jobs(on_github, "push"))
    assert by_hand | verbs_of({name: by_itself[name] for name in after}) == BY_HAND
    assert verbs_of(github.jobs(on_github, "workflow_dispatch")) == BY_HAND


def test_an_application_is_heard_on_both_forges_without_any_role(on_gitlab: On, on_github: Files) -> None:
    told = {**PUSH, "CI_PIPELINE_SOURCE": "pipeline"}
    heard = started(on_gitlab, told, by_hand=False)
    assert verbs_of(heard) == verbs_of(github.jobs(on_github, "repository_dispatch")) == {"inform"}
    assert verbs_of(started(on_gitlab, {**told, "CI_COMMIT_REF_PROTECTED": "false"}, by_hand=False)) == set()
    assert "id_tokens" not in str(heard["inform"].raw)


def test_the_schedules_do_the_same_on_both_forges(on_gitlab: On, on_github: Files) -> None:
    found = {which: verbs_of(gitlab.jobs(on_gitlab, schedule(which))) for which in ("nightly", "weekly", "daily")}
    assert found == {"nightly": {"drift", "reap"}, "weekly": {"pins-report"}, "daily": {"site-synthetic"}}
    crons = [each["cron"] for each in on_github["schedule.yml"]["on"]["schedule"]]
    by_cron = {
        cron: {
            verb
            for job in github.jobs(on_github, "schedule").values()
            if f"github.event.schedule == '{cron}'" in job.raw["if"]
            for verb in job.verbs
        }
        for cron in crons
    }
    assert list(by_cron.values()) == list(found.values())
    assert "0 8 * * *" in crons


def test_a_fork_is_tested_and_gets_no_credentials(on_gitlab: On, on_github: Files) -> None:
    jobs = gitlab.jobs(on_gitlab, FORK)
    assert verbs_of(jobs) == {"test", "checkov", "commits", "site", "site-scan", "site-test"}
    assert not any("id_tokens" in job.raw for job in jobs.values())
    for job in github.jobs(on_github, "pull_request").values():
        rights = job.raw["permissions"]
        if rights != {"contents": "read"}:
            assert "github.event.pull_request.head.repo.full_name == github.repository" in job.raw["if"], job.name
    assert not any("pull_request_target" in document["on"] for document in on_github.values())


def test_without_an_account_nothing_asks_for_credentials(on_gitlab: On, on_github: Files) -> None:
    for variables in (REQUEST, PUSH, schedule("nightly"), schedule("daily")):
        jobs = gitlab.jobs(on_gitlab, {**variables, "SOCLE_AWS_ACCOUNT": ""})
        assert not any("id_tokens" in job.raw for job in jobs.values())
    for document in on_github.values():
        for job in github.every_job(document):
            if job.raw["permissions"].get("id-token"):
                asked = [job, *(each for each in github.every_job(document) if each.name in job.needs)]
                assert any("SOCLE_AWS_ACCOUNT != ''" in each.raw.get("if", "") for each in asked) or job.name in {
                    "publish-prod"  # after site-prod, which is after deploy-prod
                }


def test_an_unprotected_branch_has_no_pipeline_but_its_merge_request_s(on_gitlab: On) -> None:
    assert gitlab.jobs(on_gitlab, {**PUSH, "CI_COMMIT_BRANCH": "change", "CI_COMMIT_REF_PROTECTED": "false"}) == {}
    assert gitlab.jobs(on_gitlab, {**PUSH, "CI_COMMIT_REF_PROTECTED": "false"}) == {}


def test_production_is_changed_by_hand_alone(on_gitlab: On, on_github: Files) -> None:
    waiting = started(on_gitlab, PUSH, by_hand=True)
    for name, job in gitlab.jobs(on_gitlab, PUSH).items():
        if job.variables.get("SOCLE_ROLE") == "socle-deploy-prod":
            assert name in waiting or job.needs == ("site-prod",), name
    for file, document in on_github.items():
        if "socle-deploy-prod" in str(document):
            assert list(document["on"]) == ["workflow_dispatch"], file
    for job in github.jobs(on_github, "workflow_dispatch").values():
        assert job.needs or "github.ref_protected" in job.raw["if"], job.name


def test_a_branch_never_gets_the_role_that_opens_production_s_secrets(on_gitlab: On, on_github: Files) -> None:
    for job in gitlab.jobs(on_gitlab, REQUEST).values():
        assert job.variables.get("SOCLE_ROLE") in {None, "socle-preview"}
    roles = re.findall(r"role/([\w-]+)", str(on_github["merge-request.yml"]))
    assert set(roles) == {"socle-preview"}


def test_the_matrix_of_the_previews_and_of_the_drift_names_every_stack(on_gitlab: On, on_github: Files) -> None:
    jobs = [
        gitlab.jobs(on_gitlab, REQUEST)["preview"],
        gitlab.jobs(on_gitlab, schedule("nightly"))["drift"],
        github.jobs(on_github, "pull_request")["preview"],
        github.jobs(on_github, "schedule")["drift"],
    ]
    for job in jobs:
        assert sorted(each.get("STACK") or each["stack"] for each in job.combinations) == stacks_of(ROOT)


def test_what_changes_the_cloud_waits_for_its_like_and_is_never_cancelled(on_gitlab: On, on_github: Files) -> None:
    for job in gitlab.every_job(on_gitlab):
        if UPDATES & set(job.verbs):
            assert job.raw["resource_group"], job.name
            assert job.raw["interruptible"] is False, job.name
            assert job.raw["timeout"] == "2 hours", job.name
    for document in on_github.values():
        for job in github.every_job(document):
            if UPDATES & set(job.verbs):
                assert job.raw["concurrency"]["cancel-in-progress"] is False, job.name
                assert job.raw["timeout-minutes"] >= 90, job.name
                assert document["concurrency"]["cancel-in-progress"] is False, job.name


def test_jobs_on_one_stack_share_one_group_on_each_forge(on_gitlab: On, on_github: Files) -> None:
    for name in ("update-staging", "deploy-prod", "publish-staging", "publish-prod", "unpublish", "reap", "promote"):
        there = next(job for job in gitlab.every_job(on_gitlab) if job.name == name)
        here = next(job for each in on_github.values() for job in github.every_job(each) if job.name == name)
        assert there.raw["resource_group"] == here.raw["concurrency"]["group"], name


def test_the_posting_job_runs_whatever_became_of_the_previews(on_gitlab: On, on_github: Files) -> None:
    there = gitlab.jobs(on_gitlab, REQUEST)["preview-comment"]
    assert gitlab.when(there.raw["rules"], REQUEST) == "always"
    assert github.jobs(on_github, "pull_request")["preview-comment"].raw["if"].startswith("always() && ")


def test_a_preview_is_a_report_for_gitlab_s_widget_and_kept(on_gitlab: On) -> None:
    kept = gitlab.jobs(on_gitlab, REQUEST)["preview"].raw["artifacts"]
    assert (kept["reports"]["terraform"], kept["paths"], kept["when"]) == (
        "previews/$STACK/terraform.json",
        ["previews/"],
        "always",
    )


def test_actions_and_images_are_pinned_by_digest(every_job: list[Job]) -> None:
    for job in every_job:
        for step in job.raw.get("steps", ()):
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
        if "image" in job.raw:
            assert re.fullmatch(r"\w+:[\w.-]+@sha256:[0-9a-f]{64}", job.raw["image"]), job.raw["image"]
    for file in (ROOT / ".github/workflows").glob("*.yml"):
        for line in file.read_text(encoding="utf-8").splitlines():
            assert "uses:" not in line or re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_one_action_has_one_version_everywhere(every_job: list[Job]) -> None:
    used = {step["uses"] for job in every_job for step in job.raw.get("steps", ()) if "uses" in step}
    assert len(used) == len({each.partition("@")[0] for each in used})


def test_no_key_of_the_cloud_is_stored(on_gitlab: On) -> None:
    texts = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / ".github/workflows").glob("*.yml")}
    texts[gitlab.FILE] = (ROOT / gitlab.FILE).read_text(encoding="utf-8")
    for name, text in texts.items():
        assert not re.search(r"AWS_ACCESS_KEY|AWS_SECRET|PULUMI_ACCESS_TOKEN|PASSPHRASE", text), name
        assert set(re.findall(r"secrets\.(\w+)", text)) <= SECRETS, name


@pytest.mark.parametrize("right", ["id-token", "contents", "issues", "pull-requests", "actions"])
def test_a_workflow_s_job_has_the_rights_that_it_needs_and_no_more(on_github: Files, right: str) -> None:
    for document in on_github.values():
        assert document["permissions"] == {}
        for job in github.every_job(document):
            rights = job.raw["permissions"]
            uses = " ".join(step.get("uses", "") for step in job.raw["steps"])
            wanted = {
                "id-token": "write" if "configure-aws-credentials" in uses else None,
                "contents": "write" if "contents" in WRITES.get(job.name, ()) else "read",
                "actions": "read" if job.name == "deploy-prod" else None,
            }.get(right, "write" if right in WRITES.get(job.name, ()) else None)
            assert rights.get(right) == wanted, f"{job.name}: {right}"


def test_a_checkout_leaves_no_token_behind(on_github: Files) -> None:
    for document in on_github.values():
        for job in github.every_job(document):
            for step in job.raw["steps"]:
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False, job.name
