"""IAM: who may take a role, and what it may do."""

import re
from collections.abc import Iterator
from typing import Final

from policy.rules.model import Context, Resource, on
from policy.rules.statements import Statement, statements

ROLE: Final = "aws:iam/role:Role"
POLICIES: Final = ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy")
_GITHUB: Final = "token.actions.githubusercontent.com"
_ALL: Final = "*"
_TOO_MUCH: Final = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html and what security research names
# as ways to more permissions than one has.
_ESCALATION: Final = re.compile(
    r"iam:(?:\*|put\w*policy|attach\w*policy|create(?:policyversion|accesskey|loginprofile)|setdefaultpolicyversion"
    r"|updateassumerolepolicy|updateloginprofile|addusertogroup|delete\w*permissionsboundary"
    r"|put\w*permissionsboundary)\Z"
)
_PASS: Final = ("iam:passrole", "iam:*", "iam:pass*")
_PROVIDERS: Final = re.compile(r"oidc-provider/([\w.:/-]+)")


def _providers(each: Statement) -> Iterator[str]:
    """Identity providers that a statement lets people come from, without their scheme."""
    for kind, name in each.principals:
        found = _PROVIDERS.search(name)
        if kind == "Federated" and (found or _GITHUB in name or "gitlab" in name):
            yield found[1] if found else name


@on(ROLE)
def trust(role: Resource, _: Context) -> Iterator[str]:
    """Pipelines take a role from one project and branch only; nobody else from outside."""
    for each in statements(role, "assumeRolePolicy"):
        if each.public:
            yield "anybody may take it: a principal is *, without a condition"
        if any(operator.lower().startswith("forallvalues:") for operator in each.conditions):
            yield "its trust uses ForAllValues, which holds too when a token lacks the claim"
        for provider in _providers(each):
            yield from _claims(each, provider)


def _claims(each: Statement, provider: str) -> Iterator[str]:
    if not each.condition(f"{provider}:aud"):
        yield f"its trust of {provider} does not ask for an audience (aud)"
    subjects = each.condition(f"{provider}:sub")
    if not subjects:
        yield f"its trust of {provider} does not ask whose pipeline it is (sub)"
    for values in subjects.values():
        for value in values:
            if value in (_ALL, "repo:*", "project_path:*") or value.endswith(":pull_request"):
                yield f"its trust of {provider} takes the subject {value}"
    if provider == _GITHUB and not each.condition(f"{provider}:repository_id"):
        yield f"its trust of {provider} does not ask for repository_id, so that whoever takes the old name gets in"


@on(*POLICIES)
def everything(policy: Resource, _: Context) -> Iterator[str]:
    """No policy allows everything, nor everything of a service on every resource."""
    for each in statements(policy, "policy"):
        if not each.allows:
            continue
        if _ALL in each.actions or "*:*" in each.actions:
            yield "it allows every action"
        if each.inverted:
            yield "it allows all but what it names (NotAction or NotResource)"
        wide = sorted(action for action in each.actions if action.endswith(":*"))
        if wide and _ALL in each.resources:
            yield f"it allows {', '.join(wide)} on every resource"


@on("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment")
def attached(attachment: Resource, _: Context) -> Iterator[str]:
    """No role is given a policy of AWS that allows everything."""
    name = str(attachment.at("policyArn", default="")).rpartition("/")[2]
    if name in _TOO_MUCH:
        yield f"it attaches {name}"


@on(ROLE)
def managed(role: Resource, _: Context) -> Iterator[str]:
    """Likewise in the role's own list."""
    for arn in role.each("managedPolicyArns"):
        if str(arn).rpartition("/")[2] in _TOO_MUCH:
            yield f"it attaches {str(arn).rpartition('/')[2]}"


@on(*POLICIES)
def escalation(policy: Resource, _: Context) -> Iterator[str]:
    """No policy is a way to more permissions: roles are handed on to named services, and nobody edits their own."""
    for each in statements(policy, "policy"):
        if not each.allows:
            continue
        if any(action in _PASS for action in each.actions):
            if _ALL in each.resources:
                yield "iam:PassRole is allowed for every role"
            if not each.condition("iam:PassedToService"):
                yield "iam:PassRole is allowed to every service, for want of a condition on iam:PassedToService"
        risen = sorted({action for action in each.actions if _ESCALATION.match(action)})
        if risen and (_ALL in each.resources and not each.conditions):
            yield f"{', '.join(risen)} on every resource is a way to every permission"


@on("aws:iam/user:User", "aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile")
def user(user_: Resource, _: Context) -> Iterator[str]:
    """There are roles, and no users."""
    yield f"it is a {user_.type.rpartition(':')[2]}: its credentials do not end by themselves"


CHECKS: Final = {
    "IAM-01": (trust,),
    "IAM-02": (everything, attached, managed),
    "IAM-03": (escalation,),
    "IAM-04": (user,),
}
