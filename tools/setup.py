"""Makes `.venv` with the pinned requirements, once; the Makefile runs it before every verb."""

# Only the standard library, and annotations in quotes, so that a Python too old for us still gets as far as saying so.
import ast
import contextlib
import errno
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
# What uv reads instead of pip's options; uv wants its lists separated by the second text.
UV_NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
    "proxy": ("ALL_PROXY", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
}
NETWORK_SIGNS = (
    "name resolution",
    "Name or service not known",
    "nodename nor servname",
    "dns error",
    "no such host",
    "Network is unreachable",
    "Connection refused",
    "connection refused",
    "Connection aborted",
    "timed out",
    "i/o timeout",
    "Cannot connect to proxy",
    "CERTIFICATE_VERIFY_FAILED",
    "UnknownIssuer",
    "from versions: none",
)
# Signs of a folder that cannot be written; pip would fare no better than uv.
FOLDER_SIGNS = ("No space left", "Read-only file system", "Permission denied")


class SetupError(Exception):
    """One sentence for the person who typed the command: what is missing and how to get it."""


def refuse_old_python(version: "tuple[int, int]") -> None:
    """Refuse a Python older than the code is written for."""
    if version < OLDEST_PYTHON:
        raise SetupError(
            "Socle needs Python {}.{} or newer, and this is {}.{}: install a newer one and name it, "
            "for example `make PYTHON=python3.12 test`".format(*OLDEST_PYTHON, *version)
        )


def explain(doing: str, output: str, folder: Path) -> str:
    """Why a tool failed while `doing` something, from what it printed, in one sentence with the fix."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it printed nothing"]
    if any("No space left" in line for line in lines):
        return f"{doing} failed, no space is left on the device: free 2 GB for {folder} and the caches in your home"
    reason = next((line for line in lines if any(sign in line for sign in FOLDER_SIGNS)), None)
    if reason:
        return f"{doing} failed ({reason}): make {folder} and your home writable, or clone into a folder that is"
    if any("ensurepip is not available" in line or "No module named venv" in line for line in lines):
        return f"{doing} failed, this Python comes without venv: install it (Debian, Ubuntu: apt install python3-venv)"
    sign = next((line for line in lines if any(sign in line for sign in NETWORK_SIGNS)), None)
    if sign:
        cause = sign.rpartition("broken by ")[2][:200]
        return (
            f"{doing} failed, the package index does not answer ({cause}): check the network, "
            "and HTTPS_PROXY, PIP_INDEX_URL and PIP_CERT when a proxy or a mirror stands between"
        )
    return f"{doing} failed: {lines[-1][:300]}"


def explain_error(error: OSError, folder: Path, remedy: str) -> str:
    """Why `folder` could not be written, in one sentence that ends with the remedy."""
    reasons = {
        errno.ENOSPC: "no space is left on the device",
        errno.EROFS: "it is on a read-only file system",
        errno.EACCES: "you may not write there",
        errno.EPERM: "you may not write there",
        errno.ENOTDIR: "a part of its path is a file",
    }
    return f"cannot write to {folder}, {reasons.get(error.errno or 0, str(error))}: {remedy}"


@contextlib.contextmanager
def locked(folder: Path, waiting: str) -> "Generator[None]":
    """Hold `folder` against other processes; says `waiting` when one of them has it. The system frees it with ours."""
    handle = os.open(str(folder), os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(waiting, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def run(command: "list[str]", environ: "dict[str, str]") -> "tuple[int, str]":
    """Exit code and everything printed by a command that is asked nothing."""
    done = subprocess.run(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def pip_options(listing: str) -> "dict[str, str]":
    """Options from `pip config list`; the environment wins over the install section, and that over the global one."""
    found: dict[str, str] = {}
    lines = [line.partition("=") for line in listing.splitlines() if "=" in line]
    for section in ("global.", "install.", ":env:."):
        for key, _, value in lines:
            if key.startswith(section):
                found[key[len(section) :]] = str(ast.literal_eval(value))
    return found


def uv_environment(options: "dict[str, str]", environ: "dict[str, str]") -> "dict[str, str]":
    """`environ` plus pip's options under the names that uv reads; what is already set under those names stays."""
    translated = {
        name: separator.join(options[option].split())
        for option, (name, separator) in UV_NAMES.items()
        if options.get(option, "").strip()
    }
    if "REQUESTS_CA_BUNDLE" in environ:
        translated.setdefault("SSL_CERT_FILE", environ["REQUESTS_CA_BUNDLE"])
    return {**translated, "UV_NO_PROGRESS": "1", **environ}


def wanted(root: Path) -> str:
    """What the stamp of an up-to-date `.venv` says: its Python, its place (scripts name it) and its requirements."""
    digest = hashlib.sha256(b"".join((root / name).read_bytes() for name in REQUIREMENTS)).hexdigest()
    return "{}.{} {}\n{}\n".format(*sys.version_info[:2], root, digest)


def make_venv(venv: Path, environ: "dict[str, str]") -> None:
    """An empty virtual environment, in place of whatever was there."""
    code, output = run([sys.executable, "-m", "venv", "--clear", str(venv)], environ)
    if code:
        raise SetupError(explain(f"making {venv.name}", output, venv.parent))


def install(root: Path, python: str, environ: "dict[str, str]") -> str:
    """Install the pinned packages and name the installer that did it: uv, or pip where uv is refused."""
    pins = (root / REQUIREMENTS[1]).read_text(encoding="utf-8").split()
    uv = next(pin for pin in pins if pin.startswith("uv=="))
    requirements = ["-r", str(root / REQUIREMENTS[1])]
    pip = [python, "-m", "pip"]
    fetched, output = run([*pip, "install", "-q", "--retries", "2", uv], environ)
    if fetched == 0:
        _, listing = run([*pip, "config", "list"], environ)
        command = [python, "-m", "uv", "pip", "install", "-q", "--python", python, *requirements]
        code, output = run(command, uv_environment(pip_options(listing), environ))
        if code == 0:
            return "uv"
    if any(sign in output for sign in (FOLDER_SIGNS if fetched == 0 else FOLDER_SIGNS + NETWORK_SIGNS)):
        raise SetupError(explain(f"fetching {uv} and the packages of {REQUIREMENTS[1]}", output, root))
    reason = " ".join(output.split())[-200:]
    print(f"Set-up: uv cannot install here ({reason}), pip takes over (about a minute)", flush=True)
    code, output = run([*pip, "install", "-q", *requirements], environ)
    if code:
        raise SetupError(explain(f"fetching the packages of {REQUIREMENTS[1]}", output, root))
    return "pip"


def set_up(root: Path, environ: "dict[str, str]") -> None:
    """Bring `.venv` up to date with the requirements; silent and immediate when it is."""
    venv = root / ".venv"
    stamp, python = venv / ".socle", venv / "bin" / "python"

    def state() -> str:
        return stamp.read_text(encoding="utf-8") if stamp.exists() and python.exists() else ""

    if state() == wanted(root):
        return
    with locked(root, "Set-up: another one is at work in this checkout, waiting for it"):
        if state() == wanted(root):
            return
        start = time.monotonic()
        print(f"Set-up: pinned packages into {venv.name}, once", flush=True)
        if state().split("\n")[0] != wanted(root).split("\n")[0]:
            make_venv(venv, environ)
        installer = install(root, str(python), environ)
        stamp.write_text(wanted(root), encoding="utf-8")
        print(f"Set-up: {venv.name} is ready ({installer}, {time.monotonic() - start:.0f} s)", flush=True)


def main() -> int:
    """Exit code: 0 when `.venv` is ready, 2 after a sentence that says why not."""
    try:
        refuse_old_python(sys.version_info[:2])
        set_up(ROOT, dict(os.environ))
    except SetupError as reason:
        print(f"Set-up: {reason}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Set-up: {explain_error(error, ROOT, 'free space, or clone into a folder of yours')}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
