"""The sentence that refuses each mistake, and plain sentences whatever is typed."""

import copy
import json
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import settings
from settings import SettingsError
from tests.setting_examples import good, problems, put, raw

WORDS: list[tuple[str, Any, str]] = [
    ("aws:region", "paris", 'aws:region: expected an AWS region such as eu-west-3, got "paris"'),
    ("owner", "the team", 'socle:owner: expected a name of 1 to 64 letters, digits or . _ @ -, got "the team"'),
    ("network", "10.0.0.0/16", 'socle:network: expected a mapping with cidr, zones and egress, got "10.0.0.0/16"'),
    ("network.zones", "two", 'socle:network.zones: expected a whole number from 1 to 3, got "two"'),
    ("network.zones", 4, "socle:network.zones: expected a whole number from 1 to 3, got 4"),
    ("network.zones", True, "socle:network.zones: expected a whole number from 1 to 3, got true"),
    ("network.zones", 2.5, "socle:network.zones: expected a whole number from 1 to 3, got 2.5"),
    ("network.zones", None, "socle:network.zones: expected a whole number from 1 to 3, got null"),
    (
        "network.cidr",
        "8.8.0.0/16",
        'socle:network.cidr: expected a private IPv4 range from /16 to /20 such as 10.20.0.0/16, got "8.8.0.0/16"',
    ),
    (
        "network.cidr",
        "10.20.0.1/16",
        'socle:network.cidr: expected a private IPv4 range from /16 to /20 such as 10.20.0.0/16, got "10.20.0.1/16"',
    ),
    (
        "network.cidr",
        "10.20.0.0/24",
        'socle:network.cidr: expected a private IPv4 range from /16 to /20 such as 10.20.0.0/16, got "10.20.0.0/24"',
    ),
    (
        "network.cidr",
        "10.0.0.0/8",
        'socle:network.cidr: expected a private IPv4 range from /16 to /20 such as 10.20.0.0/16, got "10.0.0.0/8"',
    ),
    (
        "network.egress",
        "nat",
        'socle:network.egress: expected one of "nat-gateway", "nat-gateway-per-zone", "nat-instance", "none", '
        'got "nat"',
    ),
    (
        "network.nat_instance_type",
        "t3.nano",
        'socle:network.nat_instance_type: expected an arm64 instance type such as t4g.nano, got "t3.nano"',
    ),
    (
        "network.reserved_cidrs",
        ["10.20.128.0/20"],
        'socle:network.reserved_cidrs: expected ranges that do not overlap cidr "10.20.0.0/16", got "10.20.128.0/20"',
    ),
    (
        "network.reserved_cidrs",
        ["10.99.0.1"],
        'socle:network.reserved_cidrs[0]: expected an IPv4 range such as 198.51.100.0/24, got "10.99.0.1"',
    ),
    (
        "network.cidr",
        "172.20.0.0/16",
        "socle:network.cidr: expected a range that does not overlap 172.20.0.0/16, where Kubernetes services live, got "
        '"172.20.0.0/16"',
    ),
    ("network.zones", 1, "socle:network.zones: expected a whole number from 2 to 3, as EKS asks, got 1"),
    (
        "network.egress",
        "none",
        "socle:network.egress: expected nat-instance, nat-gateway or nat-gateway-per-zone, because the nodes of "
        'socle:cluster are private and fetch their images from the internet, got "none"',
    ),
    (
        "network.flow_logs",
        {"retention_days": 0},
        "socle:network.flow_logs.retention_days: expected a whole number from 1 to 3650, got 0",
    ),
    ("cluster.kind", "k8s", 'socle:cluster.kind: expected one of "eks", "k3s", got "k8s"'),
    ("cluster.version", "1.34", 'socle:cluster.version: expected "1.36" or "1.35", in quotes, got "1.34"'),
    ("cluster.version", 1.36, 'socle:cluster.version: expected "1.36" or "1.35", in quotes, got 1.36'),
    (
        "cluster.api_cidrs",
        ["0.0.0.0/0"],
        "socle:cluster.api_cidrs: expected ranges of /8 or narrower unless allow_public_api is true, because strangers "
        'could try to log in, got "0.0.0.0/0"',
    ),
    (
        "cluster.api_cidrs",
        ["192.168.1.0/24"],
        "socle:cluster.api_cidrs: expected public ranges, because the endpoint sees callers from the internet, got "
        '"192.168.1.0/24"',
    ),
    (
        "cluster.api_cidrs",
        "203.0.113.0/24",
        "socle:cluster.api_cidrs: expected a list of items, each an IPv4 range such as 198.51.100.0/24, got "
        '"203.0.113.0/24"',
    ),
    ("cluster.allow_public_api", "yes", 'socle:cluster.allow_public_api: expected true or false, got "yes"'),
    (
        "cluster.log_types",
        ["audits"],
        'socle:cluster.log_types[0]: expected one of "api", "audit", "authenticator", "controllerManager", '
        '"scheduler", got "audits"',
    ),
    (
        "cluster.log_retention_days",
        31,
        "socle:cluster.log_retention_days: expected one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, "
        "731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 31",
    ),
    (
        "cluster.access.0.principal_arn",
        "alice",
        "socle:cluster.access[0].principal_arn: expected the ARN of an IAM role or user such as "
        'arn:aws:iam::123456789012:role/admin, got "alice"',
    ),
    (
        "cluster.access.0.level",
        "root",
        'socle:cluster.access[0].level: expected one of "admin", "edit", "view", got "root"',
    ),
    (
        "cluster.access.0.namespaces",
        ["Kube System"],
        'socle:cluster.access[0].namespaces[0]: expected a Kubernetes namespace such as default, got "Kube System"',
    ),
    (
        "cluster.access",
        [
            {"principal_arn": "arn:aws:iam::123456789012:role/ci", "level": "edit"},
            {"principal_arn": "arn:aws:iam::123456789012:user/robots/ci", "level": "view"},
        ],
        'socle:cluster.access: expected principals of different names, got "ci" twice',
    ),
    (
        "cluster.node_groups",
        {},
        "socle:cluster.node_groups: expected a mapping of one or more keys, each a name of at most 20 lower-case "
        "letters, digits and inner hyphens such as main, to a mapping with architecture, capacity, instance_types, "
        "min_size and max_size, got {}",
    ),
    (
        "cluster.node_groups.main.instance_types",
        ["t4g.large"],
        "socle:cluster.node_groups.main.instance_types: expected x86_64 instance types, as architecture says, got "
        '"t4g.large"',
    ),
    (
        "cluster.node_groups.main.instance_types",
        ["large"],
        'socle:cluster.node_groups.main.instance_types[0]: expected an instance type such as t3.large, got "large"',
    ),
    (
        "cluster.node_groups.main.instance_types",
        [],
        "socle:cluster.node_groups.main.instance_types: expected a list of one or more items, each an instance type "
        "such as t3.large, got []",
    ),
    (
        "cluster.node_groups.main.capacity",
        "spot",
        "socle:cluster.node_groups.main.instance_types: expected at least two instance types, because capacity is "
        'spot, got only "t3.large"',
    ),
    (
        "cluster.node_groups.main.min_size",
        5,
        "socle:cluster.node_groups.main.max_size: expected a whole number from min_size 5 to 100, got 4",
    ),
    (
        "cluster.node_groups.main.desired_size",
        5,
        "socle:cluster.node_groups.main.desired_size: expected a whole number from min_size 2 to max_size 4, got 5",
    ),
    (
        "cluster.node_groups.main.labels",
        {"tier": 1},
        "socle:cluster.node_groups.main.labels.tier: expected at most 63 letters, digits and inner hyphens, "
        "underscores and periods, got 1",
    ),
    (
        "cluster.node_groups.main.labels",
        {"bad key!": "web"},
        "socle:cluster.node_groups.main.labels: expected a Kubernetes label such as tier or example.org/tier, "
        'got "bad key!"',
    ),
    (
        "ingress.controller",
        "haproxy",
        'socle:ingress.controller: expected one of "traefik", "nginx", got "haproxy"',
    ),
    (
        "ingress.controller",
        "nginx",
        "socle:ingress.load_balancer: expected network, because nginx takes TLS only for hosts that it has a "
        'certificate for, got "application"',
    ),
    (
        "ingress.allowed_cidrs",
        ["198.51.100.0/24", "198.51.100.0/24"],
        'socle:ingress.allowed_cidrs: expected each item once, got "198.51.100.0/24" twice',
    ),
    (
        "ingress.allowed_cidrs",
        [],
        "socle:ingress.allowed_cidrs: expected a list of one or more items, each an IPv4 range such as "
        "198.51.100.0/24, got []",
    ),
    (
        "ingress.certificate_domains",
        [],
        "socle:ingress.certificate_domains: expected at least one domain name, because load_balancer is application, "
        "got []",
    ),
    (
        "ingress.load_balancer",
        "network",
        "socle:ingress.certificate_domains: expected none, because a network load balancer leaves TLS to the ingress "
        "controller",
    ),
    (
        "ingress.certificate_domains",
        ["*.example.com"],
        "socle:ingress.certificate_domains[0]: expected a name inside socle:dns.zone "
        '"example.org", got "*.example.com"',
    ),
    ("dns.zone", "example org", 'socle:dns.zone: expected a domain name such as example.org, got "example org"'),
    ("dns.zone", "10.0.0.1", 'socle:dns.zone: expected a domain name such as example.org, got "10.0.0.1"'),
    ("dns.create", 1, "socle:dns.create: expected true or false, got 1"),
    (
        "site.domain",
        "www.example.com",
        'socle:site.domain: expected a name inside socle:dns.zone "example.org", got "www.example.com"',
    ),
    (
        "site.domain",
        "notexample.org",
        'socle:site.domain: expected a name inside socle:dns.zone "example.org", got "notexample.org"',
    ),
    (
        "site.price_class",
        "cheap",
        'socle:site.price_class: expected one of "PriceClass_100", "PriceClass_200", "PriceClass_All", got "cheap"',
    ),
    (
        "site.content_security_policy",
        "two\nlines",
        "socle:site.content_security_policy: expected one line such as default-src 'self', got "
        r'"two\nlines"',
    ),
    (
        "site.hashed_paths",
        ["assets"],
        'socle:site.hashed_paths[0]: expected a path pattern such as /assets/*, got "assets"',
    ),
    # Unknown keys
    ("network.zone", 2, 'socle:network.zone: unknown key, did you mean "zones"?'),
    ("dns.ttl", 2, 'socle:dns.ttl: unknown key, expected one of "zone", "create"'),
    ("dns.a b", 2, 'socle:dns["a b"]: unknown key, expected one of "zone", "create"'),
    (
        "cluster.node_groups.main.min_siz",
        2,
        'socle:cluster.node_groups.main.min_siz: unknown key, did you mean "min_size"?',
    ),
    ("netwrok", {}, 'socle:netwrok: unknown key, did you mean "socle:network"?'),
    ("aws:regoin", "eu-west-3", 'aws:regoin: unknown key, did you mean "aws:region"?'),
    ("aws:profile", "me", 'aws:profile: unknown key, expected one of "aws:region"'),
    ("sockle:owner", "me", 'sockle:owner: unknown key, did you mean "socle:owner"?'),
]


@pytest.mark.parametrize(("path", "value", "sentence"), WORDS, ids=[f"{path}={value}" for path, value, _ in WORDS])
def test_a_wrong_value_is_refused_in_one_sentence(path: str, value: Any, sentence: str) -> None:
    # Names outside the zone, or without certificate, are told of every host.
    assert sentence in problems(put(path, value))
    assert len(problems(put(path, value))) == 1 or path == "ingress.certificate_domains"


# Whatever is typed


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a nested value."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items += cast(dict[str, Any], value).items()
    elif isinstance(value, list):
        items += enumerate(cast(list[Any], value))
    return [path] * bool(path) + [place for key, item in items for place in places(item, (*path, key))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("[key]"), inner, max_size=3),
    max_leaves=5,
)
JARGON = (
    "pydantic",
    "validation error",
    "Input should",
    "Traceback",
    "\n",
    "\r",
    "type=",
    "int_type",
    "string_type",
)


@pytest.mark.parametrize("place", places(good()), ids=lambda place: ".".join(map(str, place)))
@hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=JSON, extra=st.dictionaries(st.text(), JSON, max_size=1))
def test_whatever_is_typed_gets_plain_sentences_that_begin_with_a_key(
    place: tuple[str | int, ...], data: Any, extra: dict[str, Any]
) -> None:
    values: Any = copy.deepcopy(good())
    holder = values
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = {**data, **extra} if isinstance(data, dict) else data
    try:
        settings.parse(raw(values))
    except SettingsError as error:
        typed = json.dumps(data, ensure_ascii=False) + json.dumps(extra, ensure_ascii=False)
        for sentence in error.problems:
            key, _, said = sentence.partition(": ")
            assert key.startswith(("socle:", "aws:region"))
            assert said.startswith(("expected ", "unknown key, ", "missing, expected "))
            assert not [word for word in JARGON if word in sentence and word not in typed]
            assert not said.endswith(".") or "got" in said


@given(values=st.dictionaries(st.text() | st.sampled_from(list(good())), st.text()))
def test_any_map_of_texts_is_parsed_or_refused_in_sentences(values: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.parse(values)
    assert all("\n" not in sentence for sentence in refused.value.problems)
