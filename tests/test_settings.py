"""What settings accept, and the sentence that refuses each mistake."""

from ipaddress import IPv4Network
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import config

import settings
from settings import SettingsError
from settings.kinds import architecture_of
from tests.setting_examples import ON_CLUSTER, both, drop, good, problems, put, raw
from tools import settings_table

ROOT = Path(__file__).parents[1]
STACK_FILES = sorted(ROOT.glob("Pulumi.*.yaml"))
# What is accepted


def test_good_settings_become_typed_values() -> None:
    parsed = settings.parse(raw(good()))
    assert (parsed.region, parsed.owner) == ("eu-west-3", "devu42")
    assert parsed.network and parsed.cluster and parsed.ingress and parsed.dns and parsed.site
    assert parsed.network.cidr == IPv4Network("10.20.0.0/16")
    assert parsed.network.reserved_cidrs == (IPv4Network("10.30.0.0/16"),)
    assert parsed.cluster.node_groups["main"].instance_types == ("t3.large",)
    assert parsed.cluster.access[0].namespaces == ("default",)
    assert parsed.ingress.certificate_domains == ("*.example.org",)
    assert parsed.dns.zone == "example.org"
    assert parsed.site.domain == "www.example.org"


def test_what_is_omitted_takes_the_safe_default() -> None:
    parsed = settings.parse(
        raw(
            {
                "aws:region": "eu-west-3",
                "socle:owner": "devu42",
                "socle:network": {"cidr": "10.20.0.0/16", "zones": 2, "egress": "nat-gateway"},
                "socle:cluster": {
                    "kind": "eks",
                    "api_cidrs": [],
                    "node_groups": {
                        "main": {
                            "architecture": "arm64",
                            "capacity": "spot",
                            "instance_types": ["t4g.large", "m6g.large"],
                            "min_size": 2,
                            "max_size": 2,
                        }
                    },
                },
                "socle:ingress": {"load_balancer": "network"},
            }
        )
    )
    assert parsed.network and parsed.cluster and parsed.ingress
    assert (parsed.network.nat_instance_type, parsed.network.flow_logs) == ("t4g.nano", None)
    assert (parsed.cluster.version, parsed.cluster.allow_public_api, parsed.cluster.access) == ("1.36", False, ())
    assert (parsed.cluster.log_types, parsed.cluster.log_retention_days) == (("audit", "authenticator"), 30)
    group = parsed.cluster.node_groups["main"]
    assert (group.desired_size, group.disk_gib, group.labels) == (None, 20, {})
    assert (parsed.ingress.controller, parsed.ingress.replicas) == ("traefik", 2)
    assert parsed.ingress.allowed_cidrs == (IPv4Network("0.0.0.0/0"),)


@pytest.mark.parametrize("absent", ["", "{}", "null", None])
def test_a_site_needs_no_other_section(absent: str | None) -> None:
    values = {"aws:region": "eu-west-3", "socle:owner": "me", "socle:site": '{"price_class": "PriceClass_100"}'}
    if absent is not None:
        values |= {"socle:network": absent, "socle:cluster": absent, "socle:ingress": absent, "socle:dns": absent}
    parsed = settings.parse(values)
    assert parsed.site
    assert (parsed.network, parsed.cluster, parsed.ingress, parsed.dns) == (None, None, None, None)


def test_an_owner_that_looks_like_a_number_stays_a_text() -> None:
    assert settings.parse(raw(good()) | {"socle:owner": "42"}).owner == "42"


def test_settings_never_change_once_read() -> None:
    parsed = settings.parse(raw(good()))
    with pytest.raises(ValueError, match="frozen"):
        parsed.owner = "someone-else"  # pyright: ignore[reportAttributeAccessIssue] - refusing this is the test


def test_load_reads_the_configuration_of_the_running_program() -> None:
    values = raw(good()) | {"pulumi:disable-default-providers": '["aws"]'}
    config.set_all_config(values)
    try:
        assert settings.load() == settings.parse(values)
    finally:
        config.set_all_config({})


def test_load_hides_the_values_that_pulumi_marks_secret() -> None:
    config.set_all_config(raw(good()) | {"socle:owner": "hunter2 hunter2"}, ["socle:owner"])
    try:
        with pytest.raises(SettingsError) as refused:
            settings.load()
    finally:
        config.set_all_config({}, [])
    assert refused.value.problems == (
        "socle:owner: expected a name of 1 to 64 letters, digits or . _ @ -, got a secret value",
    )


# What is refused


def test_a_node_group_name_that_aws_would_not_take_is_refused() -> None:
    edit = put("cluster.node_groups.Web Nodes", good()["socle:cluster"]["node_groups"]["main"])
    assert problems(edit) == (
        "socle:cluster.node_groups: expected a name of at most 20 lower-case letters, digits and inner hyphens such as "
        'main, got "Web Nodes"',
    )


def test_a_missing_region_says_what_to_type() -> None:
    assert problems(drop("aws:region")) == (
        "aws:region: missing, expected an AWS region such as eu-west-3, "
        'set it with "pulumi config set aws:region eu-west-3"',
    )


def test_a_missing_owner_says_what_to_type() -> None:
    assert problems(put("owner", "")) == (
        "socle:owner: missing, expected a name of 1 to 64 letters, digits or . _ @ -, "
        'set it with "pulumi config set socle:owner my-team"',
    )


def test_a_missing_key_says_what_it_takes() -> None:
    assert problems(lambda values: values["socle:network"].pop("zones")) == (
        "socle:network.zones: missing, expected a whole number from 1 to 3",
    )


def test_a_cluster_needs_a_network() -> None:
    assert problems(drop("socle:network")) == (
        "socle:cluster: expected socle:network to be set too, because it builds on it",
    )


def test_an_ingress_needs_a_cluster() -> None:
    assert problems(drop("socle:cluster", *ON_CLUSTER)) == (
        "socle:ingress: expected socle:cluster to be set too, because it builds on it",
    )


def test_names_need_a_zone() -> None:
    assert problems(drop("socle:dns", *ON_CLUSTER)) == (
        "socle:ingress.certificate_domains[0]: expected socle:dns to be set too, because its records are made in that "
        "zone",
        "socle:site.domain: expected socle:dns to be set too, because its records are made in that zone",
    )


def test_a_broken_section_is_not_taken_for_an_absent_one() -> None:
    edit = both(put("network.zones", "two"), put("dns.zone", "no zone"))
    assert problems(edit) == (
        'socle:network.zones: expected a whole number from 1 to 3, got "two"',
        'socle:dns.zone: expected a domain name such as example.org, got "no zone"',
    )


def test_a_network_alone_may_have_one_zone_and_no_egress() -> None:
    values = good()
    drop("socle:cluster", "socle:ingress", *ON_CLUSTER)(values)
    values["socle:network"] |= {"zones": 1, "egress": "none", "cidr": "172.20.0.0/16"}
    assert settings.parse(raw(values)).network


def test_the_whole_internet_may_reach_the_api_only_when_said_aloud() -> None:
    values = good()
    both(put("cluster.api_cidrs", ["0.0.0.0/0"]), put("cluster.allow_public_api", True))(values)
    cluster = settings.parse(raw(values)).cluster
    assert cluster
    assert cluster.api_cidrs == (IPv4Network("0.0.0.0/0"),)


def test_a_secret_value_never_shows() -> None:
    edits = {
        "owner": "hunter 2",
        "network.zones": "hunter 2",
        "network.reserved_cidrs": ["10.20.128.0/20"],
    }
    for path, value in edits.items():
        (sentence,) = problems(put(path, value), secret_keys=("socle:owner", "socle:network"))
        assert sentence.endswith("got a secret value"), sentence
        assert "hunter" not in sentence
        assert "10.20.128" not in sentence


def test_a_long_value_is_shortened() -> None:
    (sentence,) = problems(put("dns.zone", "x y" * 1000))
    assert len(sentence) < 200
    assert sentence.endswith("…")


def test_pulumi_prints_refused_settings_without_a_traceback() -> None:
    assert issubclass(SettingsError, pulumi.RunError)
    error = SettingsError(["one", "two"])
    assert (str(error), error.problems) == ("one\ntwo", ("one", "two"))


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        ("t3.large", "x86_64"),
        ("t3a.large", "x86_64"),
        ("m7i-flex.large", "x86_64"),
        ("g4dn.xlarge", "x86_64"),
        ("p5en.48xlarge", "x86_64"),
        ("t4g.nano", "arm64"),
        ("m7gd.xlarge", "arm64"),
        ("c6gn.medium", "arm64"),
        ("is4gen.large", "arm64"),
        ("g5g.xlarge", "arm64"),
        ("a1.large", "arm64"),
        ("m8g.metal-24xl", "arm64"),
    ],
)
def test_the_name_of_an_instance_type_tells_its_processor(instance_type: str, architecture: str) -> None:
    assert architecture_of(instance_type) == architecture


# The stacks of this repository


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
def test_every_stack_file_is_accepted(path: Path) -> None:
    assert settings.parse(settings.read_stack_file(path)).owner


def test_no_two_stacks_share_addresses() -> None:
    assert settings.overlapping_stacks(STACK_FILES) == []


def test_stacks_that_share_addresses_are_named(tmp_path: Path) -> None:
    for name, cidr in (("one", "10.20.0.0/16"), ("two", "10.20.64.0/18"), ("three", "10.21.0.0/16")):
        body = (
            f"{{aws:region: eu-west-3, 'socle:owner': me, 'socle:network': {{cidr: {cidr}, zones: 1, egress: none}}}}"
        )
        (tmp_path / f"Pulumi.{name}.yaml").write_text(f"config: {body}".replace("aws:region", "'aws:region'"))
    (tmp_path / "Pulumi.site.yaml").write_text("config:\n  aws:region: eu-west-3\n  socle:owner: me\n")
    assert settings.overlapping_stacks(tmp_path.glob("Pulumi.*.yaml")) == [
        "Pulumi.two.yaml: socle:network.cidr: expected a range that does not overlap 10.20.0.0/16 of Pulumi.one.yaml, "
        'got "10.20.64.0/18"'
    ]


def test_the_table_has_a_meaning_and_a_default_for_every_key() -> None:
    rows = [line.split(" | ") for line in settings_table.table().splitlines()[2:]]
    keys = {row[0].removeprefix("| ") for row in rows}
    assert {"`aws:region`", "`socle:network.zones`", "`socle:cluster.access[].level`"} <= keys
    assert "`socle:cluster.node_groups.<name>.min_size`" in keys
    assert all(len(row) == 4 and row[1] and len(row[3]) > len(" |") for row in rows)
    zones = next(row for row in rows if row[0] == "| `socle:network.zones`")
    assert zones[1:3] == ["a whole number from 1 to 3", "required"]
