"""Good settings to spoil, and the ways to spoil them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import settings
from settings import SettingsError

Edit = Callable[[dict[str, Any]], object]


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
