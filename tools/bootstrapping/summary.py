"""What to do next, once the bootstrap is done."""

from collections.abc import Iterator

from bootstrap.answers import FILE
from bootstrap.ci_roles import CI_ROLES
from bootstrap.identity_providers import audiences
from tools.bootstrapping.means import Team
from tools.bootstrapping.preflight import stack_files


def summary(team: Team) -> Iterator[str]:
    """Lines for the person who typed the command."""
    stacks = stack_files(team.means.folder)
    names = ["Pulumi.yaml", "bootstrap/Pulumi.yaml", str(FILE), *(file.name for file in stacks.values())]
    yield f"bootstrap: done. The states are in {team.backend.url}"
    yield f"  commit what was written: git add {' '.join(names)}"
    if audiences(team.answers):
        roles = ", ".join(f"arn:aws:iam::{team.account}:role/socle-{role.name}" for role in CI_ROLES)
        yield f"  roles of the pipelines: {roles}"
    else:
        yield f"  no forge is named: socle-bootstrap:github or :gitlab in {FILE} lets pipelines in"
    people = team.answers.people
    for role, who in (("administrator", people.administrators), ("developer", people.developers)):
        if who:
            yield f"  {role}: {len(who)} may take arn:aws:iam::{team.account}:role/socle-{role}"
    yield "  next: make up STACK=staging"
