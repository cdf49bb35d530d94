"""The web front end as a container: built pages behind a small web server."""

from dataclasses import dataclass

import pulumi

from components.namespace import make_namespace
from components.network_policy import isolate
from components.workloads.registry import pull_secret
from components.workloads.route import let_in
from components.workloads.web_app import Program, WebAppArgs, run_web_app

NAMESPACE = "web-frontend"


@dataclass(frozen=True, kw_only=True)
class WebFrontendArgs(WebAppArgs):
    """Inputs of `WebFrontend`; the defaults suit an image made from `nginxinc/nginx-unprivileged`."""

    replicas: int = 2
    """Pods; 1 means a pause each time that its node leaves."""
    port: int = 8080
    """TCP port on which its container answers."""
    health_path: str = "/"
    """Path that answers 200 as long as the web server works."""
    cpu: str = "10m"
    """CPU that each pod reserves."""
    memory: str = "32Mi"
    """Memory that each pod reserves."""
    memory_limit: str = "64Mi"
    """Memory at which a pod is stopped."""
    user: int = 101
    """Id of the user, and of its group, as which the container runs, whatever its image says; not 0, which is root."""
    writable_paths: tuple[str, ...] = ("/tmp", "/var/cache/nginx")  # noqa: S108 - directories of the pod alone
    """Paths where the web server may write, in lower case; `/etc/nginx/conf.d` too when it fills in templates."""

    def __post_init__(self) -> None:
        """Refuse a front end that serves nobody."""
        super().__post_init__()
        if self.replicas < 1:
            raise ValueError(f"replicas must be 1 or more, got {self.replicas}")


class WebFrontend(pulumi.ComponentResource):
    """The front end under its host name, with its own namespace, which only the ingress controller can reach.

    Its pods reach nobody: it is the visitor's browser that calls the API. It costs the CPU and memory of its pods;
    `StaticSite` serves the same pages without any.
    """

    url: pulumi.Output[str]
    """Address of the front end, without a final slash."""
    namespace: pulumi.Output[str]
    """Namespace of all that belongs to it."""
    deployment_name: pulumi.Output[str]
    """Name of the Deployment, once its pods are ready."""
    service_name: pulumi.Output[str]
    """Name of the Service in front of its pods."""

    def __init__(self, name: str, args: WebFrontendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:WebFrontend", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="restricted", opts=child
        )
        allowed = let_in(args.route, args.port, args.ingress_namespace)
        isolate(f"{name}-isolation", namespace=namespace, ingress=allowed, opts=child)
        pull = pull_secret(name, args.registry, namespace, child)
        program = Program(NAMESPACE, args.environment, pull_secret=pull)
        app = run_web_app(name, args, program, namespace=namespace, scale=args.replicas, opts=child)

        self.url = pulumi.Output.from_input(args.route.url)
        self.namespace = namespace.ready
        self.deployment_name = app.deployment_name
        self.service_name = app.service_name
        self.register_outputs(
            {
                "url": self.url,
                "namespace": self.namespace,
                "deployment_name": self.deployment_name,
                "service_name": self.service_name,
            }
        )
