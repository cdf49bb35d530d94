"""What feeds what in the bootstrap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from bootstrap import guard, people, state_access
from bootstrap.answers import Answers
from bootstrap.ci_roles import CI_ROLES, CiRole, trust
from bootstrap.identity_providers import identity_providers
from bootstrap.keys import SecretsKey, SecretsKeyArgs
from bootstrap.names import POLICY_PATH
from bootstrap.policies import Policies
from bootstrap.role import GuardedRole, GuardedRoleArgs
from bootstrap.state_bucket import StateBucket, StateBucketArgs
from components import iam

Outputs = dict[str, Any]
Statements = pulumi.Output[list[iam.Statement]]

_BARRED = ("socle-preview", "socle-deploy-staging", "socle-developer")
"""Roles that never see production's key: any branch, or any developer, decides what their code does."""


@dataclass(frozen=True)
class _Ground:
    """What the roles stand on."""

    answers: Answers
    account: str
    opts: pulumi.ResourceOptions
    facts: pulumi.Output[Mapping[str, Any]]
    """ARNs once they are known: `bucket`, `staging`, `prod`, `providers`."""
    policies: Mapping[str, pulumi.Output[str]]
    """ARNs of the managed policies, by name."""
    kinds: Policies

    def places(self, known: Mapping[str, Any]) -> state_access.Places:
        return state_access.Places(
            bucket_arn=known["bucket"],
            staging_key=known["staging"],
            prod_key=known["prod"],
            region=self.answers.region,
            production=self.answers.production,
        )

    def about(self, known: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "account_id": self.account,
            "region": self.answers.region,
            "bucket_arn": known["bucket"],
            "key_arns": [known["staging"], known["prod"]],
            "provider_arns": list(known["providers"].values()),
        }

    def guard(self, level: str) -> Statements:
        kept = guard.not_production(self.account, self.answers.production) if level != "prod" else []
        return self.facts.apply(lambda known: [*guard.denials(**self.about(known)), *kept])

    def states(self, level: str, *, write: bool) -> Statements:
        access = state_access.production if level == "prod" else state_access.others
        return self.facts.apply(lambda known: access(self.places(known), write=write))


def declare(answers: Answers, account: str, policies: Policies) -> Outputs:
    """Declare everything for an account; returns what its users need to know."""
    provider = aws.Provider(
        "aws",
        region=answers.region,
        allowed_account_ids=[account],
        default_tags={
            "tags": {
                "project": pulumi.get_project(),
                "stack": pulumi.get_stack(),
                "owner": answers.owner,
                "managed-by": "pulumi",
            }
        },
    )
    opts = pulumi.ResourceOptions(providers=[provider])
    plain = pulumi.ResourceOptions(provider=provider)
    staging = SecretsKey("staging", SecretsKeyArgs(level="staging", account_id=account), opts)
    prod = SecretsKey("prod", SecretsKeyArgs(level="prod", account_id=account, barred=_BARRED), opts)
    bucket = StateBucket("state", StateBucketArgs(bucket_name=answers.bucket_name(account), key_arn=staging.arn), opts)
    providers = identity_providers(answers, plain)
    facts = pulumi.Output.all(bucket=bucket.arn, staging=staging.arn, prod=prod.arn, providers=providers)
    documents = {**policies.preview, **policies.deploy, "socle-boundary": policies.boundary}
    arns = {
        name: aws.iam.Policy(name, name=name, path=POLICY_PATH, policy=text, opts=plain).arn
        for name, text in documents.items()
    }
    ground = _Ground(answers, account, opts, facts, arns, policies)
    roles = {role.name: _ci_role(ground, role, providers) for role in CI_ROLES} if providers else {}
    return {
        "bucket": bucket.bucket_name,
        "keys": {"staging": staging.arn, "prod": prod.arn},
        "roles": {name: role.arn for name, role in {**roles, **_people(ground)}.items()},
    }


def _ci_role(ground: _Ground, role: CiRole, providers: Mapping[str, pulumi.Output[str]]) -> GuardedRole:
    known = pulumi.Output.all(**providers)
    return GuardedRole(
        role.name,
        GuardedRoleArgs(
            role_name=f"socle-{role.name}",
            description=role.description,
            trust=known.apply(lambda arns: trust(role, ground.answers, arns)),
            policy_arns={name: ground.policies[name] for name in ground.kinds.of(role.kind)},
            statements={
                "states": ground.states(role.level, write=role.kind == "deploy"),
                "guard": ground.guard(role.level),
            },
            boundary_arn=ground.policies["socle-boundary"],
        ),
        ground.opts,
    )


def _people(ground: _Ground) -> dict[str, GuardedRole]:
    """Roles of people, for those that somebody may take."""
    wanted = ground.answers.people
    arns = {name: ground.policies[name] for name in ground.kinds.of("deploy")}
    made: dict[str, GuardedRole] = {}
    if wanted.developers:
        args = GuardedRoleArgs(
            role_name="socle-developer",
            description="People who may do what deployments of staging may",
            trust=people.people_trust(wanted.developers),
            policy_arns=arns,
            statements={
                "states": ground.states("staging", write=True),
                "guard": ground.guard("staging"),
                "bill": people.bill_statements(),
            },
            boundary_arn=ground.policies["socle-boundary"],
        )
        made["developer"] = GuardedRole("developer", args, ground.opts)
    if wanted.administrators:
        args = GuardedRoleArgs(
            role_name="socle-administrator",
            description="People who may deploy all stacks and repeat the bootstrap",
            trust=people.people_trust(wanted.administrators),
            policy_arns=arns,
            statements={
                "states": ground.facts.apply(lambda known: state_access.everything(ground.places(known))),
                "bootstrap": ground.facts.apply(lambda known: people.bootstrap_statements(**ground.about(known))),
                "bill": people.bill_statements(),
            },
        )
        made["administrator"] = GuardedRole("administrator", args, ground.opts)
    return made
