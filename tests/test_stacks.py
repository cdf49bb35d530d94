"""What holds for every stack: those that have a file, and one that uses every option."""

import json
import re

import pytest
import yaml

from tests import stack_examples
from tests.conftest import Declare
from tests.stack_examples import EXAMPLES, ROOT, Declared
from tools.drills.target import target_of
from tools.stack_copies.names import LONGEST

EXPORTS = {
    "cluster": {"cluster", "kubeconfig", "to_use_the_cluster"},
    "ingress": {"load_balancer"},
    "site": {"site_url", "bucket", "distribution", "to_publish_the_site"},
    "backups": {"backup_bucket", "drill"},
    "users_api": {"api_url", "api_admin_password"},
    "f1_vote": {"f1_vote_url", "f1_vote_admin_password"},
    "web_frontend": {"frontend_url"},
    "vaultwarden": {"vaultwarden_url", "vaultwarden_admin_token"},
}
"""What the user of each section needs next."""

BUCKET = "aws:s3/bucket:Bucket"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"

# Of names that autonaming gives. Where there is no link, the schema that AWS publishes for the type says it.
NAME_LIMITS = {
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    "aws:lb/loadBalancer:LoadBalancer": 32,
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    "aws:lb/targetGroup:TargetGroup": 32,
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    BUCKET: 63,
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    "aws:iam/role:Role": 64,
    "aws:iam/instanceProfile:InstanceProfile": 128,
    "aws:iam/rolePolicy:RolePolicy": 128,
    # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateFunction.html
    "aws:cloudfront/function:Function": 64,
    "aws:cloudfront/originAccessControl:OriginAccessControl": 64,
    "aws:cloudfront/cachePolicy:CachePolicy": 128,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": 128,
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
    LAUNCH_TEMPLATE: 128,
    SECURITY_GROUP: 255,
    "aws:autoscaling/group:Group": 255,
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": 60,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": 60,
}


@pytest.fixture(params=EXAMPLES)
def made(request: pytest.FixtureRequest, declare: Declare) -> Declared:
    return stack_examples.example(declare, request.param)


def tags(made: Declared) -> dict[str, str]:
    """What says whose everything is; the mock engine calls every stack `test`."""
    return {"project": "socle", "stack": "test", "owner": made.settings.owner, "managed-by": "pulumi"}


# Where things belong


def test_every_resource_is_made_by_an_explicit_provider(made: Declared) -> None:
    packages = ("aws", "kubernetes")
    orphans = {r.name for r in made.plan.resources if r.type.split(":")[0] in packages and not r.provider}
    assert orphans == set()


def test_everything_of_aws_is_made_by_the_provider_with_the_default_tags(made: Declared) -> None:
    provider = made.plan.one("pulumi:providers:aws")
    assert json.loads(provider["defaultTags"]) == {"tags": tags(made)}
    aws = [r for r in made.plan.resources if r.type.startswith("aws:")]
    strays = {r.name for r in aws if not r.provider.endswith("pulumi:providers:aws::aws::aws-id")}
    assert strays == set()


def test_everything_but_providers_stands_below_a_component(made: Declared) -> None:
    parents = {
        (urn.split("::", 2)[2].rpartition("::")[0].rpartition("$")[2], urn.rpartition("::")[2]): urn.rpartition("$")[0]
        for urn in made.plan.urns
        if "$" in urn
    }
    loose = {
        resource.name
        for resource in made.plan.resources
        if "::socle:index:" not in parents[resource.type, resource.name]
        and not resource.type.startswith(("socle:index:", "pulumi:providers:"))
    }
    assert loose == set()


def test_machines_disks_and_interfaces_are_born_with_the_tags_of_the_stack(made: Declared) -> None:
    templates = made.plan.of(LAUNCH_TEMPLATE)
    for inputs in templates.values():
        born = {each["resourceType"]: each["tags"] for each in inputs["tagSpecifications"]}
        assert born.keys() == {"instance", "volume", "network-interface"}
        assert all(each.items() >= tags(made).items() for each in born.values())
    for inputs in made.plan.of("aws:autoscaling/group:Group").values():
        assert {each["key"]: each["value"] for each in inputs["tags"]}.items() >= tags(made).items()
    for inputs in made.plan.of("eks:index:Addon").values():
        if inputs["addonName"] == "aws-ebs-csi-driver":
            assert inputs["configurationValues"]["controller"]["extraVolumeTags"] == tags(made)


@pytest.mark.parametrize("type_", sorted(NAME_LIMITS))
def test_names_that_pulumi_makes_fit_the_limits_of_aws(type_: str, made: Declared) -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    naming = project["config"]["pulumi:autonaming"]["value"]["providers"]["aws"]
    pattern: str = naming["resources"].get(type_, naming)["pattern"]
    pattern = pattern.replace("${project}", project["name"]).replace("${stack}", "x" * LONGEST)
    pattern = re.sub(r"\$\{hex\((\d+)\)}", lambda length: "f" * int(length[1]), pattern)
    assert pattern.count("$") == 1
    names = {pattern.replace("${name}", name) for name in made.plan.of(type_)}
    assert {name for name in names if len(name) > NAME_LIMITS[type_]} == set()


# What the user gets


def test_exports_hold_what_the_user_of_each_section_needs_next(made: Declared) -> None:
    wanted = {name for section, names in EXPORTS.items() if getattr(made.settings, section) for name in names}
    assert {name for name in wanted if not made.outputs.get(name)} == set()


def test_a_drill_reads_what_the_stack_says_about_its_backups(made: Declared) -> None:
    if not (made.settings.backups and made.settings.database):
        assert "drill" not in made.outputs
        return
    target = target_of("test", made.outputs)
    assert target.namespaces == made.settings.backups.namespaces
    assert target.database
    assert target.database.engine == made.settings.database.engine
    assert target.database.logins[0].database == "users"


def test_what_lets_somebody_in_is_exported_as_a_secret_and_nothing_else(made: Declared) -> None:
    opening = {"kubeconfig", "machines", "api_admin_password", "vaultwarden_admin_token", "f1_vote_admin_password"}
    assert made.secrets == opening & made.outputs.keys()
