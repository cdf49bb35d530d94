"""What is lost when a resource that keeps something is deleted or replaced."""

import re
from collections.abc import Mapping
from typing import Any, Final

_DATABASE: Final = "its data go with it; only a snapshot or a backup brings them back"
_DISK: Final = "what its disk keeps is deleted with it"
_KEY: Final = "what it encrypted cannot be read again once the key is deleted"
_ADDRESS: Final = "its address is given back, and nobody gets the same one again"
_DRAWN: Final = "its value is drawn anew: whatever logs in with the old one stops working"
_USERS: Final = "its users and their passwords go with it"
_MESSAGES: Final = "messages that wait in it are lost"
_IMAGES: Final = "the images in it go with it, and pods that need them do not start again"
_CLUSTER: Final = "every pod, volume and load balancer of the cluster goes with it"
_NAMESPACE: Final = "everything in it goes with it, persistent volume claims and their data too"
_BACKUPS: Final = "the backups in it go with it"
_EMPTIED: Final = "every object in it is deleted with it"
_KEPT: Final = "the objects in it are lost to the stack: AWS refuses to delete it while it holds any"
_UNINSTALLED: Final = "the release is uninstalled: what it stores may go with it, and what uses it stops"
_RETAINED: Final = "a new and empty one takes its place; the old one stays, unknown to Pulumi"

REASONS: Final[Mapping[str, str]] = {
    # Databases and caches
    "aws:rds/instance:Instance": _DATABASE,
    "aws:rds/cluster:Cluster": _DATABASE,
    "aws:rds/clusterInstance:ClusterInstance": "a member of the database goes, and with the last its data",
    "aws:rds/globalCluster:GlobalCluster": _DATABASE,
    "aws:docdb/cluster:Cluster": _DATABASE,
    "aws:neptune/cluster:Cluster": _DATABASE,
    "aws:redshift/cluster:Cluster": _DATABASE,
    "aws:dynamodb/table:Table": _DATABASE,
    "aws:elasticache/cluster:Cluster": _DATABASE,
    "aws:elasticache/replicationGroup:ReplicationGroup": _DATABASE,
    "aws:memorydb/cluster:Cluster": _DATABASE,
    "aws:opensearch/domain:Domain": _DATABASE,
    "aws:timestreamwrite/table:Table": _DATABASE,
    "aws:msk/cluster:Cluster": _DATABASE,
    "kubernetes:postgresql.cnpg.io/v1:Cluster": _DATABASE,
    # Files, disks, logs, queues
    "aws:ebs/volume:Volume": _DATABASE,
    "aws:ebs/snapshot:Snapshot": _BACKUPS,
    "aws:efs/fileSystem:FileSystem": _DATABASE,
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": _DATABASE,
    "aws:ec2/instance:Instance": f"{_DISK}: of a K3s server, the cluster's own memory",
    "aws:backup/vault:Vault": _BACKUPS,
    "aws:cloudwatch/logGroup:LogGroup": "the log entries in it are deleted",
    "aws:sqs/queue:Queue": _MESSAGES,
    "aws:kinesis/stream:Stream": _MESSAGES,
    "aws:ecr/repository:Repository": _IMAGES,
    "kubernetes:core/v1:PersistentVolumeClaim": _DATABASE,
    "kubernetes:core/v1:PersistentVolume": _DATABASE,
    "kubernetes:apps/v1:StatefulSet": "its pods stop, and the claims that it made stay or go by its own policy",
    "kubernetes:core/v1:Namespace": _NAMESPACE,
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": "every object of this kind goes with it",
    # Keys, secrets, identities
    "aws:kms/key:Key": _KEY,
    "aws:kms/replicaKey:ReplicaKey": _KEY,
    "aws:secretsmanager/secret:Secret": "its value goes with it, and its name stays taken while it waits to be deleted",
    "aws:ssm/parameter:Parameter": "its value goes with it",
    "aws:cognito/userPool:UserPool": _USERS,
    "aws:iam/user:User": "its access keys stop working",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "whoever logs in through it is locked out, pipelines too",
    "random:index/randomPassword:RandomPassword": _DRAWN,
    "tls:index/privateKey:PrivateKey": _DRAWN,
    # Clusters and the ways to them
    "aws:eks/cluster:Cluster": _CLUSTER,
    "eks:index:Cluster": _CLUSTER,
    "aws:route53/zone:Zone": "its records go with it, and the new zone has other name servers: the domain goes dark",
    "aws:ec2/eip:Eip": _ADDRESS,
    "aws:ec2/vpc:Vpc": "everything in the network goes with it",
    "aws:cloudfront/distribution:Distribution": "the site is away until records point at the new distribution's name",
    "aws:lb/loadBalancer:LoadBalancer": "its name changes: visitors are cut off until their resolvers ask again",
}
"""Why it matters that something of a type is deleted or replaced, by type."""

SENTENCES: Final = frozenset({*REASONS.values(), _EMPTIED, _KEPT, _UNINSTALLED, _RETAINED})
"""Everything that `danger` can answer."""
_BUCKETS: Final = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
# A chart is told by the last part of its name or `oci://` address.
_STORES: Final = re.compile(
    r"postgres|cloudnative-pg|mysql|mariadb|percona|mongo|redis|valkey|keydb|memcached|cassandra|scylla|cockroach|etcd"
    r"|clickhouse|influxdb|elastic|opensearch|solr|minio|seaweedfs|ceph|longhorn|rabbitmq|kafka|nats|pulsar|vault|consul"
    r"|keycloak|gitea|gitlab\Z|harbor|nexus|nextcloud|prometheus|loki|thanos|grafana|wordpress",
    re.IGNORECASE,
)


def danger(op: str, type_: str, before: Mapping[str, Any], *, retained: bool = False) -> str | None:
    """What is lost by an operation on a resource with these inputs; None when nothing is.

    `retained` is a resource that the cloud keeps when the program lets it go.
    """
    if op not in ("delete", "replace"):
        return None
    if type_ in _BUCKETS:
        reason = _bucket(before)
    elif type_ == _RELEASE:
        reason = _release(before)
    else:
        reason = REASONS.get(type_)
    if reason and retained:
        return _RETAINED if op == "replace" else None
    return reason


def _bucket(before: Mapping[str, Any]) -> str:
    # Booleans of inputs may be texts.
    return _EMPTIED if str(before.get("forceDestroy", "")).lower() == "true" else _KEPT


def _release(before: Mapping[str, Any]) -> str | None:
    chart = str(before.get("chart", "")).rstrip("/").rpartition("/")[2]
    return _UNINSTALLED if _STORES.search(chart) else None
