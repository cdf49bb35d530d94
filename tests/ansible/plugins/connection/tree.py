"""Connection of Ansible into a folder that holds a Debian tree, as if it were a machine."""

import shutil
import subprocess
from pathlib import Path
from typing import Any, cast

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: tree
short_description: run tasks inside a folder by chroot
description: Commands run in the folder that is the host's ansible_host, files are copied into it.
options:
  remote_addr:
    description: Path of the folder.
    vars:
      - name: ansible_host
"""


class Connection(ConnectionBase):
    """Commands by `chroot`, files by copying."""

    has_pipelining = True

    @property
    def transport(self) -> str:
        return "tree"

    def _connect(self) -> "Connection":
        self._connected = True
        return self

    def _tree(self) -> Path:
        return Path(cast("str", self.get_option("remote_addr")))

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        chroot = shutil.which("chroot") or "/usr/sbin/chroot"
        command: list[str] = [chroot, self._tree().as_posix(), "/bin/sh", "-c", cmd]
        done = subprocess.run(command, input=in_data or b"", capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        shutil.copyfile(in_path, self._tree() / out_path.lstrip("/"))

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        shutil.copyfile(self._tree() / in_path.lstrip("/"), out_path)

    def close(self) -> None:
        self._connected: Any = False
