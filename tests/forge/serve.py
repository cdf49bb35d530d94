"""Serves a stand-in forge until its standard input is closed: `python -m tests.forge.serve gitlab|github`."""

import json
import sys

from tests.forge.github_server import REPOSITORY, github_app, github_state
from tests.forge.gitlab_server import PROJECT, gitlab_app, gitlab_state
from tests.forge.server import serving


def main(kind: str) -> None:
    """Print where it is in one line of JSON, then serve; the token `good` may write."""
    state = gitlab_state() if kind == "gitlab" else github_state()
    project = PROJECT if kind == "gitlab" else REPOSITORY
    with serving(gitlab_app(state) if kind == "gitlab" else github_app(state)) as address:
        sys.stdout.write(json.dumps({"address": address, "project": project, "token": "good"}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
