"""Copies of a state that are made before it is changed."""

from datetime import UTC, datetime

from tools.state.objects import Objects


def back_up(objects: Objects, stack: str, body: bytes, kind: str = "json") -> str:
    """Keep a copy beside the states, with the secrets encrypted as they are; its key.

    Times have microseconds: two copies never have one name. May raise what `tools.account.Failure` names.
    """
    key = objects.backend.own_key("backups", f"{stack}/{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%fZ}.{kind}")
    objects.write(key, body)
    return key
