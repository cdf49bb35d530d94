"""What contradicts another section, what is merely unwise, and secrets that have to be encrypted."""

from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config

import settings
from components.workloads import f1_vote, users_api
from components.workloads.f1_vote import F1VoteArgs
from components.workloads.route import Route
from components.workloads.users_api import UsersApiArgs
from settings import SettingsError
from settings.stack_files import SECRET_PLACEHOLDER
from settings.workloads import OF_F1_VOTE, OF_USERS_API
from tests.components.logins import example_login
from tests.components.plain_cluster import PlainCluster
from tests.setting_examples import ON_CLUSTER, Edit, both, drop, good, problems, put, raw
from tests.stack_examples import of_file

DIGEST = "sha256:" + "0" * 64
CRON = 'expected a cron line of five fields in quotes such as "0 3 * * *" (every day at 3:00)'
REGISTRY = {"server": "registry.gitlab.com", "username": "deploy"}
BAD_VALUES: list[tuple[str, Any, str]] = [
    (
        "database.engine",
        "mysql",
        'socle:database.engine: expected one of "cloudnative-pg", "postgresql-ha", got "mysql"',
    ),
    (
        "backups.schedule",
        "every night",
        f'socle:backups.schedule: {CRON}, got "every night"',
    ),
    (
        "backups.schedule",
        "0 25 * * *",
        f'socle:backups.schedule: {CRON}, got "0 25 * * *"',
    ),
    (
        "database.backup.schedule",
        "0 0 3 * * *",
        f'socle:database.backup.schedule: {CRON}, got "0 0 3 * * *"',
    ),
    ("backups.schedule", "0 3 * * 7", f'socle:backups.schedule: {CRON}, got "0 3 * * 7"'),
    ("backups.schedule", "0 0 30 2 *", f'socle:backups.schedule: {CRON}, got "0 0 30 2 *"'),
    ("backups.schedule", "0 3 L * *", f'socle:backups.schedule: {CRON}, got "0 3 L * *"'),
    ("backups.schedule", "0 22-2 * * *", f'socle:backups.schedule: {CRON}, got "0 22-2 * * *"'),
    ("backups.schedule", "*/70 * * * *", f'socle:backups.schedule: {CRON}, got "*/70 * * * *"'),
    ("database.storage", "512Mi", 'socle:database.storage: expected a size such as 1Gi, got "512Mi"'),
    (
        "backups.namespaces",
        ["velero"],
        'socle:backups.namespaces: expected others than "velero", whose objects describe the backups themselves',
    ),
    (
        "users_api.environment",
        {"SECRET_KEY": "x"},
        'socle:users_api.environment: expected other variables than those that Socle sets itself, got "SECRET_KEY"',
    ),
    (
        "gitlab_runner.url",
        "https://GitLab.example.com",
        'socle:gitlab_runner.url: expected an address that begins with https://, got "https://GitLab.example.com"',
    ),
    (
        "ingress.controller",
        "nginx",
        "socle:ingress.load_balancer: expected network, because nginx takes TLS only for hosts that it has a "
        "certificate "
        'for, got "application"',
    ),
    ("database.instances", 0, "socle:database.instances: expected a whole number from 1 to 5, got 0"),
    ("database.storage", "1GB", 'socle:database.storage: expected a size such as 1Gi, got "1GB"'),
    (
        "certificates.email",
        "team",
        'socle:certificates.email: expected an e-mail address such as team@example.org, got "team"',
    ),
    (
        "users_api.image",
        "registry.example.org/team/api",
        "socle:users_api.image: expected an image with a tag other than latest, or a digest, such as "
        'registry.example.org/api:1.4.2, got "registry.example.org/team/api"',
    ),
    (
        "users_api.image",
        "registry.example.org:5000/team/api",
        "socle:users_api.image: expected an image with a tag other than latest, or a digest, such as "
        'registry.example.org/api:1.4.2, got "registry.example.org:5000/team/api"',
    ),
    (
        "web_frontend.image",
        "team/front:latest",
        "socle:web_frontend.image: expected an image with a tag other than latest, or a digest, such as "
        'registry.example.org/api:1.4.2, got "team/front:latest"',
    ),
    (
        "users_api.host",
        "api.example.com",
        'socle:users_api.host: expected a name inside socle:dns.zone "example.org", got "api.example.com"',
    ),
    (
        "vaultwarden.host",
        "api.example.org",
        'socle:vaultwarden.host: expected a name that socle:users_api.host does not have, got "api.example.org"',
    ),
    (
        "web_frontend.host",
        "www.example.org",
        'socle:web_frontend.host: expected a name that socle:site.domain does not have, got "www.example.org"',
    ),
    (
        "users_api.host",
        "api.eu.example.org",
        "socle:users_api.host: expected a name that socle:ingress.certificate_domains covers, because TLS ends at the "
        'application load balancer, got "api.eu.example.org"',
    ),
    (
        "users_api.max_replicas",
        1,
        "socle:users_api.max_replicas: expected a whole number from min_replicas 2 to 50, got 1",
    ),
    ("users_api.port", 80, "socle:users_api.port: expected a whole number from 1024 to 65535, got 80"),
    (
        "monitoring.slack_channel",
        "alertes",
        'socle:monitoring.slack_channel: expected a Slack channel such as #alertes, in quotes, got "alertes"',
    ),
    (
        "monitoring.runbook_url",
        "http://wiki.example.org",
        'socle:monitoring.runbook_url: expected an address that begins with https://, got "http://wiki.example.org"',
    ),
    (
        "monitoring.emails",
        ["team@example.org"],
        "socle:monitoring.emails: expected none, because Datadog alerts slack_channel",
    ),
    (
        "monitoring.container_insights",
        True,
        "socle:monitoring.container_insights: expected false, because provider is datadog, got true",
    ),
    (
        "database.engine",
        "postgresql-ha",
        "socle:database.backup: expected none, because postgresql-ha has no backup of its own: socle:backups copies "
        "its volumes, or engine: cloudnative-pg",
    ),
]


@pytest.mark.parametrize(("path", "value", "sentence"), BAD_VALUES, ids=[f"{p}={v}" for p, v, _ in BAD_VALUES])
def test_a_wrong_value_of_an_addon_is_refused_in_one_sentence(path: str, value: Any, sentence: str) -> None:
    assert problems(put(path, value)) == (sentence,)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            drop("socle:certificates"),
            "socle:database.backup: expected socle:certificates to be set too, because the backup plugin talks to the "
            "operator with certificates of cert-manager",
        ),
        (
            both(drop("socle:database", "socle:users_api")),
            'socle:vaultwarden.database: expected "sqlite", because socle:database is not set, got "postgresql"',
        ),
        (
            both(drop("socle:database"), put("vaultwarden.database", "sqlite")),
            "socle:users_api: expected socle:database to be set too, because it builds on it",
        ),
        (
            both(
                drop("socle:certificates"),
                put("database.backup", None),
                put("ingress", {"load_balancer": "network"}),
                drop("socle:web_frontend", "socle:vaultwarden"),
            ),
            "socle:users_api.host: expected socle:certificates to be set too, because a network load balancer leaves "
            "TLS to the cluster",
        ),
        (
            put("ingress", {"load_balancer": "network", "controller": "nginx"}),
            'socle:certificates.challenge: expected "dns-01", because nginx serves one Ingress a host, got "http-01"',
        ),
        (
            put("monitoring", {"provider": "cloudwatch", "runbook_url": "https://x.example", "emails": []}),
            "socle:monitoring.emails: expected at least one address, because provider is cloudwatch, got []",
        ),
        (
            put("monitoring", {"provider": "cloudwatch", "runbook_url": "https://x.example", "logs": True}),
            "socle:monitoring.logs: expected false, because provider is cloudwatch, got true",
        ),
    ],
)
def test_a_part_without_its_ground_is_refused(edit: Edit, sentence: str) -> None:
    assert sentence in problems(edit)


@pytest.mark.parametrize("name", [key for key in ON_CLUSTER if key not in ("socle:users_api", "socle:web_frontend")])
def test_what_runs_on_a_cluster_needs_one(name: str) -> None:
    others = [key for key in ON_CLUSTER if key != name]
    found = problems(drop("socle:cluster", "socle:ingress", *others))
    assert any(sentence.startswith(f"{name}: expected socle:") for sentence in found)


@pytest.mark.parametrize(
    "image",
    [
        *("nginx:1.29", "team/api:v1", "localhost:5000/api:1", "registry.example.org:5000/a/b-c/d_e:1.0-rc.1"),
        *(f"api@{DIGEST}", f"registry.example.org/api:1.0@{DIGEST}"),
    ],
)
def test_an_image_has_a_tag_or_a_digest(image: str) -> None:
    values = good()
    put("users_api.image", image)(values)
    assert settings.parse(raw(values)).users_api


# Secrets


def test_a_secret_in_plain_text_is_refused_without_being_shown() -> None:
    assert problems(put("datadog_api_key", "0123456789abcdef")) == (
        'socle:datadog_api_key: expected an encrypted value, set it with "make secret STACK=... '
        'KEY=socle:datadog_api_key"',
    )


def test_a_runner_token_of_the_wrong_kind_is_refused_without_being_shown() -> None:
    key = "socle:gitlab_runner_token"
    with pytest.raises(SettingsError) as refused:
        settings.parse(raw(good()) | {key: "GR1348941hunter2"}, {key})
    assert refused.value.problems == (f"{key}: expected a token of GitLab that begins with glrt-, got a secret value",)


def test_an_encrypted_secret_is_taken_and_hidden_from_whoever_prints_it() -> None:
    parsed = settings.parse(raw(good()) | {"socle:datadog_api_key": "hunter2"}, {"socle:datadog_api_key"})
    assert parsed.datadog_api_key
    assert parsed.datadog_api_key.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(parsed)


def test_a_stack_without_its_secrets_is_told_which_command_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "get_stack", lambda: "staging")
    values = raw(good())
    for key in ("socle:datadog_api_key", "socle:datadog_app_key", "socle:gitlab_runner_token"):
        del values[key]
    config.set_all_config(values)
    with pytest.raises(SettingsError) as refused:
        settings.load()
    assert refused.value.problems == (
        "socle:datadog_api_key: missing, needed by socle:monitoring.provider: datadog, "
        'set it with "make secret STACK=staging KEY=socle:datadog_api_key"',
        "socle:datadog_app_key: missing, needed by socle:monitoring.provider: datadog, "
        'set it with "make secret STACK=staging KEY=socle:datadog_app_key"',
        "socle:gitlab_runner_token: missing, needed by socle:gitlab_runner, "
        'set it with "make secret STACK=staging KEY=socle:gitlab_runner_token"',
    )


def test_a_stack_that_needs_no_secret_misses_none() -> None:
    values = good()
    put("monitoring", {"provider": "cloudwatch", "runbook_url": "https://x.example", "emails": ["a@b.example"]})(values)
    drop("socle:gitlab_runner", "socle:datadog_api_key")(values)
    assert settings.missing_secrets(settings.parse(raw(values | {"socle:registry": REGISTRY}))) == {
        "socle:registry_password": "socle:registry"
    }
    assert settings.missing_secrets(settings.parse(raw(values))) == {}


def test_a_secret_of_a_stack_file_counts_as_set() -> None:
    parsed = settings.parse(raw(good() | {"socle:datadog_api_key": SECRET_PLACEHOLDER}))
    assert settings.missing_secrets(parsed) == {}


# Advice


def advice(*edits: Edit) -> list[str]:
    values = good()
    both(*edits)(values)
    return settings.advice(settings.parse(raw(values)))


def test_good_settings_need_no_advice() -> None:
    assert advice() == []


@pytest.mark.parametrize(
    "key", ["ingress.replicas", "database.instances", "users_api.min_replicas", "web_frontend.replicas"]
)
def test_a_single_copy_is_warned_of_where_high_availability_is_asked_for(key: str) -> None:
    warning = f"socle:{key}: 1 stops with its machine, and socle:high_availability asks for 2 or more"
    assert advice(put(key, 1)) == [warning]
    assert advice(put(key, 1), put("high_availability", "false")) == []


def test_a_single_node_is_warned_of_where_high_availability_is_asked_for() -> None:
    assert advice(put("cluster.node_groups.main.min_size", 1)) == [
        "socle:cluster.node_groups: one node stops everything, and socle:high_availability asks for 2 or more"
    ]


@pytest.mark.parametrize(
    ("line", "is_rare"), [("0 3 * * *", False), ("0 */6 * * *", False), ("0 3 * * 1-5", True), ("0 3 1 * *", True)]
)
def test_backups_less_than_once_a_day_are_warned_of(line: str, is_rare: bool) -> None:
    warning = (
        f'socle:backups.schedule: "{line}" is less than once a day, and socle:high_availability asks for one a day'
    )
    assert advice(put("backups.schedule", line)) == [warning] * is_rare


def test_the_engine_that_nobody_mends_is_warned_of_everywhere() -> None:
    engine = both(
        put("database.engine", "postgresql-ha"),
        put("database.backup", None),
        put("backups.namespaces", ["database"]),
    )
    assert advice(engine, put("high_availability", "false")) == [
        "socle:database.engine: postgresql-ha runs images that were frozen in bitnamilegacy in August 2025, get no "
        "security updates and may vanish; cloudnative-pg is maintained"
    ]


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_the_stacks_of_the_team_need_no_advice(name: str) -> None:
    assert settings.advice(settings.parse(of_file(name))) == []


def test_a_database_that_nothing_copies_is_warned_of_everywhere() -> None:
    warning = (
        "socle:database: nothing copies it: set socle:database.backup, or add database to socle:backups.namespaces"
    )
    assert advice(put("database.backup", None)) == [warning]
    assert advice(put("database.backup", None), put("backups.namespaces", ["database"])) == []


def test_the_variables_that_nobody_may_set_are_those_that_the_components_set() -> None:
    route = Route(host="a.example.org", ingress_class="traefik")
    image: dict[str, Any] = {"cluster": PlainCluster(), "image": "a:1", "route": route}
    api = UsersApiArgs(**image, login=example_login(), admin_email="a@example.org")
    assert {*users_api.users_api_variables(api), *users_api.SECRETS} == OF_USERS_API
    vote = F1VoteArgs(**image)
    assert {*f1_vote.f1_vote_variables(vote), *f1_vote.SECRETS} == OF_F1_VOTE


def test_runbooks_of_the_stack_files_are_those_of_this_repository() -> None:
    monitoring = settings.parse(of_file("prod")).monitoring
    assert monitoring
    folder = monitoring.runbook_url.partition("/main/")[2]
    assert (Path(__file__).parents[1] / folder).is_dir()
