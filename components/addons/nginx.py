"""F5's NGINX as ingress controller: its health check and the values of its chart; this module creates no resource."""

import json

from components.addons.proxy import HEALTH_PATH, HTTP_NODE_PORT, HTTPS_NODE_PORT, RESOURCES, ProxyArgs
from components.load_balancer import HealthCheck
from components.pods import Values, spread

# Helm fetches parts of this chart's schema from raw.githubusercontent.com at every preview and deployment, and fails
# where it cannot: https://github.com/nginx/kubernetes-ingress/issues/7193
CHART = "oci://ghcr.io/nginx/charts/nginx-ingress"
HEALTH_CHECK = HealthCheck(protocol="HTTP", path=HEALTH_PATH, node_port=HTTP_NODE_PORT)
"""Asks the proxy itself on a port that carries traffic; its HTTPS refuses whoever asks for no known host."""

_LOGGED = (
    "time_iso8601",
    "remote_addr",
    "request_method",
    "host",
    "request_uri",
    "status",
    "bytes_sent",
    "request_time",
)


def nginx_values(args: ProxyArgs) -> Values:
    """Values of the chart: https://docs.nginx.com/nginx-ingress-controller/install/helm/parameters/ ."""
    return {
        "controller": {
            "replicaCount": args.replicas,
            "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "nginx-ingress"}),
            "resources": RESOURCES,
            "ingressClass": {"name": "nginx", "create": True, "setAsDefaultIngress": True},
            # The node that takes a connection serves it, with the client's address, or lets its health check fail.
            "service": {
                "type": "NodePort",
                "externalTrafficPolicy": "Local",
                "httpPort": {"nodePort": HTTP_NODE_PORT},
                "httpsPort": {"nodePort": HTTPS_NODE_PORT},
            },
            # Answered by NGINX for hosts that it does not know; `readyStatus` would answer for the controller only.
            "healthStatus": True,
            "healthStatusURI": HEALTH_PATH,
            "config": {"entries": _entries(args)},
            # What the namespace demands, for a server on ports below 1024.
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "runAsUser": 101,
                "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
            },
            "telemetryReporting": {"enable": False},
        }
    }


def _entries(args: ProxyArgs) -> Values:
    """Keys of its ConfigMap: https://docs.nginx.com/nginx-ingress-controller/configuration/global-configuration/ ."""
    entries: Values = {
        # For hosts that have a certificate; NGINX could not serve the others over HTTPS.
        "ssl-redirect": "True",
        "log-format-escaping": "json",
        "log-format": json.dumps({key: f"${key}" for key in _LOGGED}),
        "server-tokens": "False",
    }
    if args.trusted_cidrs:
        entries |= {
            "real-ip-header": "X-Forwarded-For",
            "real-ip-recursive": "True",
            "set-real-ip-from": ",".join(args.trusted_cidrs),
        }
    if args.load_balancer_hostname is not None:
        entries["external-status-address"] = args.load_balancer_hostname
    return entries
