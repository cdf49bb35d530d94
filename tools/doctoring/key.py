"""Checks of the key that guards a stack's secrets."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from tools.doctoring.finding import Finding
from tools.doctoring.scene import Scene

_CONTEXT: Final = "context_"


def key(scene: Scene) -> Iterator[Finding]:
    """Whether the key of the stack's file can be used: it decrypts the data key that the file has."""
    provider, encrypted = (str(scene.document.get(name) or "") for name in ("secretsprovider", "encryptedkey"))
    if not provider.startswith("awskms://"):
        yield Finding(
            "key",
            "broken",
            f"{scene.file.name} has no secretsprovider that is a KMS key",
            "`make bootstrap` makes the keys and writes that line",
        )
        return
    if not encrypted:
        yield Finding(
            "key",
            "warning",
            f"{scene.file.name} has no encryptedkey yet",
            f"the first secret makes it: `make secret STACK={scene.stack} KEY=…`",
        )
        return
    try:
        blob = base64.b64decode(encrypted, validate=True)
    except binascii.Error:
        yield Finding("key", "broken", f"encryptedkey in {scene.file.name} is cut off or mistyped", _from_git(scene))
        return
    name, region, context = _parts(provider)
    more: dict[str, Any] = {"EncryptionContext": context} if context else {}
    scene.client("kms", region or None).decrypt(CiphertextBlob=blob, KeyId=name, **more)
    yield Finding("key", "ok", f"{name} decrypts what guards the secrets")


def one_key(scene: Scene) -> Iterator[Finding]:
    """Whether file and state are encrypted by the same data key."""
    encrypted = scene.document.get("encryptedkey")
    if scene.deployment is None or not encrypted:
        yield Finding("one key", "not checked", "there are no two to compare")
        return
    given = cast(dict[str, Any], scene.deployment.get("secrets_providers") or {})
    of_state = cast(dict[str, Any], given.get("state") or {}).get("encryptedkey")
    if of_state and of_state != encrypted:
        yield Finding(
            "one key",
            "warning",
            f"{scene.file.name} and the state are encrypted by two data keys, as after a rotation that is not in Git",
            f"`git pull`, or make them one with `make rotate-key STACK={scene.stack}`",
        )
        return
    yield Finding("one key", "ok", "file and state are encrypted by the same data key")


def _from_git(scene: Scene) -> str:
    return f"take it from Git, as in `git checkout {scene.file.name}`"


# https://gocloud.dev/howto/secrets/#aws
def _parts(provider: str) -> tuple[str, str, dict[str, str]]:
    """Name of the key, its region and its encryption context."""
    url = urlsplit(provider)
    query = dict(parse_qsl(url.query))
    name = f"{url.netloc}{url.path}" if url.netloc else url.path.lstrip("/")
    context = {each.removeprefix(_CONTEXT): value for each, value in query.items() if each.startswith(_CONTEXT)}
    return name, query.get("region", ""), context
