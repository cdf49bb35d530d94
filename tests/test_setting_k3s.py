"""What settings say of a cluster of K3s, of the F1 vote, and of plain HTTP."""

import copy
from typing import Any

import pytest

import settings
from tests.setting_examples import ON_CLUSTER, Edit, both, drop, good, problems, put, raw


def on_k3s(values: dict[str, Any]) -> None:
    """Change good settings to those of a K3s cluster behind a network load balancer."""
    values["socle:cluster"] |= {"kind": "k3s", "k3s": {"servers": 3, "server_type": "t3.small"}}
    values["socle:ingress"] = {"load_balancer": "network", "controller": "traefik"}
    values["socle:f1_vote"] = {"image": "ghcr.io/devu42/f1-vote:3f9c2d1", "host": "vote.example.org"}


def refused(*edits: Edit) -> tuple[str, ...]:
    return problems(both(on_k3s, *edits))


def test_good_settings_of_k3s_take_the_safe_default_for_the_rest() -> None:
    values = copy.deepcopy(good())
    on_k3s(values)
    parsed = settings.parse(raw(values))
    assert parsed.cluster
    k3s = parsed.cluster.k3s
    assert (k3s.bastion.access, k3s.bastion.ssh_cidrs, k3s.ubuntu, k3s.delete_snapshots) == ("ssm", (), "24.04", False)


BAD: list[tuple[str, Any, str]] = [
    (
        "cluster.k3s.servers",
        2,
        "socle:cluster.k3s.servers: expected 1 or 3, because two stop as soon as either of them does, got 2",
    ),
    ("cluster.k3s.servers", 5, "socle:cluster.k3s.servers: expected 1 or 3, got 5"),
    (
        "cluster.k3s.ubuntu",
        "ami-0123456789abcdef0",
        'socle:cluster.k3s.ubuntu: expected one of "24.04", "22.04", got "ami-0123456789abcdef0"',
    ),
    (
        "cluster.version",
        "1.35",
        'socle:cluster.version: expected "1.36", for which a release of k3s is pinned, got "1.35"',
    ),
    (
        "cluster.k3s.server_type",
        "t4g.small",
        "socle:cluster.node_groups.main.architecture: expected arm64, because k3s.server_type t4g.small is arm64, got "
        '"x86_64"',
    ),
    (
        "cluster.k3s.bastion",
        {"access": "ssh"},
        "socle:cluster.k3s.bastion.ssh_cidrs: expected at least one range, because access is ssh, got []",
    ),
    (
        "cluster.k3s.bastion",
        {"access": "ssh", "ssh_cidrs": ["0.0.0.0/0"]},
        "socle:cluster.k3s.bastion.ssh_cidrs: expected ranges of /8 or narrower unless allow_public_ssh is true, "
        "because"
        ' strangers could try to log in, got "0.0.0.0/0"',
    ),
    (
        "cluster.k3s.bastion",
        {"access": "ssm", "ssh_cidrs": ["203.0.113.0/24"]},
        "socle:cluster.k3s.bastion.ssh_cidrs: expected none, because access is ssm, which opens no port",
    ),
    ("f1_vote.image", "ghcr.io/devu42/f1-vote", "an image with a tag other than latest"),
    (
        "f1_vote.host",
        None,
        "socle:f1_vote.host: missing, expected a name, unless socle:ingress.allow_plain_http is true",
    ),
    ("f1_vote.max_replicas", 1, "socle:f1_vote.max_replicas: expected a whole number from min_replicas 2 to 50, got 1"),
    (
        "network.zones",
        2,
        "socle:cluster.k3s.servers: expected 1, because three servers want socle:network.zones to be 3, and it "
        "is 2, got"
        " 3",
    ),
]


@pytest.mark.parametrize(("path", "value", "sentence"), BAD, ids=[f"{path}={value}" for path, value, _ in BAD])
def test_a_wrong_value_is_refused_in_one_sentence(path: str, value: Any, sentence: str) -> None:
    (said,) = refused(put(path, value))
    assert sentence in said


def test_the_whole_internet_may_open_ssh_only_when_said_aloud() -> None:
    values = copy.deepcopy(good())
    on_k3s(values)
    bastion = {"access": "ssh", "ssh_cidrs": ["0.0.0.0/0"], "allow_public_ssh": True}
    put("cluster.k3s.bastion", bastion)(values)
    assert settings.parse(raw(values)).cluster


def test_agents_are_needed_by_what_runs_beside_the_servers() -> None:
    none = both(put("cluster.node_groups.main.min_size", 0), put("cluster.node_groups.main.desired_size", None))
    assert refused(none) == (
        "socle:cluster.node_groups: expected one machine at least, because socle:f1_vote runs beside the "
        "servers, got 0",
    )


def test_the_api_of_k3s_needs_a_network_load_balancer_to_be_public() -> None:
    edit = both(drop("socle:ingress", *ON_CLUSTER), drop("socle:f1_vote"))
    assert refused(edit) == (
        "socle:cluster.api_cidrs: expected [], because without a network load balancer in socle:ingress nothing "
        "carries "
        "the API of k3s to the internet, and `make up` opens a tunnel through the bastion",
    )


def test_container_insights_are_of_eks() -> None:
    monitoring = {
        "provider": "cloudwatch",
        "runbook_url": "https://x.example",
        "emails": ["a@b.example"],
        "container_insights": True,
    }
    assert refused(put("monitoring", monitoring)) == (
        "socle:monitoring.container_insights: expected false, because socle:cluster.kind is k3s, got true",
    )


def test_a_password_for_a_path_is_asked_by_traefik_alone() -> None:
    assert refused(put("ingress.controller", "nginx"), put("certificates.challenge", "dns-01")) == (
        'socle:f1_vote.admin: expected "application", because of the controllers only traefik asks for a password on a '
        'part of a host, got "password"',
    )


def test_a_single_server_is_warned_of_where_high_availability_is_asked_for() -> None:
    values = copy.deepcopy(good())
    on_k3s(values)
    put("cluster.k3s.servers", 1)(values)
    assert settings.advice(settings.parse(raw(values))) == [
        "socle:cluster.k3s.servers: 1 stops the control plane with it, and socle:high_availability asks for 3"
    ]


# Plain HTTP


def plain(**ingress: Any) -> Edit:
    return put("ingress", {"load_balancer": "application", "allow_plain_http": True, **ingress})


def test_plain_http_is_served_only_when_said_aloud() -> None:
    values = copy.deepcopy(good())
    plain()(values)
    parsed = settings.parse(raw(values)).ingress
    assert parsed
    assert (parsed.certificate_domains, parsed.idle_timeout_seconds) == ((), 60)
    assert problems(put("ingress", {"load_balancer": "application"})) == (
        "socle:ingress.certificate_domains: expected at least one domain name, because load_balancer is "
        "application, got"
        " []",
    )


def test_plain_http_has_no_certificate_and_no_network_load_balancer() -> None:
    assert problems(plain(certificate_domains=["*.example.org"])) == (
        "socle:ingress.certificate_domains: expected none, because allow_plain_http is true",
    )
    assert problems(plain(load_balancer="network")) == (
        "socle:ingress.allow_plain_http: expected false, because a network load balancer leaves TLS to the ingress "
        "controller, got true",
    )


def test_the_application_itself_is_asked_for_its_health_where_it_serves_any_name() -> None:
    values = copy.deepcopy(good())
    both(plain(health_path="/"), drop(*ON_CLUSTER), put("f1_vote", {"image": "ghcr.io/devu42/f1-vote:3f9c2d1"}))(values)
    ingress = settings.parse(raw(values)).ingress
    assert ingress
    assert ingress.health_path == "/"
    put("f1_vote.host", "vote.example.org")(values)
    with pytest.raises(settings.SettingsError, match=r"socle:ingress.health_path: expected none, because the load"):
        settings.parse(raw(values))
