"""Plain `pulumi` commands on the simulated cloud."""

import os
import signal
import subprocess
from pathlib import Path

from rehearsal.engine import Engine
from tests.rehearsal.checkouts import Checkout


def _variables(lines: list[str]) -> set[str]:
    """Names that the printed lines set."""
    return {line.removeprefix("export ").partition("=")[0] for line in lines if line.startswith("export ")}


def test_plain_pulumi_previews_on_the_served_cloud(checkout: Checkout, engine: Engine) -> None:
    folder = checkout.workspace("staging").folder
    with subprocess.Popen(
        checkout.command("serve", "staging"), cwd=checkout.folder, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        printed: list[str] = []
        for line in server.stdout:
            printed.append(line.strip())
            if "Ctrl-C" in line:
                break
        assert _variables(printed) >= {"PULUMI_DEBUG_PROVIDERS", "PULUMI_BACKEND_URL", "PATH"}
        assert f"#   cd {folder} && source environment.sh" in printed

        clean = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        preview = subprocess.run(
            ["/bin/bash", "-c", "source environment.sh && pulumi stack select --create staging && pulumi preview"],
            cwd=folder,
            env=clean,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert server.poll() is None
        clouds = [int(child) for child in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()]
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
    assert preview.returncode == 0, preview.stdout
    assert "to create" in preview.stdout
    assert "main-vpc" in preview.stdout
    assert "Traceback" not in preview.stdout
    assert clouds
    assert not any(Path(f"/proc/{child}").exists() for child in clouds)
