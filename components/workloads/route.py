"""How the outside reaches a service of the cluster: a host name, through the ingress controller."""

from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from components.dns import check_domain_name
from components.namespace import Namespace
from components.network_policy import from_namespace
from components.pods import Values

# Where cert-manager's own pods answer an HTTP-01 challenge, beside the pods whose certificate is asked for:
# https://github.com/cert-manager/cert-manager/blob/v1.21.1/pkg/issuer/acme/http/http.go
_SOLVER_PORT = 8089


@dataclass(frozen=True, kw_only=True)
class Route:
    """One host name, and who answers HTTPS for it."""

    host: str | None
    """Name under which clients find the service; external-dns points it at the load balancer. None takes requests for
    any name, with `plain_http_at` only."""
    ingress_class: str
    """Class of the ingress controller that serves it."""
    issuer: pulumi.Input[str] | None = None
    """ClusterIssuer that signs its certificate; omitted, TLS ends at the load balancer."""
    plain_http_at: pulumi.Input[str] | None = None
    """DNS name of a load balancer that speaks HTTP alone; omitted, clients come by HTTPS."""

    def __post_init__(self) -> None:
        """Refuse what is not a domain name, and a class that no controller has."""
        if self.host is not None:
            check_domain_name("host", self.host)
        elif self.plain_http_at is None:
            raise ValueError("host must be a domain name unless plain_http_at is given, got None")
        if self.issuer is not None and self.plain_http_at is not None:
            raise ValueError("issuer must be omitted with plain_http_at, where nobody asks for a certificate")
        if not self.ingress_class:
            raise ValueError("ingress_class must name the class of an ingress controller, got ''")

    @property
    def url(self) -> pulumi.Input[str]:
        """Address of the service, without a final slash; known beforehand if there is a host."""
        scheme = "https" if self.plain_http_at is None else "http"
        if self.host is not None:
            return f"{scheme}://{self.host}"
        return pulumi.Output.concat(f"{scheme}://", self.plain_http_at or "")

    @property
    def rule(self) -> Values:
        """The part of an Ingress rule that says for whom it is."""
        return {} if self.host is None else {"host": self.host}


def make_ingress(
    name: str,
    route: Route,
    *,
    namespace: Namespace,
    service: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> kubernetes.networking.v1.Ingress:
    """Send every request for the host to the port `http` of a service."""
    issuer: dict[str, pulumi.Input[str]] = (
        {} if route.issuer is None else {"cert-manager.io/cluster-issuer": route.issuer}
    )
    return kubernetes.networking.v1.Ingress(
        name,
        metadata={
            "name": namespace.name,
            "namespace": namespace.ready,
            # The controller redirects to HTTPS and external-dns has its target by default: nothing to say about them.
            "annotations": issuer,
        },
        spec=cast(Any, _ingress_spec(route, service, f"{namespace.name}-tls" if issuer else None)),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=namespace.cluster.provider)),
    )


def let_in(route: Route, port: int, ingress_namespace: str) -> list[Values]:
    """Rules of a network policy that let requests for the host in, and nobody else."""
    ports = (port,) if route.issuer is None else (port, _SOLVER_PORT)
    return [from_namespace(ingress_namespace, *ports)]


def _ingress_spec(route: Route, service: pulumi.Input[str], tls_secret: str | None) -> Values:
    backend = {"service": {"name": service, "port": {"name": "http"}}}
    spec: Values = {
        "ingressClassName": route.ingress_class,
        "rules": [
            {**route.rule, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}},
        ],
    }
    if tls_secret is not None:
        spec["tls"] = [{"hosts": [route.host], "secretName": tls_secret}]
    return spec
