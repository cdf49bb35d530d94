"""What a database offers to whoever logs in, whichever engine runs it; this module creates no resource."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class Login:
    """One database with the user that owns it. It is ready when `host` is known."""

    host: pulumi.Output[str]
    """Name of the service inside the cluster, with its namespace."""
    port: int
    """TCP port of that service, and of its pods."""
    database: str
    """Name of the database."""
    user: str
    """User that owns it, and nothing else."""
    password: pulumi.Output[str]
    """The user's password, secret."""
    secret_name: pulumi.Output[str]
    """Kubernetes Secret with `username` and `password`, in `namespace`."""
    namespace: str
    """Namespace of the Secret and of the pods that answer."""
    pod_labels: Mapping[str, str]
    """Labels of the pods that answer on `port`, for network policies."""
