"""A rotation of the key that guards a stack's secrets: what was before, whether it worked, and how to undo it."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from tools.pulumi_cli import Pulumi
from tools.state.checkpoint import StateBroken, deployment_of
from tools.state.copies import back_up
from tools.state.difference import difference
from tools.state.objects import Objects, Stored

_CIPHERTEXT: Final = re.compile(r"v1:[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+")
"""A secret as the engine writes it: https://github.com/pulumi/pulumi/blob/v3.250.0/sdk/go/common/resource/config/crypt.go"""


class NotRotated(Exception):  # noqa: N818 (reads as what it is)
    """The rotation cannot begin, or did not do what it should; the text is a sentence without the stack's name."""


@dataclass(frozen=True)
class Before:
    """A stack before its rotation."""

    stack: str
    path: Path
    """The stack's file."""
    file: bytes
    provider: str
    encryptedkey: str
    state: Stored
    copy: str
    """Key of the copy of the state."""
    config: Mapping[str, Any]
    """Settings in plain text; never shown."""
    plain: Any
    """Resources in plain text; never shown."""

    @property
    def count(self) -> int:
        """How many secrets the file and the state have."""
        return len(_ciphertexts(self.file) | _ciphertexts(self.state.body))


def read_before(objects: Objects, stack: str, folder: Path, pulumi: Pulumi) -> Before:
    """Read all that a rotation changes, see that it can be decrypted now, and keep a copy of the state.

    Raises `NotRotated`, `PulumiFailed`, and what `tools.account.Failure` names.
    """
    path = folder / f"Pulumi.{stack}.yaml"
    file = path.read_bytes() if path.is_file() else b""
    provider, encryptedkey = _key_of(file)
    if not provider:
        raise NotRotated(
            f"Pulumi.{stack}.yaml has no secretsprovider, so there is no key to rotate: `make bootstrap` writes it"
        )
    if not encryptedkey:
        raise NotRotated(
            f"Pulumi.{stack}.yaml has no encryptedkey, so nothing was ever encrypted: `make secret STACK={stack} KEY=…`"
        )
    state = objects.read(objects.backend.state_key(stack))
    if state is None:
        raise NotRotated(f"there is no state of it: `make doctor STACK={stack}` says why")
    try:
        deployment_of(state.body)
    except StateBroken as reason:
        raise NotRotated(f"{reason}: `make rescue STACK={stack}` first") from None
    config, plain = pulumi.config(), _plain(pulumi)
    copy = back_up(objects, stack, state.body)
    return Before(stack, path, file, provider, encryptedkey, state, copy, config, plain)


def verify(objects: Objects, before: Before, pulumi: Pulumi) -> None:
    """See that everything can be decrypted and is encrypted anew. Raises `NotRotated` or `PulumiFailed`."""
    file = before.path.read_bytes()
    provider, encryptedkey = _key_of(file)
    if encryptedkey == before.encryptedkey:
        raise NotRotated(f"encryptedkey in {before.path.name} is still the same")
    state = objects.read(objects.backend.state_key(before.stack))
    if state is None or _key_in(state.body) != (provider, encryptedkey):
        raise NotRotated(f"the state has another encryptedkey than {before.path.name}")
    kept = (_ciphertexts(before.file) | _ciphertexts(before.state.body)) & (
        _ciphertexts(file) | _ciphertexts(state.body)
    )
    if kept:
        raise NotRotated(f"{len(kept)} secrets are still encrypted by the old data key")
    if pulumi.config() != before.config:
        raise NotRotated("its settings are not what they were")
    if _plain(pulumi) != before.plain:
        raise NotRotated("its state is not what it was")


def put_back(objects: Objects, before: Before) -> str:
    """Make file and state what they were. Returns what could not be done, in one sentence; empty when all was."""
    _write(before.path, before.file)
    key = objects.backend.state_key(before.stack)
    current = objects.read(key)
    if current and current.body == before.state.body:
        return ""
    if current and _is_ours(before, current) and objects.replace(key, before.state.body, current.etag):
        return ""
    return (
        f"{before.path.name} is as it was, but somebody wrote the state meanwhile: see `make history "
        f"STACK={before.stack}`; what was before is s3://{objects.backend.bucket}/{before.copy}"
    )


def _is_ours(before: Before, current: Stored) -> bool:
    """Whether this rotation wrote a state: the same resources, under another key."""
    if _key_in(current.body) in (("", ""), (before.provider, before.encryptedkey)):
        return False
    return not difference(deployment_of(before.state.body), deployment_of(current.body))


def _plain(pulumi: Pulumi) -> Any:
    deployment: dict[str, Any] = pulumi.export(secrets=True)["deployment"]
    # The provider's own entry is what changes; that of each secret is replaced by its value.
    return [deployment.get("resources"), deployment.get("pending_operations")]


def _key_of(file: bytes) -> tuple[str, str]:
    """Provider and encrypted data key of a stack's file; empty where it has none."""
    try:
        document: Any = yaml.safe_load(file) or {}
        return str(document.get("secretsprovider") or ""), str(document.get("encryptedkey") or "")
    except (yaml.YAMLError, AttributeError):
        return "", ""


def _key_in(body: bytes) -> tuple[str, str]:
    """The same of a state."""
    try:
        provider: Any = deployment_of(body).get("secrets_providers") or {}
    except StateBroken:
        return "", ""
    state = cast(dict[str, Any], provider.get("state") or {})
    return str(state.get("url") or ""), str(state.get("encryptedkey") or "")


def _ciphertexts(body: bytes) -> set[str]:
    return set(_CIPHERTEXT.findall(body.decode(errors="replace")))


def _write(path: Path, content: bytes) -> None:
    """Replace a file at once, or not at all."""
    if path.exists() and path.read_bytes() == content:
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        file.write(content)
    written = Path(file.name)
    if path.exists():
        written.chmod(path.stat().st_mode)
    written.replace(path)
