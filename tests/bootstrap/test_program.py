"""What the bootstrap declares, with the exact inputs of what matters."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bootstrap.adoption import adopting, wanted
from bootstrap.answers import Answers, GitHub, GitLab, People
from bootstrap.composition import declare as declare_bootstrap
from bootstrap.keys import key_policy
from bootstrap.policies import Policies, read_policies
from tests.bootstrap.iam_rules import like
from tests.bootstrap.test_state_access import ROLES as STATE_ACCESS
from tests.conftest import Declare, Plan

ACCOUNT = "111122223333"
ADA, DEV = f"arn:aws:iam::{ACCOUNT}:user/ada", f"arn:aws:iam::{ACCOUNT}:role/dev"
GITHUB = GitHub(repository="devu42/infrastructure", repository_id="42", owner_id="7")
GITLAB = GitLab(project_path="devu42/infrastructure")
POLICIES = Policies({"socle-preview-1": "{}"}, {"socle-deploy-1": "{}", "socle-deploy-2": "{}"}, "{}")
CI = {"preview-role", "preview-prod-role", "deploy-staging-role", "deploy-prod-role"}
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
INLINE_LIMIT = 10_240
TRUST_LIMIT = 2048


def _answers(**changes: Any) -> Answers:
    people = People(administrators=(ADA,), developers=(DEV,))
    full = Answers(region="eu-west-3", owner="devu42", github=GITHUB, gitlab=GITLAB, people=people)
    return full.model_copy(update=changes)


def _plan(declare: Declare, answers: Answers | None = None, policies: Policies = POLICIES) -> Plan:
    def arn(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"arn": f"arn:aws:iam::{ACCOUNT}:policy/{inputs['name']}"}

    return declare(
        lambda: declare_bootstrap(answers or _answers(), ACCOUNT, policies), outputs={"aws:iam/policy:Policy": arn}
    )


def test_the_bucket_is_named_versioned_sealed_private_and_kept(declare: Declare) -> None:
    plan = _plan(declare)
    assert plan.one("aws:s3/bucket:Bucket") == {"bucket": f"socle-state-{ACCOUNT}"}
    versioning = plan.one("aws:s3/bucketVersioning:BucketVersioning")
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    [encryption] = plan.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")[
        "rules"
    ]
    assert encryption == {
        "applyServerSideEncryptionByDefault": {
            "kmsMasterKeyId": "arn:aws:mock:::staging-key",
            "sseAlgorithm": "aws:kms",
        },
        "bucketKeyEnabled": True,
    }
    access = plan.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    closed = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert {key: access[key] for key in closed} == dict.fromkeys(closed, True)
    ownership = plan.one("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    [policy] = json.loads(plan.one("aws:s3/bucketPolicy:BucketPolicy")["policy"])["Statement"]
    assert policy["Effect"] == "Deny"
    assert policy["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_old_versions_go_when_they_are_both_old_and_many(declare: Declare) -> None:
    [rule] = _plan(declare).one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"]
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 90, "newerNoncurrentVersions": 20}
    assert rule["expiration"] == {"expiredObjectDeleteMarker": True}
    assert rule["status"] == "Enabled"


def test_each_level_has_a_key_with_its_alias_and_production_bars_the_code_of_branches(declare: Declare) -> None:
    plan = _plan(declare)
    keys = plan.of("aws:kms/key:Key")
    assert keys.keys() == {"staging-key", "prod-key"}
    for inputs in keys.values():
        assert (inputs["enableKeyRotation"], inputs["deletionWindowInDays"]) == (True, 30)
    assert {alias["name"] for alias in plan.of("aws:kms/alias:Alias").values()} == {
        "alias/socle-staging",
        "alias/socle-prod",
    }
    assert {inputs["tags"]["Name"] for inputs in keys.values()} == {"socle-staging", "socle-prod"}
    assert len(json.loads(keys["staging-key"]["policy"])["Statement"]) == 1
    decides, barred = json.loads(keys["prod-key"]["policy"])["Statement"]
    assert decides["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert (barred["Effect"], barred["Principal"]) == ("Deny", {"AWS": "*"})
    assert barred["Condition"] == {
        "ArnEquals": {
            "aws:PrincipalArn": [
                f"arn:aws:iam::{ACCOUNT}:role/{role}"
                for role in ("socle-preview", "socle-deploy-staging", "socle-developer")
            ]
        }
    }
    assert "kms:Decrypt" in barred["Action"]


def test_a_key_without_barred_roles_denies_nobody() -> None:
    [statement] = json.loads(key_policy(ACCOUNT, ()))["Statement"]
    assert statement["Effect"] == "Allow"


def test_roles_have_names_for_cloudtrail_two_hours_and_a_boundary(declare: Declare) -> None:
    roles = _plan(declare).of(ROLE)
    assert roles.keys() == CI | {"administrator-role", "developer-role"}
    for logical, inputs in roles.items():
        assert inputs["name"] == f"socle-{logical.removesuffix('-role')}"
        assert inputs["maxSessionDuration"] == 7200
        bounded = f"arn:aws:iam::{ACCOUNT}:policy/socle-boundary" if logical != "administrator-role" else None
        assert inputs.get("permissionsBoundary") == bounded


def test_roles_get_the_policies_of_their_kind(declare: Declare) -> None:
    plan = _plan(declare)
    attached: dict[str, set[str]] = {}
    for inputs in plan.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment").values():
        attached.setdefault(inputs["role"], set()).add(inputs["policyArn"].rpartition("/")[2])
    deploy, preview = {"socle-deploy-1", "socle-deploy-2"}, {"socle-preview-1"}
    assert attached == {
        "socle-preview": preview,
        "socle-preview-prod": preview,
        "socle-deploy-staging": deploy,
        "socle-deploy-prod": deploy,
        "socle-developer": deploy,
        "socle-administrator": deploy,
    }
    paths = {inputs["path"] for inputs in plan.of("aws:iam/policy:Policy").values()}
    assert paths == {"/socle-bootstrap/"}


def _inline(plan: Plan) -> dict[str, dict[str, Sequence[Mapping[str, Any]]]]:
    found: dict[str, dict[str, Sequence[Mapping[str, Any]]]] = {}
    for inputs in plan.of(ROLE_POLICY).values():
        found.setdefault(inputs["role"], {})[inputs["name"]] = json.loads(inputs["policy"])["Statement"]
    return found


def test_all_but_administrators_are_guarded_and_developers_have_the_states_of_staging(declare: Declare) -> None:
    inline = _inline(_plan(declare))
    assert {role: set(policies) for role, policies in inline.items() if role != "socle-administrator"} == {
        f"socle-{role}": {"states", "guard"} for role in ("preview", "preview-prod", "deploy-staging", "deploy-prod")
    } | {"socle-developer": {"states", "guard", "bill"}}
    assert inline["socle-administrator"].keys() == {"states", "bootstrap", "bill"}
    of_developers = {name: each for name, each in inline["socle-developer"].items() if name != "bill"}
    assert of_developers == inline["socle-deploy-staging"]


def test_people_may_ask_for_the_bill_and_pipelines_may_not(declare: Declare) -> None:
    asking = {
        role
        for role, policies in _inline(_plan(declare, policies=read_policies())).items()
        if any("ce:GetCostAndUsage" in each["Action"] for statements in policies.values() for each in statements)
    }
    assert asking == {"socle-developer", "socle-administrator"}
    policies = read_policies()
    assert not any(
        "ce:GetCostAndUsage" in each for kind in ("preview", "deploy") for each in policies.of(kind).values()
    )


def test_nobody_may_do_everything(declare: Declare) -> None:
    plan = _plan(declare, policies=read_policies())
    documents = [
        inputs["policy"] for inputs in (*plan.of("aws:iam/policy:Policy").values(), *plan.of(ROLE_POLICY).values())
    ]
    for document in documents:
        for statement in json.loads(document)["Statement"]:
            if statement["Effect"] == "Allow":
                assert not {"*", "*:*"} & {*statement["Action"]}
                assert "*" not in statement["Resource"] or not any(a.endswith(":*") for a in statement["Action"])


def test_everything_fits_into_what_aws_takes(declare: Declare) -> None:
    plan = _plan(declare, policies=read_policies())
    sizes: dict[str, int] = {}
    for inputs in plan.of(ROLE_POLICY).values():
        text = json.dumps(json.loads(inputs["policy"]), separators=(",", ":"))
        sizes[inputs["role"]] = sizes.get(inputs["role"], 0) + len(text)
    assert max(sizes.values()) < INLINE_LIMIT
    assert max(len(inputs["assumeRolePolicy"]) for inputs in plan.of(ROLE).values()) < TRUST_LIMIT


def test_the_boundary_leaves_what_the_states_need() -> None:
    allowed = [each for each in json.loads(read_policies().boundary)["Statement"] if each["Effect"] == "Allow"]
    needed = {
        (action, resource)
        for statements in STATE_ACCESS.values()
        for each in statements
        if each["Effect"] == "Allow"
        for action in each["Action"]
        for resource in each["Resource"]
    }
    for action, resource in needed:
        assert any(
            any(like(pattern.lower(), action.lower()) for pattern in each["Action"])
            and any(like(pattern, resource) for pattern in each["Resource"])
            for each in allowed
        ), (action, resource)


@pytest.mark.parametrize(
    ("changes", "providers", "roles"),
    [
        ({"github": None}, {"gitlab-provider"}, CI),
        ({"gitlab": None}, {"github-provider"}, CI),
        ({"github": None, "gitlab": None}, set[str](), set[str]()),
    ],
)
def test_only_what_is_configured_is_made(
    declare: Declare, changes: dict[str, Any], providers: set[str], roles: set[str]
) -> None:
    plan = _plan(declare, _answers(**changes, people=People()))
    assert plan.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider").keys() == providers
    assert plan.of(ROLE).keys() == roles


def test_providers_have_their_address_and_audience(declare: Declare) -> None:
    found = _plan(declare).of("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert {(each["url"], *each["clientIdLists"]) for each in found.values()} == {
        ("https://token.actions.githubusercontent.com", "sts.amazonaws.com"),
        ("https://gitlab.com", "https://gitlab.com"),
    }


def test_everything_is_on_the_provider_that_tags_and_knows_the_account(declare: Declare) -> None:
    plan = _plan(declare)
    provider = plan.one("pulumi:providers:aws")
    assert json.loads(provider["allowedAccountIds"]) == [ACCOUNT]
    assert json.loads(provider["defaultTags"])["tags"]["owner"] == "devu42"
    stray = [each.name for each in plan.resources if each.type.startswith("aws:") and "::aws::" not in each.provider]
    assert stray == []


def test_what_exists_is_imported_as_it_is_and_nothing_else(declare: Declare) -> None:
    import pulumi  # noqa: PLC0415 (its transformations are of this run alone)

    seen: dict[str, tuple[str | None, Any]] = {}

    def note(args: pulumi.ResourceTransformationArgs) -> None:
        seen[args.name] = (args.opts.import_, args.opts.ignore_changes)

    def program() -> None:
        transform = adopting({"aws:s3/bucket:Bucket state-bucket": "the-bucket"})
        pulumi.runtime.register_stack_transformation(transform)
        pulumi.runtime.register_stack_transformation(note)
        declare_bootstrap(_answers(), ACCOUNT, POLICIES)

    declare(program)
    assert seen["state-bucket"] == ("the-bucket", ["*"])
    assert {name for name, (id_, _) in seen.items() if id_} == {"state-bucket"}


def test_most_runs_import_nothing() -> None:
    assert wanted({}) == wanted({"SOCLE_ADOPT": ""}) == {}
    assert wanted({"SOCLE_ADOPT": '{"a b": "c"}'}) == {"a b": "c"}


def test_only_the_roles_of_other_stacks_are_kept_from_production(declare: Declare) -> None:
    inline = _inline(_plan(declare))
    kept = {
        role
        for role, policies in inline.items()
        if any(each.get("Sid") == "NotProductionByTag" for each in policies.get("guard", ()))
    }
    assert kept == {"socle-preview", "socle-deploy-staging", "socle-developer"}
