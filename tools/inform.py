"""Proposes another image of an application for a stack: `python -m tools.inform STACK NAME IMAGE`."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from settings import read_stack, versions_file
from settings.versions_file import FOLDER
from tools.forge.ci_job import CiJob, ci_job
from tools.forge.forge import Forge, ForgeRefused
from tools.informing.build import build_of
from tools.informing.decision import Decision, decide, entry
from tools.informing.proposal import Proposal, branch_of
from tools.informing.repository import Access, GitFailed, Repository
from tools.informing.request import Request, checked, wanted_image
from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.setup import ROOT

_TRIES: Final = 5
"""How often it is looked at anew when somebody else writes at the same time."""
_USERS: Final = {"gitlab": "oauth2", "github": "x-access-token"}
"""Names beside a token over HTTPS: https://docs.gitlab.com/topics/git/clone/#clone-using-a-token and
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation"""
_RIGHTS: Final = {
    "gitlab": "SOCLE_GITLAB_TOKEN needs scopes api and write_repository, and role Developer",
    "github": "GITHUB_TOKEN needs `permissions: {contents: write, pull-requests: write}`",
}


def access_of(job: CiJob) -> Access:
    """Way into the repository of a job, with the job's token."""
    return Access(f"{job.server.rstrip('/')}/{job.project}.git", _USERS[job.kind], job.token)


@dataclass(frozen=True)
class Means:
    """What the command works with, so that tests can give it others."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    access: Callable[[CiJob], Access] = access_of
    forge: Callable[[CiJob], Forge] = CiJob.forge
    folder: Path = ROOT


def run(stack: str, name: str, image: str, *, build: str, source: str, means: Means | None = None) -> None:
    """Open or renew the merge request; outside of a pipeline, write the file. Raises `typer.Exit` with a sentence."""
    means = means or Means()
    with sentences(stack, f"make inform STACK={stack}"):
        request = checked(stack, name, image, build=build, source=source, folder=means.folder)
        job = ci_job(means.environ)
        if job is None:
            _write_here(request, means.folder)
            return
        if job.request is not None or not job.branch:
            raise refuse("inform: works in pipelines of the main branch, not of merge requests or tags", BAD_INPUT)
        if not job.token:
            raise refuse(f"inform: there is no token to push and propose with: {_RIGHTS[job.kind]}", BAD_INPUT)
        try:
            typer.echo(_propose(request, job, means))
        except GitFailed as failed:
            raise refuse(
                f"{stack}: {job.project} was not changed, {failed}: {_RIGHTS[job.kind]}; then run the job again", FAILED
            ) from None
        except ForgeRefused as refused:
            raise refuse(f"{stack}: {refused}; then run the job again", FAILED) from None


def _propose(request: Request, job: CiJob, means: Means) -> str:
    """Push and propose; what was done, as a sentence."""
    repository, forge = Repository(means.folder, means.access(job)), means.forge(job)
    branch, path = branch_of(request.stack, request.name), f"{FOLDER}/{request.stack}.yaml"
    before = wanted_image(read_stack(request.stack, means.folder), request.name)
    talked_over = False
    for _ in range(_TRIES):
        base, end = repository.tip(job.branch), repository.tip(branch)
        if not base:
            raise refuse(f"{request.stack}: {job.project} has no branch {job.branch}", BAD_INPUT)
        main = repository.read(base, path)
        text = repository.read(end, path) if end else None
        decision = decide(request, main, text)
        left = decision.verdict == "left to a newer one" and not (talked_over and decision.is_open)
        if decision.verdict == "there already" or left:
            return _said(request, decision)
        current = entry(main, request.name) or before
        if decision.verdict == "written":
            text = decision.text
            words = _proposal(request, text, current)
            commit = repository.commit(base, path, text, words.message)
            if not repository.push(commit, branch, end):
                continue
            end = commit
        words = _proposal(request, text or "", current)
        url = forge.propose(branch=branch, target=job.branch, title=words.title, body=words.body)
        if repository.tip(branch) in ("", end):
            return f"{_said(request, decision)}: {url}"
        # Somebody pushed in between, and our words may stand over theirs: the branch says what is proposed.
        talked_over = True
    raise refuse(
        f"{request.stack}: others changed {branch} {_TRIES} times while it was written: run the job again", FAILED
    )


def _proposal(request: Request, text: str, before: str) -> Proposal:
    return Proposal(request.stack, request.name, before, entry(text, request.name), build_of(text, request.name))


def _said(request: Request, decision: Decision) -> str:
    what = f"{request.stack}: {request.name}"
    if decision.verdict == "there already":
        return f"{what} is kept on {request.image.partition('@')[2]} already, there is nothing to do"
    if decision.verdict == "left to a newer one" and decision.newest and request.build:
        return (
            f"{what} is left to build {decision.newest.number}, which is newer than build {request.build.number}; if "
            f"the numbers began anew, take `build {decision.newest.number}` out of {FOLDER}/{request.stack}.yaml"
        )
    done = "is proposed already" if decision.verdict == "proposed already" else "is proposed"
    return f"{what} {done} as {request.image}"


def _write_here(request: Request, folder: Path) -> None:
    """Write the file of this checkout."""
    file = versions_file(request.stack, folder)
    decision = decide(request, file.read_text(encoding="utf-8") if file.is_file() else None, None)
    if decision.verdict != "written":
        typer.echo(_said(request, decision))
        return
    file.parent.mkdir(exist_ok=True)
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(decision.text, encoding="utf-8")
    beside.replace(file)
    shown = f"{FOLDER}/{file.name}"
    typer.echo(
        f"{shown} is written, for this is no pipeline. What follows:\n"
        f"  git add {shown} && git commit -m 'chore({request.stack}): {request.name}'\n"
        f"  make preview STACK={request.stack}"
    )


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that is not production")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="an application, such as users-api")],
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="its image, as NAME:TAG@sha256:...")],
    # From the environment, so that make need not put what another repository says into a shell's line.
    build: Annotated[str, typer.Option(envvar="BUILD", help="Number of the pipeline that built it.")] = "",
    source: Annotated[str, typer.Option(envvar="SOURCE", help="Address of that pipeline.")] = "",
) -> None:
    """Propose an image by a merge request, unless a newer build has been proposed; again with the same does nothing."""
    run(stack, name, image, build=build, source=source)


if __name__ == "__main__":
    typer.run(main)
