"""Passwords that the stack draws and the Kubernetes Secrets that hold them, secret in the state too."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from components.namespace import Namespace

_LENGTH = 32


def password(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Draw a secret password of 32 letters and digits (190 bits), which URLs and shells take without quoting.

    It stays the same until the resource `name` is replaced.
    """
    drawn = random.RandomPassword(name, length=_LENGTH, special=False, opts=opts)
    return pulumi.Output.secret(drawn.result)


def kubernetes_secret(
    name: str,
    *,
    namespace: Namespace,
    secret_name: str,
    data: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
    kind: str = "Opaque",
) -> pulumi.Output[str]:
    """Make a Secret with `data` in plain values by key; returns its name, known once it exists.

    The name is fixed because charts and pods refer to it: a changed password changes the Secret in place.
    """
    made = kubernetes.core.v1.Secret(
        name,
        metadata={"name": secret_name, "namespace": namespace.ready},
        type=kind,
        string_data={key: pulumi.Output.secret(value) for key, value in data.items()},
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=namespace.cluster.provider)),
    )
    return made.metadata.name
