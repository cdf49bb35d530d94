"""Where a Pulumi engine comes from when the machine has none: the official installer, or a Go build."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import IO, Final, Literal

from pulumi.automation import PulumiCommand
from pulumi.automation.errors import InvalidVersionError
from semver import VersionInfo

from tools.setup import NETWORK_SIGNS, SetupError

OLDEST_GO: Final = "1.25.11"
"""What rehearsal/engine_build/go.mod asks for."""

LANGUAGE_HOST: Final = "pulumi-language-python"
"""What the engine starts to run Python; a Go build comes without it, and `language_host.py` takes its place."""

CHECKOUT: Final = "SOCLE_CHECKOUT"
"""Variable that says whose Python and `language_host.py` to use: the engine is shared by all checkouts."""

# What `PulumiCommand.install` fetches first: https://www.pulumi.com/docs/install/
_INSTALLER: Final = "https://get.pulumi.com/install.sh"
SECONDS_TO_ANSWER: Final = 3
"""How long the installer's host may take to answer before Go builds the engine."""

_SECONDS_BETWEEN_NEWS: Final = 30
_MODULE: Final = Path(__file__).with_name("engine_build")
_PROGRAM: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_SYMBOL: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def fetch(version: str, root: Path) -> Literal["installer", "Go build"]:
    """Put an engine at `root`/bin/pulumi by the first way that works; `SetupError` when none does."""
    if installer_answers() and install(version, root):
        return "installer"
    if go() is None:
        raise SetupError(
            f"no engine here: no pulumi {version} or newer 3.x on PATH, its installer cannot be reached within "
            f"{SECONDS_TO_ANSWER} s, and Go is missing to build it; connect to the internet, "
            f"or install Go {OLDEST_GO} or newer, or put pulumi on PATH"
        )
    build(version, root)
    return "Go build"


def go() -> str | None:
    """The `go` command on PATH."""
    return shutil.which("go")


def installer_answers() -> bool:
    """Whether the official installer can be reached; a network that drops packets costs 3 s, not a minute."""
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(_INSTALLER, timeout=SECONDS_TO_ANSWER):
                answered.set()
        except (OSError, HTTPException):
            return

    # In a thread, since no time-out of ours applies to the resolution of a name.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SECONDS_TO_ANSWER)
    return answered.is_set()


def install(version: str, root: Path) -> bool:
    """Run the official installer; False, after a line that says why, when the download breaks."""
    print(f"Engine: fetching pulumi {version} with its official installer, once", flush=True)
    try:
        PulumiCommand.install(root=str(root), version=VersionInfo.parse(version))
    except subprocess.CalledProcessError as error:
        output = error.output if isinstance(error.output, bytes) else b""
        reason = output.decode(errors="replace").strip().splitlines()[-1:] or [str(error)]
    except (OSError, InvalidVersionError) as error:
        reason = [str(error)]
    else:
        return True
    print(f"Engine: the installer failed ({reason[0]})", flush=True)
    shutil.rmtree(root, ignore_errors=True)
    return False


def build(version: str, root: Path) -> None:
    """Build the engine with Go, from sources whose sums engine_build/go.sum fixes."""
    print(f"Engine: building pulumi {version} with Go, once, about 3 minutes on 2 cores", flush=True)
    command = [go() or "go", "build", "-mod=readonly", "-buildvcs=false"]
    command += ["-ldflags", f"-s -w -X {_VERSION_SYMBOL}=v{version}", "-o", str(root / "bin" / "pulumi"), _PROGRAM]
    environ = {**os.environ, "GOWORK": "off"}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(command, cwd=_MODULE, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait(process)
        finally:
            process.kill()
        if process.returncode:
            log.seek(0)
            raise SetupError(_explain(log, root))
    add_language_host(root / "bin")


def add_language_host(folder: Path) -> None:
    """Put the stand-in for Pulumi's language host where the engine looks first: beside itself."""
    shim = folder / LANGUAGE_HOST
    checkout = f"${{{CHECKOUT}:?is not set: python -m rehearsal serve prints it}}"
    # -P: the folder of the script holds modules that no program should see.
    run = f'exec "{checkout}/.venv/bin/python" -u -P "${CHECKOUT}/rehearsal/language_host.py" "$@"'
    shim.write_text(f"#!/bin/sh\n{run}\n", encoding="utf-8")
    shim.chmod(0o755)


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Wait, telling the time: in place on a terminal, in a new line now and then elsewhere."""
    start = time.monotonic()
    terminal = sys.stdout.isatty()
    while process.poll() is None:
        try:
            process.wait(1 if terminal else _SECONDS_BETWEEN_NEWS)
        except subprocess.TimeoutExpired:
            seconds = int(time.monotonic() - start)
            news = f"Engine: building, {seconds // 60} min {seconds % 60:02} s"
            print(f"\r{news}" if terminal else news, end="" if terminal else "\n", flush=True)
    if terminal:
        print("\r\033[K", end="", flush=True)


def _explain(log: IO[str], root: Path) -> str:
    """Why the build failed, in one sentence with the fix."""
    lines = [line.strip() for line in log if line.strip() and not line.startswith("go: downloading")] or ["no reason"]
    text = "\n".join(lines)
    if "no space left" in text:
        return (
            "building the engine failed, no space is left on the device: free 4 GB for Go's caches "
            f"(`go env GOCACHE GOMODCACHE` names them) and for {root.parent}"
        )
    if "requires go >=" in text or "invalid go version" in text:
        return f"building the engine failed ({lines[0][:200]}): install Go {OLDEST_GO} or newer"
    sign = next((line for line in lines if any(sign in line for sign in NETWORK_SIGNS)), None)
    if sign:
        return (
            f"building the engine failed, the Go module proxy does not answer ({sign[-200:]}): "
            "check the network, GOPROXY and HTTPS_PROXY, or put pulumi on PATH"
        )
    return f"building the engine failed ({lines[-1][:300]}): put pulumi on PATH, or report this"
