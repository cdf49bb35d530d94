"""Turns what can go wrong on the way to a stack into one sentence and an exit code."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console

from settings import SettingsError
from tools.account import Failure, explain
from tools.cluster_api import ClusterRefused, ClusterSilent
from tools.pulumi_cli import PulumiFailed
from tools.setup import SetupError
from tools.ssh_agent import Refused
from tools.state.backend import Backend, BackendRefused, found_backend
from tools.state.failures import explain_backend

BAD_INPUT: Final = 2
"""Exit code when the command, or the stack's settings, have to change first."""
FAILED: Final = 1
"""Exit code when the cloud failed, or when something is left."""
INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it."""


def errors() -> Console:
    """Where sentences about failures go."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def refuse(text: str, code: int) -> typer.Exit:
    """Say why the command ends; raise what this returns."""
    errors().print(text, markup=False)
    return typer.Exit(code)


@contextmanager
def sentences(stack: str, again: str, backend: Backend | None = None) -> Generator[None]:
    """Say what went wrong with a stack, and how to go on: 2 for bad input, 1 for a failure of the cloud.

    `again` is the command that the person types next; `backend` is given where AWS is asked only about the states.
    """
    try:
        yield
    except SettingsError as error:
        for problem in error.problems:
            errors().print(problem, markup=False)
        raise typer.Exit(BAD_INPUT) from None
    except (SetupError, BackendRefused) as error:
        raise refuse(str(error), BAD_INPUT) from None
    except Refused as refused:
        raise refuse(f"{stack}: {refused}, then `{again}`", FAILED) from None
    except Failure as error:
        known = explain_backend(error, backend, again, stack) if backend else None
        raise refuse(f"{stack}: {known or explain(error, again)}", FAILED) from None
    except PulumiFailed as error:
        known = explain_backend(error.said, backend or known_backend(), again, stack) if error.said else None
        raise refuse(f"{stack}: {known or error}", FAILED) from None
    except ClusterSilent as error:
        raise refuse(
            f"{stack}: the cluster's API does not answer ({error}): if the cluster is gone, "
            f"`make forget-cluster STACK={stack}`; if it is there, work from a network that socle:cluster.api_cidrs "
            f"lets in, and `{again}`",
            FAILED,
        ) from None
    except ClusterRefused as error:
        raise refuse(
            f"{stack}: the cluster's API refused ({error}): see with `aws sts get-caller-identity` who you are, "
            f"and in socle:cluster.access what you may do, then `{again}`",
            FAILED,
        ) from None
    except KeyboardInterrupt:
        raise refuse(f"interrupted: go on with `{again}`", INTERRUPTED) from None


def known_backend() -> Backend | None:
    """Where the states are, if that can be told."""
    try:
        return found_backend()
    except (BackendRefused, OSError):
        return None
