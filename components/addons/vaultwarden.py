"""Vaultwarden, the passwords of a team: one pod behind its own host name, with a way in for its administrator."""

import re
from dataclasses import dataclass
from typing import Literal

import argon2
import pulumi
import pulumi_kubernetes as kubernetes

from components import versions
from components.chart import Chart, ChartArgs
from components.cluster import Cluster
from components.credentials import kubernetes_secret, password
from components.database import Login
from components.namespace import Namespace, make_namespace
from components.network_policy import isolate, to_dns, to_pods
from components.pods import Values, resources, restricted_container, restricted_pod, scratch_volumes
from components.workloads.route import Route, let_in, make_ingress

REPOSITORY = "https://guerzon.github.io/vaultwarden"
CHART = "vaultwarden"
NAMESPACE = "vaultwarden"
PORT = 8080
"""Port of the pod: one that a user other than root may open."""
_USER = 1000
_SECRET = "vaultwarden-login"  # noqa: S105 - the name of a Secret
_ADMIN_KEY = "ADMIN_TOKEN"
_DATABASE_KEY = "DATABASE_URL"
_SIZE = re.compile(r"[1-9][0-9]*(?:Mi|Gi|Ti)")
# `--preset owasp` of `vaultwarden hash`:
# https://github.com/dani-garcia/vaultwarden/wiki/Enabling-admin-page#secure-the-admin_token
_PASSES, _MEMORY_KIB, _LANES, _HASH_BYTES = 2, 19_456, 1, 32


@dataclass(frozen=True, kw_only=True)
class VaultwardenArgs:
    """Inputs of `Vaultwarden`."""

    cluster: Cluster
    """Cluster that runs it."""
    route: Route
    """Host name under which it is reached."""
    database: Literal["postgresql", "sqlite"]
    """Where the vaults are: in PostgreSQL, or in a file beside the attachments. Changing this moves nothing."""
    login: Login | None = None
    """Database and its owner, for `postgresql` alone."""
    storage: str = "1Gi"
    """Size of the volume that holds attachments, keys, and the file of `sqlite`; it can only grow."""
    protect: bool = False
    """True makes Pulumi refuse to delete that volume."""
    ingress_namespace: str = "ingress"
    """Namespace of the ingress controller, which alone gets through to the pod."""
    chart_version: str = versions.VAULTWARDEN_CHART.version
    """Version of the chart."""
    version: str = versions.VAULTWARDEN.version
    """Version of the program, as the tag of its image says it."""

    def __post_init__(self) -> None:
        """Refuse a database without its login, and a size that Kubernetes does not read."""
        if (self.database == "postgresql") != (self.login is not None):
            given = "none" if self.login is None else "one"
            raise ValueError(f"login must be given for database 'postgresql' alone, got {given} for {self.database!r}")
        if not _SIZE.fullmatch(self.storage):
            raise ValueError(f"storage must be a size such as '1Gi', got {self.storage!r}")


def vaultwarden_values(
    args: VaultwardenArgs, name: str, *, secret: pulumi.Input[str], claim: pulumi.Input[str]
) -> Values:
    """Values of the chart: https://github.com/guerzon/vaultwarden/blob/v0.43.1/charts/vaultwarden/values.yaml ."""
    volumes, mounts = scratch_volumes(("/tmp",), size_limit="64Mi")  # noqa: S108 - a directory of the pod alone
    database: Values = {"type": "default"}
    if args.database == "postgresql":
        database = {"type": "postgresql", "existingSecret": secret, "existingSecretKey": _DATABASE_KEY}
    return {
        # The Service and the Deployment have the name of the release.
        "fullnameOverride": name,
        "image": {
            "tag": args.version,
            # The pod has no way to the internet, from where it would fetch the icons of web sites.
            "extraVars": [{"key": "DISABLE_ICON_DOWNLOAD", "value": "true"}],
        },
        # The volume goes to one node at a time: the old pod has to leave before the new one comes.
        "resourceType": "Deployment",
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "domain": args.route.url,
        "signupsAllowed": False,
        "showPassHint": "false",
        "adminToken": {"existingSecret": secret, "existingSecretKey": _ADMIN_KEY},
        "database": database,
        "storage": {"existingVolumeClaim": {"claimName": claim, "dataPath": "/data"}},
        "extraVolumes": volumes,
        "extraVolumeMounts": mounts,
        "rocket": {"port": str(PORT)},
        # Otherwise the chart makes an account that nothing needs: the pod never speaks to the Kubernetes API.
        "serviceAccount": {"create": False},
        "enableServiceLinks": False,
        "podSecurityContext": restricted_pod(_USER),
        "securityContext": restricted_container(),
        "resources": resources("50m", "128Mi", limit="256Mi"),
        # The Ingress is made beside the release, like those of the applications.
        "ingress": {"enabled": False},
    }


def admin_hash(token: str, salt: str) -> str:
    """Argon2id hash of a token in the PHC form that Vaultwarden reads; the same for the same salt, which is 8 to 48
    characters long."""
    hashed = argon2.low_level.hash_secret(
        token.encode(), salt.encode(), _PASSES, _MEMORY_KIB, _LANES, _HASH_BYTES, argon2.Type.ID
    )
    return hashed.decode()


class Vaultwarden(pulumi.ComponentResource):
    """A Bitwarden server for a team, closed to sign-ups: its administrator invites, on `/admin`.

    Its own namespace is open to the ingress controller alone, and reaches the cluster's name servers and its
    database: it sends no mail and fetches no icon. It costs one pod and one volume, and pauses while it is upgraded.
    """

    url: pulumi.Output[str]
    """Address of the server, without a final slash."""
    admin_token: pulumi.Output[str]
    """What the administrator types on `/admin`, secret; after a new one, restart the pod."""
    namespace: pulumi.Output[str]
    """Namespace of all that belongs to it, to be backed up with the volume."""

    def __init__(self, name: str, args: VaultwardenArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:Vaultwarden", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="restricted", opts=child
        )
        to_database = (
            [] if args.login is None else [to_pods(args.login.namespace, args.login.pod_labels, args.login.port)]
        )
        isolate(
            f"{name}-isolation",
            namespace=namespace,
            ingress=let_in(args.route, PORT, args.ingress_namespace),
            egress=[to_dns(), *to_database],
            opts=child,
        )
        token = password(f"{name}-admin-token", child)
        hashed = pulumi.Output.all(token, password(f"{name}-admin-salt", child)).apply(lambda all_: admin_hash(*all_))
        data = {_ADMIN_KEY: hashed} | ({} if args.login is None else {_DATABASE_KEY: _database_url(args.login)})
        secret = kubernetes_secret(f"{name}-secret", namespace=namespace, secret_name=_SECRET, data=data, opts=child)
        chart = ChartArgs(
            chart=CHART,
            version=args.chart_version,
            repository=REPOSITORY,
            namespace=namespace,
            values=vaultwarden_values(args, name, secret=secret, claim=_claim(name, args, namespace, child)),
        )
        release = Chart(name, chart, child)
        make_ingress(f"{name}-ingress", args.route, namespace=namespace, service=release.release_name, opts=child)

        self.url = pulumi.Output.from_input(args.route.url)
        self.admin_token = token
        self.namespace = release.namespace
        self.register_outputs({"url": self.url, "admin_token": self.admin_token, "namespace": self.namespace})


def _claim(name: str, args: VaultwardenArgs, namespace: Namespace, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Claim the volume beside the release, which thus never deletes it."""
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


def _database_url(login: Login) -> pulumi.Output[str]:
    return pulumi.Output.format(
        "postgresql://{0}:{1}@{2}:{3}/{4}", login.user, login.password, login.host, login.port, login.database
    )
