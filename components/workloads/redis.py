"""Redis for one application: a single pod whose data outlives it, on a volume."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from components import versions
from components.cluster import Cluster
from components.credentials import kubernetes_secret, password
from components.namespace import Namespace, make_namespace
from components.network_policy import from_namespace, isolate
from components.pods import Values, resources, restricted_container, restricted_pod

PORT = 6379
LABELS = {"app.kubernetes.io/name": "redis"}
"""Labels of its pod, for the network policies of clients."""
# Redis 8 may be used under RSALv2, SSPLv1 or AGPLv3: https://redis.io/legal/licenses/ . None of them asks anything of
# who runs it unchanged for an application of their own.
# Tags: https://github.com/docker-library/official-images/blob/master/library/redis
REPOSITORY = "docker.io/library/redis"
_SERVICE = "redis"
_CONFIGURATION = "redis.conf"
# The user `redis` of the image: https://github.com/redis/docker-library-redis/blob/release/8.10/alpine/Dockerfile
_USER = 999
_MEMORY = "64Mi"
_MEMORY_LIMIT = "256Mi"
# Half of the limit: while Redis rewrites its journal, a forked copy may need as much again.
_DATA_MEGABYTES = 128
_STOP_SECONDS = 60
_LONGEST_START = 300
_SIZE = re.compile(r"[1-9][0-9]*(?:Mi|Gi|Ti)")
# Known to all versions of Kubernetes on nodes that run the control plane, if the cluster taints them at all:
# https://kubernetes.io/docs/reference/labels-annotations-taints/#node-role-kubernetes-io-control-plane-taint
_CONTROL_PLANE: Values = {
    "key": "node-role.kubernetes.io/control-plane",
    "operator": "Exists",
    "effect": "NoSchedule",
}


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    """Inputs of `Redis`."""

    cluster: Cluster
    """Cluster that runs it."""
    namespace: str
    """Namespace to make for it."""
    client_namespace: str
    """Namespace whose pods may connect, and nobody else."""
    storage: str = "1Gi"
    """Size of its volume; it can only grow."""
    node_selector: Mapping[str, str] = field(default_factory=dict[str, str])
    """Labels of the nodes that may run it; omitted, any."""
    protect: bool = False
    """True makes Pulumi refuse to delete the volume."""
    version: str = versions.REDIS.version
    """Version of the program, as the tag of its image says it."""

    def __post_init__(self) -> None:
        """Refuse what Kubernetes would refuse at deployment."""
        if not _SIZE.fullmatch(self.storage):
            raise ValueError(f"storage must be a size such as '1Gi', got {self.storage!r}")


def redis_configuration(drawn: str) -> str:
    """The file that Redis starts from, with the hash of its password alone.

    Clients may do everything but change the server; without the password, they may only ask whether it answers. What a
    client was told is stored stays, but for the last second before a crash; without room, writes fail and nothing is
    forgotten: https://github.com/redis/redis/blob/8.10/redis.conf .
    """
    hashed = hashlib.sha256(drawn.encode()).hexdigest()
    lines = [
        f"port {PORT}",
        "bind * -::*",
        "dir /data",
        "appendonly yes",
        "appendfsync everysec",
        f"maxmemory {_DATA_MEGABYTES}mb",
        "maxmemory-policy noeviction",
        f"user default on #{hashed} ~* &* +@all -@admin",
        "user probe on nopass +ping",
    ]
    return "\n".join(lines) + "\n"


class Redis(pulumi.ComponentResource):
    """One Redis with a journal on a volume, in its own namespace, which the pods of one other namespace can reach.

    It reaches nobody, and pauses while its pod moves or is replaced: no second one takes over. It costs one pod and one
    volume. Deleting it deletes the data.
    """

    url: pulumi.Output[str]
    """Address for clients with the password in it, secret; known once Redis answers."""

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:Redis", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=args.namespace, pod_security="restricted", opts=child
        )
        allowed = [from_namespace(args.client_namespace, PORT)]
        isolate(f"{name}-isolation", namespace=namespace, ingress=allowed, opts=child)
        drawn = password(f"{name}-password", child)
        configuration = drawn.apply(redis_configuration)
        secret = kubernetes_secret(
            f"{name}-secret",
            namespace=namespace,
            secret_name=_SERVICE,
            data={_CONFIGURATION: configuration},
            opts=child,
        )
        # The file is read when the pod starts: another password needs another pod.
        checksum = configuration.apply(lambda text: hashlib.sha256(text.encode()).hexdigest())
        claim = _claim(name, args, namespace, child)
        server = kubernetes.apps.v1.StatefulSet(
            f"{name}-server",
            metadata={"name": _SERVICE, "namespace": namespace.ready},
            spec=cast(Any, redis_spec(args, secret=secret, claim=claim, checksum=checksum)),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(provider=args.cluster.provider)),
        )
        service = kubernetes.core.v1.Service(
            f"{name}-service",
            # Named after the StatefulSet, and so made after it: Pulumi waits for pods behind a Service.
            metadata={"name": server.metadata.name.apply(str), "namespace": namespace.ready},
            spec={"selector": dict(LABELS), "ports": [{"name": "redis", "port": PORT, "target_port": "redis"}]},
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(provider=args.cluster.provider)),
        )

        self.url = pulumi.Output.format(
            "redis://:{0}@{1}.{2}.svc:{3}", drawn, service.metadata.name, namespace.ready, PORT
        )
        self.register_outputs({"url": self.url})


def redis_spec(
    args: RedisArgs, *, secret: pulumi.Input[str], claim: pulumi.Input[str], checksum: pulumi.Input[str]
) -> Values:
    """One pod, the old one gone before the new one comes, as the volume goes to one node at a time.

    It has no PodDisruptionBudget: of a single pod, one would either forbid every upgrade of its node or mean nothing.
    """
    container: Values = {
        "name": "redis",
        "image": f"{REPOSITORY}:{args.version}",
        # Past the image's own script, which would change owners as root; and no password on the command line.
        "command": ["redis-server", f"/etc/redis/{_CONFIGURATION}"],
        "ports": [{"name": "redis", "containerPort": PORT, "protocol": "TCP"}],
        **_probes(),
        "resources": resources("50m", _MEMORY, limit=_MEMORY_LIMIT),
        "securityContext": restricted_container(),
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "configuration", "mountPath": "/etc/redis", "readOnly": True},
        ],
    }
    return {
        "replicas": 1,
        "serviceName": _SERVICE,
        "selector": {"matchLabels": dict(LABELS)},
        "template": {
            "metadata": {"labels": dict(LABELS), "annotations": {"socle/configuration-checksum": checksum}},
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": {**restricted_pod(_USER), "fsGroupChangePolicy": "OnRootMismatch"},
                "nodeSelector": dict(args.node_selector),
                "tolerations": [_CONTROL_PLANE] if args.node_selector else [],
                "terminationGracePeriodSeconds": _STOP_SECONDS,
                "containers": [container],
                "volumes": [
                    {"name": "data", "persistentVolumeClaim": {"claimName": claim}},
                    {"name": "configuration", "secret": {"secretName": secret, "defaultMode": 0o440}},
                ],
            },
        },
    }


def _probes() -> Values:
    """Ask for PONG: while it reads its journal Redis takes connections and answers LOADING, with exit code 0."""
    ping = f"redis-cli -u redis://probe:probe@127.0.0.1:{PORT} ping | grep -qx PONG"
    check: Values = {"exec": {"command": ["sh", "-c", ping]}, "timeoutSeconds": 3}
    return {
        "startupProbe": {**check, "periodSeconds": 5, "failureThreshold": _LONGEST_START // 5},
        "readinessProbe": {**check, "periodSeconds": 5, "failureThreshold": 2},
        "livenessProbe": {**check, "periodSeconds": 10, "failureThreshold": 6},
    }


def _claim(name: str, args: RedisArgs, namespace: Namespace, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Claim the volume beside the StatefulSet, so that it is in the state, can be protected, and can grow."""
    options = pulumi.ResourceOptions(provider=args.cluster.provider, protect=args.protect)
    made = kubernetes.core.v1.PersistentVolumeClaim(
        f"{name}-data",
        metadata={"name": "data", "namespace": namespace.ready},
        spec={
            "access_modes": ["ReadWriteOnce"],
            "storage_class_name": args.cluster.storage_class,
            "resources": {"requests": {"storage": args.storage}},
        },
        opts=pulumi.ResourceOptions.merge(child, options),
    )
    return made.metadata.name.apply(str)
