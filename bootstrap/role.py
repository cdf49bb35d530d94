"""A role with the policies of its kind, its part of the states, and what keeps it in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam

# A first deployment with a cluster and a distribution can pass the hour that is AWS's default:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html
SESSION_SECONDS = 7200


@dataclass(frozen=True, kw_only=True)
class GuardedRoleArgs:
    """Inputs of `GuardedRole`."""

    role_name: str
    """Name of the role, which CloudTrail shows and pipelines ask for."""
    description: str
    """What the role is for, in one sentence."""
    trust: pulumi.Input[str]
    """Policy that says who may take the role, in JSON."""
    policy_arns: Mapping[str, pulumi.Input[str]]
    """ARNs of its managed policies, by the name of each."""
    statements: Mapping[str, pulumi.Input[Sequence[iam.Statement]]]
    """Statements of its own policies, by the name of each."""
    boundary_arn: pulumi.Input[str] | None = None
    """ARN of the policy that the role cannot exceed; none when omitted."""


class GuardedRole(pulumi.ComponentResource):
    """A role of the bootstrap. Costs nothing."""

    arn: pulumi.Output[str]
    """ARN of the role."""

    def __init__(self, name: str, args: GuardedRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle-bootstrap:index:GuardedRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.role_name,
            description=args.description,
            assume_role_policy=args.trust,
            max_session_duration=SESSION_SECONDS,
            permissions_boundary=args.boundary_arn,
            opts=child,
        )
        for policy, arn in args.policy_arns.items():
            aws.iam.RolePolicyAttachment(f"{name}-{policy}", role=role.name, policy_arn=arn, opts=child)
        for policy, statements in args.statements.items():
            text = pulumi.Output.from_input(statements).apply(lambda known: iam.document(*known))
            aws.iam.RolePolicy(f"{name}-{policy}", name=policy, role=role.name, policy=text, opts=child)
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
