"""The hardening role, run for real against a Debian tree."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ansible.playbooks import ANSIBLE, PLUGINS, run, write

SUITE = "bookworm"
TREE = f"debian-{SUITE}-2"
"""Its name has a number that goes up when what is in it changes."""


def cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SOCLE_CACHE") or Path(home) / "socle")


def debootstrap(tree: Path) -> str | None:
    """Make a small Debian tree; what went wrong, if anything did."""
    new = tree.with_name(f"{tree.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", "--include=python3,python3-apt,ca-certificates", SUITE, new]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        shutil.rmtree(new, ignore_errors=True)
        return (done.stderr or done.stdout).strip().rpartition("\n")[2]
    # No package may start its service: it would be one of the machine that runs the tests.
    policy = new / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    new.rename(tree)
    return None


def copy(tree: Path, goal: Path) -> None:
    """Copy a tree with its owners, modes and links."""
    subprocess.run([shutil.which("cp") or "cp", "--archive", "--reflink=auto", tree, goal], check=True)


@contextmanager
def alone(lock: Path) -> Generator[None]:
    """Wait until no other process of these tests holds a lock."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of a Debian tree, one for all processes of a run of the tests."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("making a Debian tree and entering it needs root")
    missing = [name for name in ("debootstrap", "chroot", "unshare") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"a real run needs {' and '.join(missing)}: apt-get install debootstrap util-linux")
    kept = cache() / TREE
    with alone(cache() / f"{TREE}.lock"):
        if not kept.exists() and (trouble := debootstrap(kept)):
            pytest.skip(f"debootstrap could not make a tree: {trouble}")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "hardening"
    with alone(folder / "lock"):
        if not (folder / "tree").exists():
            copy(kept, folder / "new")
            (folder / "new").rename(folder / "tree")
    return folder


def harden(machine: Path, *options: str) -> tuple[dict[str, int], str]:
    """Run the role against a tree, in namespaces of its own; the counts of the recap, and everything said."""
    tree = machine / "tree"
    play = {"name": "Hardening", "hosts": "agents", "roles": [{"role": "hardening"}]}
    playbook = write(machine / "play.yaml", [play])
    host = {"ansible_connection": "tree", "ansible_host": str(tree), "ansible_remote_tmp": "/tmp/.ansible"}
    hosts = write(machine / "inventory.yaml", {"agents": {"hosts": {"machine": host}}})
    namespaces = ["--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", f"--mount-proc={tree}/proc"]
    ansible = Path(sys.executable).parent / "ansible-playbook"
    done = run(
        "unshare", *namespaces, ansible, "-i", hosts, playbook, "--diff", *options,
        timeout=200,
        ANSIBLE_CONNECTION_PLUGINS=str(PLUGINS / "connection"),
        ANSIBLE_ROLES_PATH=str(ANSIBLE / "roles"),
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    recap = re.search(r"^machine\s*:(.*)$", said, re.MULTILINE)
    assert recap is not None, said
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", recap[1])}, said


@pytest.fixture(scope="module")
def hardened(machine: Path) -> Path:
    """The machine after the first run."""
    with alone(machine / "lock"):
        done = machine / "hardened"
        if not done.exists():
            counts, said = harden(machine)
            assert counts["changed"] > 10, said
            done.touch()
    return machine / "tree"


def text(tree: Path, path: str) -> str:
    return (tree / path).read_text(encoding="utf-8")


def inside(tree: Path, *command: str) -> str:
    chroot = shutil.which("chroot") or "chroot"
    return subprocess.run([chroot, tree, *command], capture_output=True, text=True, check=True).stdout


def test_the_second_run_changes_nothing(hardened: Path) -> None:
    with alone(hardened.parent / "lock"):
        counts, said = harden(hardened.parent)
    assert counts["changed"] == 0, said


def test_a_dry_run_on_a_hardened_machine_finds_nothing_to_do(hardened: Path) -> None:
    with alone(hardened.parent / "lock"):
        counts, said = harden(hardened.parent, "--check")
    assert counts["changed"] == 0, said


def test_sshd_itself_says_that_only_keys_open_it(hardened: Path) -> None:
    said = inside(hardened, "/usr/sbin/sshd", "-T")
    settings = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    assert {
        "permitrootlogin": "no",
        "passwordauthentication": "no",
        "kbdinteractiveauthentication": "no",
        "pubkeyauthentication": "yes",
        "x11forwarding": "no",
        "allowtcpforwarding": "no",
        "allowagentforwarding": "no",
    }.items() <= settings.items()
    assert not re.search("sha1|cbc|ecdh-sha2-nistp", settings["macs"] + settings["ciphers"] + settings["kexalgorithms"])


def test_apt_takes_security_updates_by_itself_and_nothing_else(hardened: Path) -> None:
    settings = inside(hardened, "apt-config", "dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    assert re.findall(r"Origins-Pattern:: \"(.*)\";", settings) == [
        "origin=Debian,codename=${distro_codename}-security,label=Debian-Security"
    ]
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in settings


def test_the_audit_understands_its_rules(hardened: Path) -> None:
    rules = [line for line in text(hardened, "etc/audit/rules.d/50-socle.rules").splitlines() if line[:1] == "-"]
    assert rules
    assert {rule.split()[0] for rule in rules} == {"-a", "-w"}
    assert all(re.search(r" -k [a-z0-9-]+$", rule) for rule in rules)
    assert oct((hardened / "etc/audit/rules.d/50-socle.rules").stat().st_mode & 0o777) == "0o600"


def test_the_clock_follows_the_hypervisor_alone(hardened: Path) -> None:
    sources = re.findall(r"^(?:server|pool|peer) (\S+)", text(hardened, "etc/chrony/chrony.conf"), re.MULTILINE)
    assert sources == ["169.254.169.123"]


def test_fail2ban_stays_away_unless_asked_for(hardened: Path) -> None:
    assert not (hardened / "usr/bin/fail2ban-server").exists()


def test_a_swap_line_is_commented_out_and_stays_so(hardened: Path) -> None:
    fstab = hardened / "etc/fstab"
    with alone(hardened.parent / "lock"):
        fstab.write_text("LABEL=root / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n", encoding="utf-8")
        counts, said = harden(hardened.parent)
    assert counts["changed"] == 1, said
    assert fstab.read_text(encoding="utf-8") == "LABEL=root / ext4 defaults 0 1\n# /swapfile none swap sw 0 0\n"
