"""Traefik as ingress controller: its health check and the values of its chart; this module creates no resource."""

from components.addons.proxy import (
    HEALTH_PATH,
    HTTP_NODE_PORT,
    HTTPS_NODE_PORT,
    NAMESPACE,
    RESOURCES,
    ProxyArgs,
)
from components.load_balancer import HealthCheck
from components.pods import Values, spread

REPOSITORY = "https://traefik.github.io/charts"
CHART = "traefik"
HEALTH_CHECK = HealthCheck(protocol="HTTPS", path=HEALTH_PATH, node_port=HTTPS_NODE_PORT)
"""Asks the proxy itself on the port that carries the traffic; its self-made certificate does not matter to AWS."""

# A pod that is told to stop fails its health check at once, and serves until load balancers have noticed.
_LEAVING: Values = {"lifeCycle": {"requestAcceptGraceTimeout": "30s", "graceTimeOut": "10s"}}
_TO_HTTPS: Values = {"redirections": {"entryPoint": {"to": "websecure", "scheme": "https", "permanent": True}}}


def traefik_values(args: ProxyArgs) -> Values:
    """Values of the chart: https://github.com/traefik/traefik-helm-chart/blob/v41.3.0/traefik/VALUES.md ."""
    return {
        "deployment": {"replicas": args.replicas, "terminationGracePeriodSeconds": 60},
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": "traefik"}),
        "resources": RESOURCES,
        "ingressClass": {"enabled": True, "isDefaultClass": True, "name": "traefik"},
        # The node that takes a connection serves it, with the client's address, or lets its health check fail.
        "service": {"spec": {"type": "NodePort", "externalTrafficPolicy": "Local"}},
        "ports": {
            "web": _port(args, HTTP_NODE_PORT, _TO_HTTPS),
            "websecure": _port(args, HTTPS_NODE_PORT, {"tls": {"enabled": True}}),
        },
        "api": {"dashboard": False},
        "ingressRoute": {
            "dashboard": {"enabled": False},
            # `--ping.entrypoint` would take every path under /ping from the applications. A route takes one path, and
            # answers only once Traefik has read the cluster's routes. Traefik prefers the longest rule: this one is
            # longer than that of an Ingress without a host. The pod's own probes stay on port 8080.
            "healthcheck": {"enabled": True, "entryPoints": ["websecure"], "matchRule": f"Path(`{HEALTH_PATH}`)"},
        },
        "providers": {
            # The health route refers to Traefik's inside, which nobody else needs to reach.
            "kubernetesCRD": {"crossProviderNamespaces": [NAMESPACE]},
            "kubernetesIngress": _reported_address(args),
        },
        "log": {"format": "json"},
        "accessLog": {"enabled": True, "format": "json"},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }


def _port(args: ProxyArgs, node_port: int, http: Values) -> Values:
    return {
        "nodePort": node_port,
        "http": http,
        "forwardedHeaders": {"trustedIPs": list(args.trusted_cidrs)},
        "transport": _LEAVING,
    }


def _reported_address(args: ProxyArgs) -> Values:
    """Report the load balancer; the Service of the controller has no address that the outside could use."""
    values: Values = {"publishedService": {"enabled": False}}
    if args.load_balancer_hostname is not None:
        values["ingressEndpoint"] = {"hostname": args.load_balancer_hostname}
    return values
