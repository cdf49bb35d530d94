"""Stand-ins for docker, trivy and gh on a path of their own, which note what they are asked and do nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_STAND_IN = """#!{python}
import json, sys
words = [{name!r}, *sys.argv[1:]]
with open({log!r}, "a") as log:
    log.write(json.dumps(words) + "\\n")
if "--password-stdin" in words:
    open({given!r}, "w").write(sys.stdin.read())
if " ".join(words).startswith(tuple(open({fails!r}).read().splitlines())):
    sys.exit(1)
if "--output" in words:
    open(words[words.index("--output") + 1], "w").write("an image")
if "imagetools" in words:
    print({digest!r})
"""


@dataclass
class Programs:
    """The stand-ins, and a checkout of an application where scripts run with them."""

    path: Path
    folder: Path
    digest: str
    """What the registry answers."""

    def __post_init__(self) -> None:
        self.path.mkdir()
        self.folder.mkdir()
        (self.path / "fails").touch()
        for name in ("docker", "trivy", "gh"):
            text = _STAND_IN.format(
                python=f"{sys.executable} -S",
                name=name,
                log=str(self.path / "log"),
                given=str(self.path / "given"),
                fails=str(self.path / "fails"),
                digest=self.digest,
            )
            (self.path / name).write_text(text)
            (self.path / name).chmod(0o755)

    def fail(self, command: str) -> None:
        """Let a command fail that begins so."""
        (self.path / "fails").write_text(f"{command}\n")

    def execute(self, script: str, environ: Mapping[str, str]) -> None:
        """Run a script as a runner does; raises `CalledProcessError` when it fails."""
        path = f"{self.path}{os.pathsep}/usr/bin{os.pathsep}/bin"
        subprocess.run(["/bin/bash", "-c", script], cwd=self.folder, env={**environ, "PATH": path}, check=True)

    def lines(self) -> list[list[str]]:
        """Commands that ran, word by word."""
        return [json.loads(line) for line in (self.path / "log").read_text().splitlines()]

    def given(self) -> str:
        """What was given as a password."""
        return (self.path / "given").read_text()
