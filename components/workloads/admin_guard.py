"""A password in front of one path of an application that asks for none itself, by Traefik."""

from collections.abc import Sequence
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from components.credentials import kubernetes_secret
from components.namespace import Namespace
from components.pods import Values
from components.workloads.route import Route

USER = "admin"
"""Who logs in."""
CLASS = "traefik"
"""The one ingress class whose controller knows Middleware objects."""
_GUARD = "admin"
_CLOSED = "admin-closed"
# Above the length of any rule with a host name, by which Traefik orders routers that name no priority:
# https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/#priority-calculation
_FIRST = "1000"


def guard_path(
    name: str,
    route: Route,
    path: str,
    *,
    namespace: Namespace,
    service: pulumi.Input[str],
    password: pulumi.Input[str],
    after: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """Ask for a password on a path of the route and all below it; returns what must exist before the rest is served.

    Traefik drops a router whose Middleware it cannot load, and the next best one would let everybody through: that one
    leads to a service without pods, which answers 503. `after` brings the kind Middleware.
    """
    inside = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=namespace.cluster.provider))
    secret = kubernetes_secret(
        f"{name}-password-secret",
        namespace=namespace,
        secret_name=_GUARD,
        data={"username": USER, "password": password},
        kind="kubernetes.io/basic-auth",
        opts=opts,
    )
    guard = kubernetes.apiextensions.CustomResource(
        f"{name}-guard",
        api_version="traefik.io/v1alpha1",
        kind="Middleware",
        metadata={"name": _GUARD, "namespace": namespace.ready},
        # The application is not told the password.
        spec={"basicAuth": {"secret": secret, "removeHeader": True}},
        # No data of the controller's release shows that it brings the kind.
        opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=list(after))),
    )
    nobody = kubernetes.core.v1.Service(
        f"{name}-nobody",
        metadata={"name": _CLOSED, "namespace": namespace.ready},
        spec={"ports": [{"name": "http", "port": 80}]},
        opts=inside,
    )
    closed = kubernetes.networking.v1.Ingress(
        f"{name}-closed",
        metadata={"name": _CLOSED, "namespace": namespace.ready},
        spec=cast(Any, _spec(namespace, route, path, nobody.metadata.name.apply(str))),
        opts=inside,
    )
    annotations = {
        "traefik.ingress.kubernetes.io/router.middlewares": f"{namespace.name}-{_GUARD}@kubernetescrd",
        "traefik.ingress.kubernetes.io/router.priority": _FIRST,
    }
    guarded = kubernetes.networking.v1.Ingress(
        f"{name}-guarded",
        metadata={"name": _GUARD, "namespace": namespace.ready, "annotations": annotations},
        spec=cast(Any, _spec(namespace, route, path, service)),
        # It names the guard in an annotation.
        opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[guard])),
    )
    return [closed, guarded]


def _spec(namespace: Namespace, route: Route, path: str, service: pulumi.Input[str]) -> Values:
    backend = {"service": {"name": service, "port": {"name": "http"}}}
    spec: Values = {
        "ingressClassName": route.ingress_class,
        "rules": [{**route.rule, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}],
    }
    if route.issuer is not None:
        # The certificate that the Ingress of the whole host asks for.
        spec["tls"] = [{"hosts": [str(route.host)], "secretName": f"{namespace.name}-tls"}]
    return spec
