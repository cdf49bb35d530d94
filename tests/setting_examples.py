"""Good settings to spoil, and the ways to spoil them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import settings
from settings import SettingsError
from settings.stack_files import SECRET_PLACEHOLDER

Edit = Callable[[dict[str, Any]], object]

ON_CLUSTER = tuple(
    f"socle:{name}"
    for name in (
        *("certificates", "external_dns", "autoscaling", "database", "backups", "monitoring"),
        *("users_api", "web_frontend", "vaultwarden", "gitlab_runner"),
    )
)
"""Sections of what runs on a cluster."""


def good() -> dict[str, Any]:
    """Settings that use every section; each test spoils one thing."""
    return {
        "aws:region": "eu-west-3",
        "socle:owner": "devu42",
        "socle:network": {
            "cidr": "10.20.0.0/16",
            "zones": 3,
            "egress": "nat-instance",
            "nat_instance_type": "t4g.nano",
            "flow_logs": {"retention_days": 14},
            "reserved_cidrs": ["10.30.0.0/16"],
        },
        "socle:cluster": {
            "kind": "eks",
            "version": "1.36",
            "allow_public_api": False,
            "api_cidrs": ["203.0.113.0/24"],
            "log_types": ["audit"],
            "log_retention_days": 30,
            "access": [
                {"principal_arn": "arn:aws:iam::123456789012:role/ci", "level": "edit", "namespaces": ["default"]}
            ],
            "node_groups": {
                "main": {
                    "architecture": "x86_64",
                    "capacity": "on-demand",
                    "instance_types": ["t3.large"],
                    "min_size": 2,
                    "max_size": 4,
                    "desired_size": 3,
                    "disk_gib": 20,
                    "labels": {"tier": "web"},
                }
            },
        },
        "socle:ingress": {
            "controller": "traefik",
            "replicas": 2,
            "load_balancer": "application",
            "allowed_cidrs": ["0.0.0.0/0"],
            "certificate_domains": ["*.example.org"],
        },
        "socle:dns": {"zone": "example.org", "create": False},
        "socle:site": {
            "domain": "www.example.org",
            "price_class": "PriceClass_100",
            "content_security_policy": "default-src 'self'",
            "hashed_paths": ["/assets/*"],
            "logs": {"retention_days": 30},
        },
        "socle:high_availability": "true",
        "socle:certificates": {
            "email": "team@example.org",
            "issuer": "letsencrypt-production",
            "challenge": "http-01",
        },
        "socle:external_dns": {"policy": "sync"},
        "socle:autoscaling": {"scale_down_after_minutes": 10},
        "socle:database": {
            "engine": "cloudnative-pg",
            "instances": 2,
            "storage": "1Gi",
            "backup": {"schedule": "0 2 * * *", "retention_days": 14, "delete_contents": False},
            "protect": True,
        },
        "socle:backups": {
            "schedule": "30 2 * * *",
            "retention_days": 14,
            "namespaces": ["users-api"],
            "delete_contents": False,
            "protect": True,
        },
        "socle:monitoring": {
            "provider": "datadog",
            "runbook_url": "https://git.example.org/infra/docs/runbooks",
            "slack_channel": "#alertes",
            "site": "datadoghq.eu",
            "logs": True,
            "apm": False,
        },
        "socle:users_api": {
            "image": "registry.example.org/team/api:1.4.2",
            "host": "api.example.org",
            "admin_email": "team@example.org",
            "min_replicas": 2,
            "max_replicas": 6,
            "port": 8000,
            "health_path": "/health",
            "migration_command": ["alembic", "upgrade", "head"],
            "environment": {"LOG_LEVEL": "info"},
        },
        "socle:web_frontend": {"image": "team/front@sha256:" + "a" * 64, "host": "app.example.org", "replicas": 2},
        "socle:vaultwarden": {"host": "vault.example.org", "database": "postgresql", "storage": "2Gi"},
        "socle:gitlab_runner": {"url": "https://gitlab.example.org", "concurrent": 4},
        "socle:datadog_api_key": SECRET_PLACEHOLDER,
        "socle:datadog_app_key": SECRET_PLACEHOLDER,
        "socle:gitlab_runner_token": SECRET_PLACEHOLDER,
    }


def raw(values: dict[str, Any]) -> dict[str, str]:
    """Values as Pulumi delivers them."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def problems(edit: Edit, *, secret_keys: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What `parse` says of good settings after an edit."""
    values = good()
    edit(values)
    with pytest.raises(SettingsError) as refused:
        settings.parse(raw(values), secret_keys)
    return refused.value.problems


def put(path: str, value: Any) -> Edit:
    """Edit that sets what is at a dotted path, such as `network.cidr` or `cluster.access.0.level`."""

    def edit(values: dict[str, Any]) -> None:
        first, *rest = path.split(".")
        steps: list[str | int] = [int(step) if step.isdigit() else step for step in rest]
        holder: Any = values
        key: str | int = first if ":" in first else f"socle:{first}"
        for step in steps:
            holder, key = holder[key], step
        holder[key] = value

    return edit


def drop(*keys: str) -> Edit:
    """Edit that removes top-level keys."""
    return lambda values: [values.pop(key) for key in keys]


def both(*edits: Edit) -> Edit:
    """Several edits as one."""
    return lambda values: [edit(values) for edit in edits]
