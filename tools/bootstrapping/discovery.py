"""What of the bootstrap exists in AWS already, by the ids with which the engine imports it."""

from collections.abc import Collection, Iterator
from typing import Any, cast

from botocore.exceptions import ClientError

from bootstrap.ci_roles import CI_ROLES
from bootstrap.identity_providers import audiences
from bootstrap.names import LEVELS, POLICY_PATH, PROJECT, Level, alias_of
from tools.bootstrapping.means import BootstrapRefused, Team
from tools.sentences import FAILED

_GONE = ("NotFoundException", "NoSuchEntity", "NoSuchEntityException")
_DYING = "PendingDeletion"


def existing(team: Team, in_state: Collection[str], *, bucket_exists: bool, again: str) -> dict[str, str]:
    """Ids of what exists and the state does not have, by type and logical name.

    Raises `BootstrapRefused` when something has to be put right by hand first.
    """
    found: dict[str, str] = {}
    if bucket_exists:
        found["aws:s3/bucket:Bucket state-bucket"] = team.backend.bucket
    for level in LEVELS:
        if not {f"aws:kms/key:Key {level}-key", f"aws:kms/alias:Alias {level}-alias"} <= {*in_state}:
            found |= _key(team, level, again)
    found |= _providers(team, again)
    found |= {name: id_ for name, id_ in (*_roles(team, in_state), *_policies(team, in_state)) if name not in in_state}
    return {name: id_ for name, id_ in found.items() if name not in in_state}


def _key(team: Team, level: Level, again: str) -> dict[str, str]:
    """The key of a level, by its alias; one whose bootstrap was killed before the alias, by its tags."""
    kms, alias = team.client("kms"), alias_of(level)
    key, has_alias = _described(kms, alias), True
    if key is None:
        key, has_alias = _tagged(team, kms, alias.removeprefix("alias/")), False
    if key is None:
        return {}
    if key["KeyState"] == _DYING:
        raise BootstrapRefused(
            f"{alias}: its key {key['KeyId']} is to be deleted on {key.get('DeletionDate', 'a day soon')}, and with it "
            f"all secrets that it seals: `aws kms cancel-key-deletion --key-id {key['KeyId']}` and `aws kms enable-key "
            f"--key-id {key['KeyId']}` keep it, `aws kms delete-alias --alias-name {alias}` gives it up, "
            f"then `{again}`",
            FAILED,
        )
    found = {f"aws:kms/key:Key {level}-key": str(key["KeyId"])}
    return {**found, **({f"aws:kms/alias:Alias {level}-alias": alias} if has_alias else {})}


def _described(kms: Any, key: str) -> dict[str, Any] | None:
    answer = _asked(kms.describe_key, KeyId=key)
    return answer["KeyMetadata"] if answer else None


def _tagged(team: Team, kms: Any, name: str) -> dict[str, Any] | None:
    wanted = {"project": PROJECT, "Name": name}
    filters = [{"Key": key, "Values": [value]} for key, value in wanted.items()]
    pages = team.client("resourcegroupstaggingapi").get_paginator("get_resources")
    for page in pages.paginate(ResourceTypeFilters=["kms:key"], TagFilters=filters):
        for each in page["ResourceTagMappingList"]:
            key = _described(kms, str(each["ResourceARN"]))
            # One that is to be deleted, without an alias, is what `make bootstrap-destroy` has left.
            if key and key["KeyState"] != _DYING:
                return key
    return None


def _providers(team: Team, again: str) -> dict[str, str]:
    iam, found = team.client("iam"), dict[str, str]()
    arns = [str(each["Arn"]) for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    for forge, (host, audience) in audiences(team.answers).items():
        arn = next((each for each in arns if each.partition(":oidc-provider/")[2] == host), None)
        if arn is None:
            continue
        known = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
        if audience not in known:
            raise BootstrapRefused(
                f"{host}: the account has an identity provider of this name for others ({', '.join(known)}): `aws iam "
                f"add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {arn} "
                f"--client-id {audience}` lets it serve Socle too, then `{again}`",
                FAILED,
            )
        found[f"aws:iam/openIdConnectProvider:OpenIdConnectProvider {forge}-provider"] = arn
    return found


def _roles(team: Team, in_state: Collection[str]) -> Iterator[tuple[str, str]]:
    iam = team.client("iam")
    ours = [role.name for role in CI_ROLES] if audiences(team.answers) else []
    people = team.answers.people
    ours += [name for name, who in (("developer", people.developers), ("administrator", people.administrators)) if who]
    for name in ours:
        logical = f"aws:iam/role:Role {name}-role"
        if logical not in in_state and _asked(iam.get_role, RoleName=f"socle-{name}"):
            yield logical, f"socle-{name}"


def _policies(team: Team, in_state: Collection[str]) -> Iterator[tuple[str, str]]:
    iam = team.client("iam")
    for name in team.policies.names:
        logical, arn = f"aws:iam/policy:Policy {name}", f"arn:aws:iam::{team.account}:policy{POLICY_PATH}{name}"
        if logical not in in_state and _asked(iam.get_policy, PolicyArn=arn):
            yield logical, arn


def _asked(call: Any, **arguments: Any) -> dict[str, Any] | None:
    """An answer of AWS; None when it does not know the thing."""
    try:
        return call(**arguments)
    except ClientError as error:
        if cast(dict[str, Any], error.response).get("Error", {}).get("Code") in _GONE:
            return None
        raise
