"""The shape of pods: what they ask for, where they are placed, and what they may not do; creates no resource."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Values = dict[str, Any]
"""Values of a Helm chart, or a part of a Kubernetes object."""

# A host with an optional port, a path in lower case, then a tag, a digest, or both:
# https://github.com/distribution/reference/blob/main/reference.go
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_VERSION = r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_IMAGE = re.compile(rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_PART}(?:/{_PART})*(?:{_VERSION})")


def resources(cpu: str, memory: str, *, limit: str | None = None) -> Values:
    """Say what a container needs at rest, and the memory at which it is stopped (twice `memory` is usual).

    No limit on CPU: it would slow the container down while the node is idle.
    """
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit or memory}}


def spread(labels: Mapping[str, str]) -> list[Values]:
    """Put the pods with `labels` in different zones, and on different nodes, as far as there are any."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def restricted_pod(user: int | None = None) -> Values:
    """Pod security context that the Pod Security Standard `restricted` asks for; `user` also owns its volumes.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    identity = {} if user is None else {"runAsUser": user, "runAsGroup": user, "fsGroup": user}
    return {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, **identity}


def restricted_container() -> Values:
    """Container security context of the same standard, with a read-only file system besides."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def check_image(field: str, image: str) -> None:
    """Raise `ValueError` unless `image` names one version: a tag that stays, or a digest."""
    if not _IMAGE.fullmatch(image) or image.endswith(":latest"):
        raise ValueError(f"{field} must end with a tag other than latest, or with a digest, got {image!r}")


def scratch_volumes(paths: Sequence[str], *, size_limit: str) -> tuple[list[Values], list[Values]]:
    """Volumes and their mounts, for the paths where a program writes although its file system is read-only.

    They are empty when a pod starts; a pod that fills one beyond `size_limit` is evicted.
    """
    names = {path: path.strip("/").replace("/", "-") for path in paths}
    volumes = [{"name": name, "emptyDir": {"sizeLimit": size_limit}} for name in names.values()]
    return volumes, [{"name": name, "mountPath": path} for path, name in names.items()]
