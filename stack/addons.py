"""What runs on the cluster of a stack for everybody: certificates, records, nodes on demand, database and backups."""

from typing import Any

from components.addons.cert_manager import CertManager, CertManagerArgs
from components.addons.cluster_autoscaler import ClusterAutoscaler, ClusterAutoscalerArgs
from components.addons.external_dns import ExternalDns, ExternalDnsArgs
from components.addons.postgresql import DatabaseBackupArgs, DatabaseVersions, PostgreSql, PostgreSqlArgs
from components.addons.velero import Velero, VeleroArgs
from components.cluster import Cluster
from stack.door import Door
from stack.foundation import Foundation, Zone

USERS = "users"
"""Database of the users' API."""
VAULTWARDEN = "vaultwarden"
"""Database of Vaultwarden."""


def certificates(base: Foundation, cluster: Cluster | None, zone: Zone | None) -> CertManager | None:
    """Certificates of Let's Encrypt, renewed without a hand."""
    wanted = base.settings.certificates
    if wanted is None or cluster is None or zone is None:
        return None
    ingress = base.settings.ingress
    return CertManager(
        "cert-manager",
        CertManagerArgs(
            cluster=cluster,
            zone_id=zone.id,
            zone_name=zone.name,
            region=base.settings.region,
            email=wanted.email,
            issuer=wanted.issuer,
            challenge=wanted.challenge,
            ingress_class=ingress.controller if ingress else None,
            chart_version=base.settings.versions.chart("cert-manager"),
        ),
        base.opts,
    )


def records(base: Foundation, cluster: Cluster | None, door: Door | None, zone: Zone | None) -> None:
    """Records of the hosts that the ingress serves."""
    wanted = base.settings.external_dns
    if wanted is None or cluster is None or door is None or zone is None:
        return
    ExternalDns(
        "external-dns",
        ExternalDnsArgs(
            cluster=cluster,
            zone_id=zone.id,
            zone_name=zone.name,
            owner_id=base.name,
            target=door.balancer.made.dns_name,
            policy=wanted.policy,
            chart_version=base.settings.versions.chart("external-dns"),
        ),
        base.opts,
    )


def autoscaling(base: Foundation, cluster: Cluster | None) -> None:
    """Nodes by need, within the sizes of their groups."""
    wanted, kubernetes = base.settings.autoscaling, base.settings.cluster
    # The machines of K3s are as many as the settings say.
    if wanted is None or cluster is None or kubernetes is None or kubernetes.kind == "k3s":
        return
    ClusterAutoscaler(
        "cluster-autoscaler",
        ClusterAutoscalerArgs(
            cluster=cluster,
            kubernetes_version=kubernetes.version,
            region=base.settings.region,
            scale_down_after_minutes=wanted.scale_down_after_minutes,
            chart_version=base.settings.versions.chart("cluster-autoscaler"),
        ),
        base.opts,
    )


def database(base: Foundation, cluster: Cluster | None, cert_manager: CertManager | None) -> PostgreSql | None:
    """PostgreSQL, with a database and a login for each application that asks for one."""
    wanted, vaultwarden, versions = base.settings.database, base.settings.vaultwarden, base.settings.versions
    if wanted is None or cluster is None:
        return None
    api = ("users-api",) if base.settings.users_api else ()
    own = (VAULTWARDEN,) if vaultwarden and vaultwarden.database == "postgresql" else ()
    return PostgreSql(
        "postgresql",
        PostgreSqlArgs(
            cluster=cluster,
            engine=wanted.engine,
            databases=(USERS, *own),
            # Namespaces of who logs in; without any, whoever works in the cluster may.
            clients=(*api, *own),
            instances=wanted.instances,
            storage=wanted.storage,
            backup=wanted.backup and DatabaseBackupArgs(**dict(wanted.backup)),
            protect=wanted.protect,
            after=(cert_manager,) if cert_manager else (),
            versions=DatabaseVersions(
                operator_chart=versions.chart("cloudnative-pg"),
                plugin_chart=versions.chart("plugin-barman-cloud"),
                server=versions.program("postgresql"),
                ha_chart=versions.chart("postgresql-ha"),
            ),
        ),
        base.opts,
    )


def backups(base: Foundation, cluster: Cluster | None) -> Velero | None:
    """Copies of objects and volumes."""
    wanted, versions = base.settings.backups, base.settings.versions
    if wanted is None or cluster is None:
        return None
    velero = Velero(
        "velero",
        VeleroArgs(
            cluster=cluster,
            region=base.settings.region,
            schedule=wanted.schedule,
            retention_days=wanted.retention_days,
            namespaces=wanted.namespaces,
            copied_by_barman=base.settings.database is not None and base.settings.database.backup is not None,
            delete_contents=wanted.delete_contents,
            protect=wanted.protect,
            chart_version=versions.chart("velero"),
            version=versions.program("velero"),
            plugin_version=versions.program("velero-plugin-for-aws"),
        ),
        base.opts,
    )
    base.outputs["backup_bucket"] = velero.bucket_name
    return velero


def drill(base: Foundation, velero: Velero | None, database: PostgreSql | None) -> None:
    """What `make drill` has to know to restore the backups beside the originals."""
    settings = base.settings.database
    known: dict[str, Any] = {}
    if velero and base.settings.backups:
        known |= {
            "velero_namespace": velero.namespace,
            "schedule": velero.schedule,
            "namespaces": list(base.settings.backups.namespaces),
        }
    # What CloudNativePG does not archive, the drill has nothing to restore from.
    if database and settings and (settings.backup or (velero and settings.engine == "postgresql-ha")):
        known["database"] = {
            "engine": settings.engine,
            "namespace": database.namespace,
            "cluster": database.cluster_name,
            "host": database.host if settings.engine == "postgresql-ha" else None,
            "logins": [{"database": each.database, "secret": each.secret_name} for each in database.logins.values()],
        }
    if known:
        base.outputs["drill"] = known
