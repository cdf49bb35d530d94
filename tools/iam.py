"""Computes what CI's roles may do from what the stacks declare: `python -m tools.iam [STACK…] [--role ROLE]`.

Actions come from AWS's own resource schemas, their narrowing from its service authorization reference.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from settings import SettingsError
from tools.permissions import files
from tools.permissions.declared import declared, stacks
from tools.permissions.difference import Difference, compare, sentences
from tools.permissions.documents import LARGEST, Document, TooLarge, size
from tools.permissions.files import KINDS, Broken, Kind, TooMany
from tools.permissions.lint import Finding, lint
from tools.permissions.narrowing import grants
from tools.permissions.needed import Needed, NotKnown
from tools.permissions.reference import UnknownAction
from tools.sentences import BAD_INPUT, FAILED, refuse
from tools.setup import ROOT

_RENEW = "`make iam WRITE=1` renews them; read what changed, then `make bootstrap`"


@dataclass(frozen=True)
class Report:
    """A kind of policies: as the stacks need them, and what that changes."""

    kind: Kind
    needs: Needed
    """What the stacks that were named need."""
    policies: Sequence[Document]
    """What all stacks need."""
    difference: Difference
    current: bool
    """Whether the files say it letter by letter."""
    findings: Sequence[Finding]

    @property
    def lines(self) -> list[str]:
        """What to know of it."""
        said = sentences(self.kind, self.difference, self.needs)
        said += [f"{self.kind}: the linter finds {each.kind}: {each.detail}" for each in self.findings]
        if not (self.difference or self.current):
            said.append(f"{self.kind}: the files say the same in other words or another order")
        sizes = ", ".join(str(size(each)) for each in self.policies)
        return [*said, f"{self.kind}: {len(self.policies)} policies of {sizes} characters, of {LARGEST} at most"]

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "kind": self.kind,
            "actions": self.needs.actions,
            "changes": sentences(self.kind, self.difference, self.needs),
            "sizes": [size(each) for each in self.policies],
            "current": self.current,
            "findings": [f"{each.kind}: {each.detail}" for each in self.findings],
        }


def table(needs: Needed) -> Table:
    """Actions by service, what narrows them, and why they are not narrower."""
    rows = Table("service", "actions", "narrowed by", "why not more")
    for column in rows.columns:
        column.overflow = "fold"
    grouped: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for grant in grants(needs):
        service, _, action = grant.action.partition(":")
        grouped[service, grant.narrowed_by, grant.why].add(action)
    for (service, narrowed, why), actions in sorted(grouped.items()):
        rows.add_row(service, ", ".join(sorted(actions)), narrowed, why)
    return rows


def reports(names: Sequence[str], kinds: Sequence[Kind], root: Path) -> list[Report]:
    """One for each kind; `names` are the stacks whose needs are shown. Refuses, in a sentence, what is wrong."""
    known = stacks(root)
    strangers = [name for name in names if name not in known]
    if strangers:
        raise refuse(f"there is no stack {', '.join(strangers)}: the stacks are {', '.join(known)}", BAD_INPUT)
    try:
        found = declared(known, root)
        made: list[Report] = []
        for kind in kinds:
            needs, policies = files.computed(kind, [*found.values()])
            shown = files.computed(kind, [found[name] for name in names])[0] if names else needs
            difference = compare(files.written(kind, root), policies)
            made.append(
                Report(kind, shown, policies, difference, files.is_current(kind, root, policies), lint(policies))
            )
    except SettingsError as error:
        raise refuse("\n".join(error.problems), BAD_INPUT) from None
    except (NotKnown, UnknownAction, TooMany, TooLarge, Broken) as error:
        raise refuse(str(error), FAILED) from None
    return made


def run(names: Sequence[str], kinds: Sequence[Kind], *, write: bool, check: bool, as_json: bool, root: Path) -> int:
    """Show, check or renew the policies; the exit code is 1 when they are not what the stacks need."""
    console = Console(highlight=False, soft_wrap=write or check)
    found = reports(names, kinds, root)
    wrong = [each for each in found if each.findings or not (each.current or write)]
    if as_json:
        print(json.dumps([each.as_json() for each in found], indent=2))
    elif check and not wrong:
        said = ", ".join(f"{each.kind} {len(each.policies)}" for each in found)
        console.print(f"Permissions: the policies ({said}) say what the stacks need")
        return 0
    for each in found if not as_json else ():
        if not (write or check) and each.kind != "boundary":
            console.print(f"{each.kind}: what {', '.join(names or stacks(root))} need")
            console.print(table(each.needs))
        for line in each.lines:
            console.print(line, markup=False)
    if write:
        for each in found:
            files.write(each.kind, root, each.policies)
    if wrong and not as_json:
        console.print(f"bootstrap/permissions: not what the stacks need: {_RENEW}", markup=False)
    return FAILED if wrong and (check or write) else 0


def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="show what these need")] = None,
    role: Annotated[str, typer.Option(help=f"{', '.join(KINDS)}; all of them when omitted.")] = "",
    write: Annotated[bool, typer.Option("--write", help="Make the files say what the stacks need.")] = False,
    check: Annotated[bool, typer.Option("--check", help="End with 1 when the files say something else.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False,
) -> None:
    """Show what CI's roles need for the stacks, and what the files of the bootstrap lack or have for nobody."""
    kinds: list[Kind] = [kind for kind in KINDS if role in ("", kind)]
    if not kinds:
        raise refuse(f"ROLE: expected one of {', '.join(KINDS)}, got {role}", BAD_INPUT)
    if names and (write or check):
        raise refuse("WRITE and CHECK are about all stacks, for all share the roles: leave out STACK", BAD_INPUT)
    raise typer.Exit(run(names or [], kinds, write=write, check=check, as_json=as_json, root=ROOT))


if __name__ == "__main__":
    typer.run(main)
