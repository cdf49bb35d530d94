"""Whether an update goes on that the budget is against."""

import os
import sys
from collections.abc import Mapping
from typing import Final

import typer

from tools.costing.gate import OVER_BUDGET
from tools.sentences import errors, refuse

VARIABLE: Final = "OVER_BUDGET"
"""Set to 1 by whoever has decided beforehand that the money may be spent."""


def afford(stack: str, code: int | None, *, yes: bool, environ: Mapping[str, str] = os.environ) -> None:
    """Ask whether to spend more than the budget, or refuse where nobody can be asked. Raises `typer.Exit`.

    `code` is the estimate's. Whatever else that says stops nothing: an estimate that fails costs nobody his update.
    """
    if code != OVER_BUDGET:
        return
    if environ.get(VARIABLE) == "1":
        errors().print(f"{stack}: goes over the budget, as {VARIABLE}=1 says", markup=False)
    elif yes or not sys.stdin.isatty():
        raise refuse(
            f"{stack}: nothing was changed, because this goes over the budget: make it cheaper "
            f'(`make cost STACK={stack} COMPARE="..."` tries settings), or decide to spend it with {VARIABLE}=1',
            OVER_BUDGET,
        )
    elif not typer.confirm(f"{stack}: this goes over the budget. Deploy it all the same?"):
        raise refuse(f"{stack}: nothing was changed", OVER_BUDGET)
