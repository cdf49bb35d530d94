"""Moves the bootstrap's state from one place to another, so that it exists in at least one at every moment."""

import shutil

from tools.bootstrapping.engine_stack import EngineStack, contents
from tools.bootstrapping.means import BootstrapRefused, Team
from tools.pulumi_cli import resources
from tools.sentences import FAILED


def move(source: EngineStack, target: EngineStack, provider: str, *, begun: bool) -> None:
    """Export, import under another secrets provider, compare, and only then remove the source.

    `begun` says that the target has the stack already, which an earlier move was making. Raises `BootstrapRefused` when
    both have resources and differ: then nobody can tell which is right.
    """
    if not begun:
        source.seal(provider)
        target.init(provider)
    here, there = source.export(), target.export()
    if not resources(there):
        if begun:
            source.seal(provider)
            here = source.export()
        target.load(here)
        there = target.export()
    if contents(here) != contents(there):
        names = [urn.rpartition("::")[2] for urn in _differing(contents(here), contents(there))]
        raise BootstrapRefused(
            f"bootstrap: its state is in {source.address} and in {target.address}, and they differ in "
            f"{', '.join(names)}: look at both with `pulumi stack export`, and remove the older one with "
            "`pulumi stack rm team --force --preserve-config`",
            FAILED,
        )
    source.forget()


def remove_local(team: Team) -> None:
    """Remove what a file backend leaves once its stack is gone."""
    if team.local.is_dir() and not team.local_state.is_file():
        shutil.rmtree(team.local)


def _differing(one: dict[str, object], other: dict[str, object]) -> list[str]:
    return sorted(urn for urn in {*one, *other} if one.get(urn) != other.get(urn))
