"""What there is to watch in a cluster, as far as the queries of monitors depend on it; creates no resource."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What there is to watch; a part that does not exist is not asked about."""

    cluster_name: str
    """Name of the cluster, as the agent's chart got it."""
    namespaces: tuple[str, ...]
    """Namespaces whose deployments have to be available, add-ons included."""
    api_namespace: str | None = None
    """Namespace of the API whose requests are measured; omitted, they are not."""
    ingress: Literal["traefik", "nginx"] = "traefik"
    """Only Traefik's metrics know codes and times; those of the free NGINX controller do not."""
    database_namespace: str | None = None
    """Namespace of PostgreSQL; None without."""
    database_backup_hours: int | None = None
    """Hours between two backups by CloudNativePG; None without."""
    backup_schedule: str | None = None
    """Name of Velero's schedule; None without Velero."""
    backup_hours: int = 24
    """Hours between two backups of that schedule, the longest pause; also before the first one."""
    certificates: bool = True
    """Whether cert-manager runs."""

    def __post_init__(self) -> None:
        """Refuse a list that watches no service."""
        if not self.namespaces:
            raise ValueError("namespaces must name at least one namespace, got none")

    def scope(self, *conditions: str) -> str:
        """Filter for the metrics of this cluster, and of those for what fulfils all `conditions`."""
        return "{" + " AND ".join((f"kube_cluster_name:{self.cluster_name}", *conditions)) + "}"
