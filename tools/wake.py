"""Starts the machines of a stack that sleeps: `python -m tools.wake STACK`."""

from typing import Annotated

import typer

from tools.sleep import wake_up


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
) -> None:
    """Start the machines of a stack, servers before agents, node groups with the sizes of the settings."""
    wake_up(stack)


if __name__ == "__main__":
    typer.run(main)
