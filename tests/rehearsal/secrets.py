"""Where secret values of a rehearsed stack stand in plain sight: they must not, whatever shows or keeps them."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping

from rehearsal.command_provider import LOCAL
from rehearsal.engine import find
from rehearsal.session import environment, running_cloud
from rehearsal.workspace import Workspace
from tests.rehearsal.checkouts import Checkout

_SHORTEST = 6
"""Characters of the shortest text that is no coincidence."""
_SECRET_OUTPUTS = {
    "random:index/randomPassword:RandomPassword": ("result", "bcryptHash"),
    "random:index/randomBytes:RandomBytes": ("base64", "hex"),
    "tls:index/privateKey:PrivateKey": ("privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"),
}
_KUBECONFIG_KEY = "client-key-data"
_PEM_LINE = 40
"""Characters in the lines of a private key that tell something of it."""
_KUBERNETES_SECRET = "kubernetes:core/v1:Secret"

_NAMES = ("username", "usernames")
"""Entries of Secrets that stand beside a password and are no secret."""


def drawn(checkout: Checkout, stack: str) -> set[str]:
    """Every value that the simulated cloud keeps as a secret of the stack: passwords, keys, and entries of Secrets."""
    found: set[str] = set()
    for thing in checkout.cloud(stack).values():
        found |= {str(thing.outputs[name]) for name in _SECRET_OUTPUTS.get(thing.type, ())}
        if thing.type == LOCAL and _KUBECONFIG_KEY in thing.outputs["stdout"]:
            (user,) = json.loads(thing.outputs["stdout"])["users"]
            found |= {thing.outputs["stdout"], user["user"][_KUBECONFIG_KEY]}
        if thing.type == _KUBERNETES_SECRET:
            entries = thing.outputs.get("data", {})
            found |= {base64.b64decode(text).decode() for key, text in entries.items() if key not in _NAMES}
    found |= {line for text in found for line in text.splitlines() if "PRIVATE KEY" in text and len(line) > _PEM_LINE}
    return {value for value in found if len(value) >= _SHORTEST}


def stand_ins(checkout: Checkout, stack: str) -> dict[str, str]:
    """The secret settings of a rehearsal, decrypted."""
    workspace = checkout.workspace(stack)
    shown = json.loads(_pulumi(workspace, workspace.environment(), "config", "--show-secrets", "--json"))
    return {key: entry["value"] for key, entry in shown.items() if entry["secret"]}


def search(checkout: Checkout, stack: str, values: Iterable[str], output: str = "") -> list[str]:
    """Places where one of the values can be read, encoded or not: the place, then the first letters of the value.

    Looks through the state's export and files, a preview in JSON, `result.json`, and `output`, what a command printed.
    """
    places = {**_places(checkout, stack), "the output": output}
    found: list[str] = []
    for value in sorted(set(values)):
        assert len(value) >= _SHORTEST, "too short to search for"
        for place, text in places.items():
            found += [f"{place}: {value[:3]}… {form}" for form, written in _forms(value).items() if written in text]
    return found


def _forms(value: str) -> dict[str, str]:
    coded = value.encode()
    plain = base64.b64encode(coded).decode().rstrip("=")
    return {
        "in plain text": value,
        "in JSON": json.dumps(value)[1:-1],
        "in base64": plain,
        "in base64 for URLs": base64.urlsafe_b64encode(coded).decode().rstrip("="),
        "in base64 twice": base64.b64encode(base64.b64encode(coded)).decode().rstrip("=")[:-2],
    }


def _places(checkout: Checkout, stack: str) -> dict[str, str]:
    workspace = checkout.workspace(stack)
    with running_cloud(workspace) as cloud:
        variables = environment(workspace, find(), cloud)
        export = _pulumi(workspace, variables, "stack", "export")
        preview = _pulumi(workspace, variables, "preview", "--json")
        outputs = _pulumi(workspace, variables, "stack", "output", "--json")
    kept = {
        f"state/{file.relative_to(workspace.state)}": file.read_text(encoding="utf-8", errors="replace")
        for file in workspace.state.rglob("*")
        if file.is_file()
    }
    result = workspace.result_file
    return {
        "the state's export": export,
        "the preview": preview,
        "the stack's outputs": outputs,
        "result.json": result.read_text(encoding="utf-8") if result.exists() else "",
        **kept,
    }


def _pulumi(workspace: Workspace, variables: Mapping[str, str], *arguments: str) -> str:
    engine = {**find().environment(), **variables}
    done = subprocess.run(
        [shutil.which("pulumi", path=engine["PATH"]) or "pulumi", *arguments, "--stack", workspace.stack],
        cwd=workspace.folder,
        env={**os.environ, **engine},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
