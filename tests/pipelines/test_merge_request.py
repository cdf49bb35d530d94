"""The merge-request pipelines of both forges, their own script lines, in a clone, in order, in rehearsal.

The verbs test, checkov, site, site-scan and site-test are left out: the suite runs what is in them by itself. Of the
stacks one is previewed, and that one is small; the jobs of the others find out that the change does not touch them.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tools import ci_local
from tools.comment.marker import without_marker
from tools.pipelines.clone import clone, commit, start_at
from tools.pipelines.stand_in import Kind, standing_in

SMALL = """config:
  aws:region: eu-west-3
  socle:owner: f1-vote
  socle:network:
    cidr: 10.40.0.0/16
    zones: 1
    egress: {egress}
"""
JOBS = ["commits", "preview (f1-vote)", "preview (prod)", "preview (staging)", "preview-comment"]


@dataclass(frozen=True)
class Change:
    """A clone with a change of one stack in its last commit."""

    folder: Path
    base: str


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Change:
    folder = clone(tmp_path_factory.mktemp("ci") / "socle")
    stack = folder / "Pulumi.f1-vote.yaml"
    stack.write_text(SMALL.format(egress="none"), encoding="utf-8")
    commit(folder, "chore: a small stack")
    base = start_at(folder, "HEAD", "main")
    stack.write_text(SMALL.format(egress="nat-instance"), encoding="utf-8")
    commit(folder, "feat(f1-vote): a way to the internet")
    return Change(folder, base)


@pytest.mark.parametrize("kind", ["gitlab", "github"])
def test_the_jobs_of_a_merge_request_pass_and_their_note_is_written(change: Change, kind: Kind, tmp_path: Path) -> None:
    with standing_in(kind) as forge:
        ended = ci_local.pipeline(forge, change.folder, change.base, full=False)
        assert [job.title for job in ended] == JOBS
        assert not any(job.code for job in ended), "\n".join(job.output for job in ended)
        outputs = {job.title: job.output for job in ended}
        assert "1 commit since" in outputs["commits"]
        assert "this says nothing about AWS" in outputs["preview (f1-vote)"]
        assert "prod: the change does not touch it" in outputs["preview (prod)"]
        tokens = {"SOCLE_GITLAB_TOKEN": forge.token, "GITHUB_TOKEN": forge.token}
        written = ci_local.note({**forge.environ("", change.base, tmp_path), **tokens})
    assert written is not None
    url, body = written
    assert url in outputs["preview-comment"]
    assert without_marker(body).startswith("### Infrastructure preview · 1 stack")
    assert "| `f1-vote` |" in body


def test_a_forge_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ci_local.typer.Exit) as ended:
        ci_local.main("gitea")
    assert ended.value.exit_code == 2
    assert 'FORGE: expected gitlab or github, got "gitea"' in capsys.readouterr().err
