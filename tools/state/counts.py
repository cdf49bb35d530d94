"""How many resources the state of a stack has, read from its object without an engine."""

from tools.state.checkpoint import Deployment, deployment_of
from tools.state.objects import Objects

_PACKED = ".gz"
"""What the engine adds to the name of a state that it packs: PULUMI_SELF_MANAGED_STATE_GZIP."""


def deployment_in_state(objects: Objects, stack: str) -> Deployment | None:
    """The deployment of a stack; None when the backend does not know it. Raises `StateBroken`."""
    key = objects.backend.state_key(stack)
    stored = objects.read(key) or objects.read(key + _PACKED)
    return deployment_of(stored.body) if stored else None


def resources_in_state(objects: Objects, stack: str) -> int | None:
    """How many resources a state has, with the providers and the stack itself, as `pulumi stack rm` counts; None when
    the backend does not know the stack. Raises `StateBroken`.
    """
    deployment = deployment_in_state(objects, stack)
    return None if deployment is None else len(deployment.get("resources") or ())


def stacks_in_backend(objects: Objects) -> list[str]:
    """Stacks of this project that the backend knows: one listing."""
    start = objects.backend.state_key("").removesuffix(".json")
    names = (key.removeprefix(start).removesuffix(_PACKED) for key in objects.keys(start))
    return sorted({name.removesuffix(".json") for name in names if name.endswith(".json") and "/" not in name})
