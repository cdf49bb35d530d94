"""The F1 vote: pages that many people hold open at once over WebSocket, in front of one Redis."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components import versions
from components.credentials import kubernetes_secret, password
from components.namespace import make_namespace
from components.network_policy import isolate, to_dns, to_pods
from components.workloads import redis
from components.workloads.admin_guard import CLASS, guard_path
from components.workloads.redis import Redis, RedisArgs
from components.workloads.registry import pull_secret
from components.workloads.route import let_in, make_ingress
from components.workloads.web_app import Autoscaling, Conduct, Program, WebAppArgs, run_pods, secrets_checksum

NAMESPACE = "f1-vote"
REDIS_NAMESPACE = "f1-vote-redis"
FINISH_SECONDS = 60
"""Seconds in which a pod that takes nobody new lets those connected to it finish; then they connect to another one."""
_SPARE_SECONDS = 5
_ADMIN_PATH = "/admin"
SECRETS = ("ADMIN_PASSWORD", "REDIS_URL")
_CPU = re.compile(r"[1-9][0-9]*m?|0\.[0-9]+")
# A browser stays with the pod that holds its WebSocket and session. Other controllers pass these annotations over: F5's
# has sticky cookies in NGINX Plus alone (nginx.org/sticky-cookie-services).
# https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/#on-service
_COOKIE = "traefik.ingress.kubernetes.io/service.sticky.cookie"
_STICKY = {
    _COOKIE: "true",
    f"{_COOKIE}.name": NAMESPACE,
    f"{_COOKIE}.httponly": "true",
    f"{_COOKIE}.samesite": "lax",
}


@dataclass(frozen=True, kw_only=True)
class F1VoteArgs(WebAppArgs):
    """Inputs of `F1Vote`, for an image that SvelteKit's Node adapter built."""

    admin: Literal["password", "application"] = "password"
    """Who guards `/admin`: the ingress controller, which must be Traefik and asks for a password on that path and all
    below it, or the application itself, which finds the password in ADMIN_PASSWORD."""
    min_replicas: int = 2
    """Pods at rest; 1 means a pause each time that its node leaves."""
    max_replicas: int = 8
    """Pods under load, at least `min_replicas`."""
    cpu_percent: int = 70
    """Part of the requested CPU, in percent, that a pod uses before another one is added."""
    cpu_limit: str = "500m"
    """CPU at which a pod is slowed down, so that the votes of a final lap leave its node some."""
    port: int = 3000
    """TCP port on which its container answers."""
    health_path: str = "/"
    """Path that answers 200 while votes can be taken."""
    memory: str = "128Mi"
    """Memory that each pod reserves."""
    memory_limit: str = "256Mi"
    """Memory at which a pod is stopped."""
    redis_storage: str = "1Gi"
    """Size of the volume that holds the votes; it can only grow."""
    redis_version: str = versions.REDIS.version
    """Version of Redis, as the tag of its image says it."""
    server_selector: Mapping[str, str] = field(default_factory=dict[str, str])
    """Labels of the nodes that may run Redis, such as those of the control plane; omitted, any."""
    proxies: int = 1
    """Proxies that add to X-Forwarded-For: 2 with an application load balancer in front of the ingress controller. The
    application limits votes by the address of the client, so that a wrong number lets one vote for all, or all for
    one."""
    protect: bool = False
    """True makes Pulumi refuse to delete the volume of Redis."""
    after: Sequence[pulumi.Resource] = ()
    """The ingress controller, with admin `password`: it brings the kind of object that asks for it."""

    def __post_init__(self) -> None:
        """Refuse what would leave `/admin` open, never scale, or never start."""
        super().__post_init__()
        if self.admin == "password" and self.route.ingress_class != CLASS:
            raise ValueError(
                f"admin must be 'application' for ingress_class {self.route.ingress_class!r}: only {CLASS!r} asks for "
                "a password on a part of a host, and /admin would be open to everybody"
            )
        if self.min_replicas < 1:
            raise ValueError(f"min_replicas must be 1 or more, got {self.min_replicas}")
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"max_replicas must be at least {self.min_replicas}, got {self.max_replicas}")
        for name, number in (("cpu_percent", self.cpu_percent), ("proxies", self.proxies)):
            if number < 1:
                raise ValueError(f"{name} must be 1 or more, got {number}")
        if not _CPU.fullmatch(self.cpu_limit):
            raise ValueError(f"cpu_limit must be an amount of CPU such as '500m', got {self.cpu_limit!r}")
        taken = sorted({*self.environment} & {*f1_vote_variables(self), *SECRETS})
        if taken:
            raise ValueError(f"environment must not set what the component sets itself, got {taken[0]!r}")


class F1Vote(pulumi.ComponentResource):
    """The vote under its host name, scaled by its CPU, on the nodes that do not run the control plane.

    Only the ingress controller reaches its pods; they reach the cluster's name servers and their own Redis, in a
    namespace beside. It costs the CPU and memory of its pods and one volume. A new image replaces pod after pod: the
    old ones serve until the new ones are ready, and then a minute more for those connected to them.
    """

    url: pulumi.Output[str]
    """Address of the vote, without a final slash."""
    admin_password: pulumi.Output[str]
    """Password of `/admin`, secret; with admin `password` the user is `admin`."""
    namespace: pulumi.Output[str]
    """Namespace of all that belongs to it, Redis apart."""
    deployment_name: pulumi.Output[str]
    """Name of the Deployment, once its pods are ready."""

    def __init__(self, name: str, args: F1VoteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:F1Vote", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="restricted", opts=child
        )
        isolate(
            f"{name}-isolation",
            namespace=namespace,
            ingress=let_in(args.route, args.port, args.ingress_namespace),
            egress=[to_dns(), to_pods(REDIS_NAMESPACE, redis.LABELS, redis.PORT)],
            opts=child,
        )
        store = Redis(
            f"{name}-redis",
            RedisArgs(
                cluster=args.cluster,
                namespace=REDIS_NAMESPACE,
                client_namespace=NAMESPACE,
                storage=args.redis_storage,
                node_selector=args.server_selector,
                protect=args.protect,
                version=args.redis_version,
            ),
            child,
        )
        drawn = password(f"{name}-admin-password", child)
        told = {"REDIS_URL": store.url} | ({"ADMIN_PASSWORD": drawn} if args.admin == "application" else {})
        secret_name = kubernetes_secret(
            f"{name}-secret", namespace=namespace, secret_name=NAMESPACE, data=told, opts=child
        )
        pull = pull_secret(name, args.registry, namespace, child)
        variables = {**args.environment, **f1_vote_variables(args)}
        program = Program(NAMESPACE, variables, secret_name, secrets_checksum(told), pull)
        scale = Autoscaling(args.min_replicas, args.max_replicas, args.cpu_percent)
        app = run_pods(name, args, program, namespace=namespace, scale=scale, conduct=f1_vote_conduct(args), opts=child)
        guards: list[pulumi.Resource] = []
        if args.admin == "password":
            guards = guard_path(
                f"{name}-admin",
                args.route,
                _ADMIN_PATH,
                namespace=namespace,
                service=app.service_name,
                password=drawn,
                after=args.after,
                opts=child,
            )
        # The data cannot show this edge: the host is served once its one path is guarded, and not a moment before.
        guarded = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=guards))
        make_ingress(f"{name}-ingress", args.route, namespace=namespace, service=app.service_name, opts=guarded)

        self.url = pulumi.Output.from_input(args.route.url)
        self.admin_password = drawn
        self.namespace = namespace.ready
        self.deployment_name = app.deployment_name
        self.register_outputs(
            {
                "url": self.url,
                "admin_password": self.admin_password,
                "namespace": self.namespace,
                "deployment_name": self.deployment_name,
            }
        )


def f1_vote_variables(args: F1VoteArgs) -> dict[str, pulumi.Input[str]]:
    """Environment of the application, without its secrets: https://svelte.dev/docs/kit/adapter-node ."""
    return {
        "ADDRESS_HEADER": "X-Forwarded-For",
        # Forms are taken from pages of this address alone.
        "ORIGIN": args.route.url,
        "PORT": str(args.port),
        "SHUTDOWN_TIMEOUT": str(FINISH_SECONDS),
        "XFF_DEPTH": str(args.proxies),
        "HOME": "/tmp",  # noqa: S108 - a directory of the pod alone
    }


def f1_vote_conduct(args: F1VoteArgs) -> Conduct:
    """How its pods run: on agents alone, and long enough for those who hold a WebSocket open."""
    # Browsers keep a cookie for HTTPS to themselves when they come by HTTP.
    secure = "true" if args.route.plain_http_at is None else "false"
    return Conduct(
        drain_seconds=15,
        finish_seconds=FINISH_SECONDS + _SPARE_SECONDS,
        # Long enough for a Redis that moves to another node with its volume: only their readiness may follow it.
        silence_seconds=180,
        # One at a time at rest, two under load: the roll-out has to end before Pulumi gives up.
        surge="25%",
        # Less than the ten minutes that Pulumi waits for a Deployment, so that Kubernetes itself says that it is stuck:
        # https://www.pulumi.com/registry/packages/kubernetes/api-docs/apps/v1/deployment/
        standstill_seconds=300,
        cpu_limit=args.cpu_limit,
        nodes=[{"key": "node-role.kubernetes.io/control-plane", "operator": "DoesNotExist"}],
        service_annotations={**_STICKY, f"{_COOKIE}.secure": secure},
    )
