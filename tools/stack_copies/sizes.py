"""What is smaller in a copy: one of everything, on the cheapest way to the internet, and nothing that outlives it.

The kind of the cluster, its version, the load balancer and the applications stay: they are what a copy tries out.
"""

from typing import Final

from settings import Cluster, Ingress
from settings.addons import Database
from settings.kinds import Section
from settings.workloads import F1Vote, UsersApi, WebFrontend
from tools.stack_copies.draft import Draft

ZONES: Final = 2
"""The fewest that a cluster takes: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html."""
DAYS: Final = 1
"""How long a copy keeps backups of data that nobody needs."""
LOG_DAYS: Final = 3
"""How long CloudWatch keeps the control plane's logs, one of the numbers that it takes."""
DISK_GIB: Final = 20
"""The smallest disk of a machine that settings take."""
LEFT_OUT: Final = {
    "monitoring": "its alerts would wake the team, and Datadog bills by the node",
    "gitlab_runner": "the team's pipelines would run on it",
    "sleep": "it goes away by itself, and whatever takes it down needs its machines",
}
"""Sections that a copy does not get, with the reason."""
_SECRETS_OF: Final = {"monitoring": ("datadog_api_key", "datadog_app_key"), "gitlab_runner": ("gitlab_runner_token",)}
# What refuses to be deleted while it holds something.
_HOLD: Final = (
    ("network", "flow_logs"),
    ("site",),
    ("site", "logs"),
    ("database", "backup"),
    ("backups",),
)
_APPLICATIONS: Final[dict[str, type[Section]]] = {"users_api": UsersApi, "f1_vote": F1Vote}
_VOLUMES: Final = ("database", "f1_vote", "vaultwarden")
_TWO_TYPES: Final = 2


def shrink(draft: Draft) -> None:
    """Make a copy small and easy to take down; every rule notes what it changed."""
    for section, why in LEFT_OUT.items():
        draft.remove(section, why=why)
        for secret in _SECRETS_OF.get(section, ()):
            draft.document.remove("config", f"socle:{secret}")
    # The engine writes it as a text once it has written the file.
    if str(draft.get("high_availability")).lower() == "true":
        draft.put(False, "high_availability")
    _network(draft)
    _cluster(draft)
    _applications(draft)
    _data(draft)


def _network(draft: Draft) -> None:
    draft.lower(ZONES, "network", "zones")
    if str(draft.get("network", "egress")).startswith("nat-gateway"):
        draft.put("nat-instance", "network", "egress", why="about 7 USD a month, where a gateway costs 37")
    if draft.has("network", "nat_instance_type"):
        draft.put("t4g.nano", "network", "nat_instance_type")
    draft.lower(1, "ingress", "replicas", default=_default(Ingress, "replicas"))


def _cluster(draft: Draft) -> None:
    draft.lower(LOG_DAYS, "cluster", "log_retention_days", default=_default(Cluster, "log_retention_days"))
    for name in draft.keys("cluster", "node_groups"):
        group = ("cluster", "node_groups", name)
        draft.lower(1, *group, "min_size")
        draft.lower(1, *group, "desired_size")
        draft.lower(2, *group, "max_size")
        draft.lower(DISK_GIB, *group, "disk_gib")
        types = draft.get(*group, "instance_types")
        # Spot wants a choice of two.
        if isinstance(types, list) and len(set(map(str, types))) >= _TWO_TYPES:  # pyright: ignore[reportUnknownArgumentType] (of any kind)
            draft.put("spot", *group, "capacity", why="about a third of the price")
    # What EKS does not read is ready for whoever tries K3s.
    if draft.keys("cluster", "k3s"):
        draft.lower(1, "cluster", "k3s", "servers")
        draft.put(True, "cluster", "k3s", "delete_snapshots")
    elif draft.get("cluster", "kind") == "k3s":
        draft.put({"delete_snapshots": True}, "cluster", "k3s")


def _applications(draft: Draft) -> None:
    for section, kind in _APPLICATIONS.items():
        draft.lower(1, section, "min_replicas", default=_default(kind, "min_replicas"))
        draft.lower(2, section, "max_replicas", default=_default(kind, "max_replicas"))
    draft.lower(1, "web_frontend", "replicas", default=_default(WebFrontend, "replicas"))
    if draft.get("users_api", "stage") != "staging":
        draft.put("staging", "users_api", "stage")
    if draft.has("certificates", "issuer"):
        draft.put("letsencrypt-staging", "certificates", "issuer", why="the other issues few certificates a week")
    if draft.get("dns", "create"):
        draft.put(False, "dns", "create", why="the zone is the original's, and its names are made in it")
    draft.put("PriceClass_100", "site", "price_class")


def _data(draft: Draft) -> None:
    draft.lower(1, "database", "instances", default=_default(Database, "instances"))
    for section in _VOLUMES:
        if draft.get(section, "storage"):
            draft.put("1Gi", section, "storage")
    for section in ("database", "backups"):
        if draft.get(section, "protect"):
            draft.put(False, section, "protect", why="a copy goes away by itself")
    draft.lower(DAYS, "backups", "retention_days")
    draft.lower(DAYS, "database", "backup", "retention_days")
    for path in _HOLD:
        draft.put(True, *path, "delete_contents")


def _default(kind: type[Section], name: str) -> int:
    """What holds in a section where its file does not say."""
    return int(kind.model_fields[name].default)
