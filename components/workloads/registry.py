"""How nodes log in to a private registry of images."""

import base64
import json
from dataclasses import dataclass

import pulumi

from components.credentials import kubernetes_secret
from components.namespace import Namespace

_NAME = "registry"


@dataclass(frozen=True, kw_only=True)
class RegistryLogin:
    """Who pulls images from a registry that does not give them to everybody."""

    server: str
    """Host of the registry, as image names begin with it, such as `registry.gitlab.com`."""
    username: str
    """User, or name of a deploy token that may read images."""
    password: pulumi.Input[str]
    """Its password, secret."""


def pull_secret(
    name: str, login: RegistryLogin | None, namespace: Namespace, opts: pulumi.ResourceOptions
) -> pulumi.Output[str] | None:
    """Make the Secret with which pods of a namespace pull their images; None for a registry that asks nobody."""
    if login is None:
        return None
    content = pulumi.Output.secret(login.password).apply(lambda password: _docker_config(login, password))
    return kubernetes_secret(
        f"{name}-registry",
        namespace=namespace,
        secret_name=_NAME,
        data={".dockerconfigjson": content},
        opts=opts,
        kind="kubernetes.io/dockerconfigjson",
    )


def _docker_config(login: RegistryLogin, password: str) -> str:
    # https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
    auth = base64.b64encode(f"{login.username}:{password}".encode()).decode()
    return json.dumps({"auths": {login.server: {"username": login.username, "password": password, "auth": auth}}})
