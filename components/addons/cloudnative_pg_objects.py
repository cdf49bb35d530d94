"""The objects by which CloudNativePG is asked for a server and its pool; this module creates no resource."""

import pulumi

from components.addons import datadog
from components.addons.database_backups import OBJECT_STORE, PLUGIN
from components.addons.database_server import (
    MAX_CONNECTIONS,
    METRICS_PORT,
    NAMESPACE,
    PORT,
    PostgreSqlArgs,
    Users,
    connections_for_each_pool,
    from_clients,
    mebibytes,
)
from components.network_policy import from_namespace
from components.pods import Values, resources, spread

CHART = "cloudnative-pg"
OPERATOR_NAMESPACE = "cnpg-system"
CLUSTER = "postgresql"
"""Name of the Cluster, of the service account of its pods and the beginning of their names."""
POOLER = "postgresql-pooler"
"""Name of the Pooler, and of the service that applications connect to."""
HOST = f"{POOLER}.{NAMESPACE}.svc"
POD_LABELS = {"cnpg.io/poolerName": POOLER}
INSTANCE_LABELS = {"cnpg.io/cluster": CLUSTER, "cnpg.io/podRole": "instance"}
GUARDED_LABELS = {"cnpg.io/podRole": "instance"}
"""Labels of every server in the namespace, also of the copy that a restore drill brings up beside the original."""

_IMAGE = "ghcr.io/cloudnative-pg/postgresql"
_CLIENTS_OF_A_POOL = 500


def operator_values(args: PostgreSqlArgs) -> Values:
    """Values of the chart: https://github.com/cloudnative-pg/charts/tree/main/charts/cloudnative-pg ."""
    return {
        # The operator decides on a failover: the node that fails may be its own.
        "replicaCount": args.doors,
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": CHART}),
        "crds": {"create": True},
        "resources": resources("50m", "128Mi", limit="256Mi"),
    }


def server_parameters(args: PostgreSqlArgs) -> dict[str, str]:
    """Keep the write-ahead log within its share of the volume, whose default is more than a small volume holds.

    A quarter for recovery after a crash, an eighth for standbys that were away, a quarter for one that stays away.
    """
    volume = mebibytes(args.storage)
    return {
        "max_connections": str(MAX_CONNECTIONS),
        "max_wal_size": f"{min(1024, volume // 4)}MB",
        "wal_keep_size": f"{min(512, volume // 8)}MB",
        "max_slot_wal_keep_size": f"{volume // 4}MB",
    }


def cluster_spec(args: PostgreSqlArgs, users: Users, server_name: pulumi.Input[str] | None) -> Values:
    """What the server is: https://cloudnative-pg.io/docs/1.30/cloudnative-pg.v1/#clusterspec .

    `server_name` is the folder of its archive, without which there are no backups.
    """
    first, *others = users.items()
    postgresql: Values = {"parameters": server_parameters(args)}
    if args.instances > 1:
        # A commit waits for a standby, so that a failover loses none, unless no standby is there.
        postgresql["synchronous"] = {"method": "any", "number": 1, "dataDurability": "preferred"}
    spec: Values = {
        "instances": args.instances,
        "imageName": f"{_IMAGE}:{args.versions.server}",
        "enableSuperuserAccess": False,
        # With one instance the budget would never let its node go.
        "enablePDB": args.instances > 1,
        "bootstrap": {"initdb": {"database": first[0], "owner": first[0], "secret": {"name": first[1].secret_name}}},
        "managed": {"roles": [_role(name, credentials.secret_name) for name, credentials in others]},
        "storage": {"storageClass": args.cluster.storage_class, "size": args.storage},
        "resources": resources("100m", "384Mi", limit="1Gi"),
        "topologySpreadConstraints": spread(INSTANCE_LABELS),
        # The pool presents the certificate of the server, so that clients may verify it under the pool's name.
        "certificates": {"serverAltDNSNames": [POOLER, f"{POOLER}.{NAMESPACE}", HOST]},
        "postgresql": postgresql,
    }
    if server_name is not None:
        archive = {"barmanObjectName": OBJECT_STORE, "serverName": server_name}
        spec["plugins"] = [{"name": PLUGIN, "isWALArchiver": True, "parameters": archive}]
    return spec


def _role(name: str, secret_name: pulumi.Input[str]) -> Values:
    return {"name": name, "ensure": "present", "login": True, "passwordSecret": {"name": secret_name}}


def database_spec(name: str) -> Values:
    """A further database; it stays when this object goes, so that a name left out by mistake costs no data."""
    return {"cluster": {"name": CLUSTER}, "name": name, "owner": name, "databaseReclaimPolicy": "retain"}


def pooler_spec(args: PostgreSqlArgs) -> Values:
    """The pool of connections, PgBouncer: https://cloudnative-pg.io/docs/1.30/connection_pooling/ ."""
    return {
        "cluster": {"name": CLUSTER},
        "type": "rw",
        "instances": args.doors,
        "pgbouncer": {
            # Locks, listeners and temporary tables work as without a pool; migrations need the locks.
            "poolMode": "session",
            "parameters": {
                "max_client_conn": str(_CLIENTS_OF_A_POOL),
                "default_pool_size": str(connections_for_each_pool(args)),
            },
        },
        "template": {
            "spec": {
                "containers": [{"name": "pgbouncer", "resources": resources("20m", "32Mi", limit="128Mi")}],
                "topologySpreadConstraints": spread(POD_LABELS),
            }
        },
    }


def instance_ingress() -> list[Values]:
    """Who reaches the server itself: its own namespace and the operator, and Datadog's agent for the metrics only."""
    operator = {"matchLabels": {"kubernetes.io/metadata.name": OPERATOR_NAMESPACE}}
    return [
        {"from": [{"podSelector": {}}, {"namespaceSelector": operator}]},
        from_namespace(datadog.NAMESPACE, METRICS_PORT),
    ]


def pooler_ingress(args: PostgreSqlArgs) -> list[Values]:
    """Who reaches the pool."""
    return [{"from": from_clients(args), "ports": [{"protocol": "TCP", "port": PORT}]}]
