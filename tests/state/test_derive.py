"""Copies of stack files: right by themselves, small, inside their zone, and nobody else's."""

import json
import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from settings import Settings
from settings.conflicts import hosts
from settings.stack_files import SECRET_PLACEHOLDER
from tests.setting_examples import good
from tests.stack_examples import Raw, alternatives, everything, of_file
from tools.stack_copies.derive import Copy, Origin, Wanted, derive, has_network, reserved
from tools.stack_copies.hosts import covers, own_host
from tools.stack_copies.names import LONGEST
from tools.stack_copies.refused import StackRefused
from tools.stack_copies.settings_of import claims_of, refuse_shared, settings_of

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ("staging", "prod", "f1-vote")
END = "2026-12-24T18:00:00Z"
SLOT = IPv4Network("10.64.0.0/16")
LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,14}[a-z0-9])?", fullmatch=True)


def text_of(raw: dict[str, Any]) -> str:
    """A stack file with these settings."""
    given = {key: value for key, value in raw.items() if not key.startswith("pulumi:") and value not in ("", "{}")}
    config = {key: {"secure": "v1:abc"} if value == SECRET_PLACEHOLDER else value for key, value in given.items()}
    return yaml.safe_dump({"config": config}, sort_keys=False)


def plain(raw: Raw) -> dict[str, Any]:
    return {key: json.loads(value) if value.startswith('{"') else value for key, value in raw.items()}


def examples() -> dict[str, str]:
    files = {stack: (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8") for stack in COMMITTED}
    return {**files, "everything": text_of(plain(everything())), "alternatives": text_of(plain(alternatives()))}


EXAMPLES = {**examples(), "good": text_of(good())}
by_example = pytest.mark.parametrize("name", sorted(EXAMPLES))


def copy_of(name: str, stack: str = "dev-x", text: str | None = None) -> Copy:
    origin = Origin(name, EXAMPLES[name] if text is None else text)
    return derive(origin, Wanted(stack, "ada", END, SLOT if has_network(origin) else None))


def settled(name: str, stack: str = "dev-x") -> Settings:
    """The settings of a copy, which have to be right."""
    return settings_of(copy_of(name, stack).text, stack, ROOT)


@hypothesis_settings(deadline=None, max_examples=30)
@given(name=st.sampled_from(sorted(EXAMPLES)), stack=LABELS)
def test_a_copy_of_any_stack_under_any_name_is_right_and_stays_in_its_zone(name: str, stack: str) -> None:
    found = settled(name, stack)
    assert (found.owner, found.expires) == ("ada", END)
    assert found.network is None or found.network.cidr == SLOT
    names = claims_of(stack, found).names
    zone = found.dns.zone if found.dns else ""
    assert {host for host in names if not host.endswith(f".{zone}")} == set()
    assert {host for host in names if stack not in host.split(".")} == set()
    if found.ingress and found.ingress.certificate_domains:
        for host in hosts(found).values():
            assert any(covers(each, host) for each in found.ingress.certificate_domains)


@by_example
def test_a_copy_is_in_no_ones_way(name: str) -> None:
    others = [claims_of(each, settings_of(EXAMPLES[each], each, ROOT)) for each in COMMITTED]
    refuse_shared(claims_of("dev-x", settled(name)), others)


@by_example
def test_a_copy_holds_nothing_back_when_it_is_destroyed(name: str) -> None:
    text = yaml.safe_dump(yaml.safe_load(copy_of(name).text))
    assert not re.search(r"protect: true|delete_contents: false|delete_snapshots: false", text)
    found = settled(name)
    held = [found.site, found.backups, found.database and found.database.backup]
    held += [found.network and found.network.flow_logs, found.site and found.site.logs]
    assert {type(each).__name__ for each in held if each and not each.delete_contents} == set()


@by_example
def test_a_copy_has_one_of_everything(name: str) -> None:
    found = settled(name)
    groups = found.cluster.node_groups.values() if found.cluster else ()
    assert all(group.size <= 1 and group.max_size <= 2 for group in groups)
    counts = {
        "ingress.replicas": found.ingress and found.ingress.replicas,
        "database.instances": found.database and found.database.instances,
        "users_api.min_replicas": found.users_api and found.users_api.min_replicas,
        "web_frontend.replicas": found.web_frontend and found.web_frontend.replicas,
        "f1_vote.min_replicas": found.f1_vote and found.f1_vote.min_replicas,
    }
    assert {key: count for key, count in counts.items() if count not in (None, 1)} == {}
    assert (found.monitoring, found.gitlab_runner, found.high_availability) == (None, None, False)
    assert not found.network or not found.network.egress.startswith("nat-gateway")


@by_example
def test_what_a_copy_tries_out_stays(name: str) -> None:
    found, origin = settled(name), settings_of(EXAMPLES[name], name, ROOT)
    for key in ("region", "account_id", "registry", "external_dns"):
        assert getattr(found, key) == getattr(origin, key)
    if found.cluster and origin.cluster:
        assert (found.cluster.kind, found.cluster.version) == (origin.cluster.kind, origin.cluster.version)
    if found.ingress and origin.ingress:
        assert found.ingress.load_balancer == origin.ingress.load_balancer
    if found.users_api and origin.users_api:
        assert found.users_api.image == origin.users_api.image


def test_every_line_that_did_not_have_to_change_stays_with_its_comments() -> None:
    before, after = EXAMPLES["staging"].splitlines(), copy_of("staging").text.splitlines()
    left_out = ("placeholder, like", "that production has not")
    comments = [line for line in before if line.lstrip().startswith("#") and not any(map(line.count, left_out))]
    assert [line for line in after if line.lstrip().startswith("#") and "make new" not in line] == comments
    assert after[0] == before[0]
    assert after[1].startswith("# dev-x, made from staging by `make new`")


def test_every_difference_is_told() -> None:
    told = {change.key: change for change in copy_of("prod").changes}
    assert str(told["socle:network.zones"]) == "socle:network.zones: 3 -> 2"
    assert str(told["socle:database.protect"]) == "socle:database.protect: true -> false (a copy goes away by itself)"
    assert str(told["socle:monitoring"]).startswith("socle:monitoring: left out (its alerts would wake the team")
    assert str(told["socle:expires"]) == f"socle:expires: not set -> {END}"


def test_what_the_engine_wrote_as_a_text_is_no_difference() -> None:
    text = EXAMPLES["staging"].replace("high_availability: false", 'high_availability: "false"')
    assert "socle:high_availability" not in {change.key for change in copy_of("staging", text=text).changes}
    text = text.replace('"false"', '"true"')
    assert "socle:high_availability" in {change.key for change in copy_of("staging", text=text).changes}


def test_secrets_are_named_and_their_ciphers_are_not_copied() -> None:
    secret = "  socle:{}:\n    secure: v1:abc\n"
    secrets = "".join(secret.format(key) for key in ("registry_password", "datadog_api_key", "gitlab_runner_token"))
    keys = "secretsprovider: awskms://alias/socle-prod?region=eu-west-3\nencryptedkey: abc\n"
    copy = copy_of("staging", text=EXAMPLES["staging"] + secrets + keys)
    # Those of sections that a copy does not get would only lie around.
    assert copy.secrets == ["socle:registry_password"]
    assert not re.search(r"secure|secretsprovider|encryptedkey|datadog", copy.text)


def test_ranges_that_the_origin_keeps_free_are_kept_free() -> None:
    assert reserved(Origin("good", EXAMPLES["good"])) == [IPv4Network("10.30.0.0/16")]
    assert not has_network(Origin("site", "config:\n  aws:region: eu-west-3\n"))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("api.staging.devu42.fr", "api.dev-x.devu42.fr"),
        ("api.devu42.fr", "api.dev-x.devu42.fr"),
        ("api.r53.devu42.fr", "api.dev-x.r53.devu42.fr"),
        ("staging.devu42.fr", "dev-x.devu42.fr"),
        ("devu42.fr", "dev-x.devu42.fr"),
        ("*.devu42.fr", "*.dev-x.devu42.fr"),
        ("*.staging.devu42.fr", "*.dev-x.devu42.fr"),
        ("api.staging-2.devu42.fr", "api.dev-x.staging-2.devu42.fr"),
    ],
)
def test_a_host_gets_the_name_of_the_copy(host: str, expected: str) -> None:
    assert own_host(host, source="staging", stack="dev-x", zone="devu42.fr") == expected


def test_a_host_that_loses_its_certificate_gets_one_of_its_own() -> None:
    text = EXAMPLES["everything"].replace("api.staging.devu42.fr", "staging.devu42.fr")
    copy = settings_of(copy_of("staging", text=text).text, "dev-x", ROOT)
    assert copy.ingress
    assert copy.ingress.certificate_domains == ("*.dev-x.devu42.fr", "dev-x.devu42.fr")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", r"config: expected a mapping of keys"),
        ("config:\n  socle:network: '{\"zones\": 2}'\n", r"socle:network: expected YAML, got JSON in one text"),
        (
            "config:\n  socle:users_api:\n    environment:\n      A:\n        secure: v1:abc\n",
            r"socle:users_api: expected no secret inside a section",
        ),
    ],
)
def test_a_file_that_cannot_be_copied_is_refused(text: str, reason: str) -> None:
    with pytest.raises(StackRefused, match=rf"^Pulumi\.staging\.yaml: {reason}"):
        copy_of("staging", text=text)


def test_the_longest_name_fits_into_what_aws_takes() -> None:
    naming = json.loads(of_file("prod")["pulumi:autonaming"])["providers"]["aws"]["pattern"]
    role = naming.replace("${project}", "socle").replace("${hex(6)}", "0" * 6).replace("${stack}", "x" * LONGEST)
    assert len(role.replace("${name}", "cluster-autoscaler-controller-role")) == 64
