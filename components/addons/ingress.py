"""The ingress controller: what receives the requests that reach the nodes, and passes them on to the pods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi

from components import versions
from components.addons import nginx, traefik
from components.addons.proxy import HTTP_NODE_PORT, HTTPS_NODE_PORT, NAMESPACE, ProxyArgs
from components.chart import Chart, ChartArgs
from components.cluster import Cluster
from components.load_balancer import HealthCheck
from components.namespace import make_namespace
from components.pods import Values

__all__ = ["HTTPS_NODE_PORT", "HTTP_NODE_PORT", "Ingress", "IngressArgs", "health_check"]

Controller = Literal["traefik", "nginx"]


@dataclass(frozen=True)
class _Flavour:
    chart: str
    repository: str | None
    pin: versions.Pin
    values: Callable[[ProxyArgs], Values]
    health_check: HealthCheck


_FLAVOURS: Mapping[Controller, _Flavour] = {
    "traefik": _Flavour(
        traefik.CHART, traefik.REPOSITORY, versions.TRAEFIK_CHART, traefik.traefik_values, traefik.HEALTH_CHECK
    ),
    "nginx": _Flavour(nginx.CHART, None, versions.NGINX_CHART, nginx.nginx_values, nginx.HEALTH_CHECK),
}


@dataclass(frozen=True, kw_only=True)
class IngressArgs(ProxyArgs):
    """Inputs of `Ingress`."""

    cluster: Cluster
    """Cluster whose pods are served."""
    controller: Controller = "traefik"
    """`nginx` is F5's controller, which serves HTTPS only for hosts that have a certificate in the cluster. Changing
    this uninstalls the one before it installs the other: a minute or more without service."""
    chart_version: str | None = None
    """Version of that controller's chart; the pinned one when omitted."""


class Ingress(pulumi.ComponentResource):
    """The default way into the cluster for objects of kind Ingress: HTTP and HTTPS on a port of every node.

    It opens node ports 30080 and 30443, to whom the nodes' security group lets in, and no dashboard. It costs the
    CPU and memory of its pods. It reports to nobody; it logs each request as one JSON object.
    """

    http_node_port: int
    """Port of every node that answers HTTP, with a redirect to HTTPS."""
    https_node_port: int
    """Port of every node that answers HTTPS."""
    health_check: HealthCheck
    """How a load balancer finds the nodes that hold a healthy pod of the controller."""
    ingress_class: str
    """Class of the Ingress objects that it serves; the default one, so that they need not name it."""

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:Ingress", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        flavour = _FLAVOURS[args.controller]
        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="restricted", opts=child
        )
        chart = ChartArgs(
            chart=flavour.chart,
            version=args.chart_version or flavour.pin.version,
            repository=flavour.repository,
            namespace=namespace,
            values=flavour.values(args),
            on_chart_change="replace",
        )
        # The name is the same for both controllers, so that one makes way for the other: they want the same ports.
        Chart(f"{name}-controller", chart, child)
        self.http_node_port = HTTP_NODE_PORT
        self.https_node_port = HTTPS_NODE_PORT
        self.health_check = health_check(args.controller)
        self.ingress_class = args.controller
        self.register_outputs(
            {
                "http_node_port": self.http_node_port,
                "https_node_port": self.https_node_port,
                "ingress_class": self.ingress_class,
            }
        )


def health_check(controller: Controller) -> HealthCheck:
    """How a load balancer finds healthy nodes; a function, for a load balancer that is made before the controller."""
    return _FLAVOURS[controller].health_check
