"""The stack that is promoted from: what it runs, provided that it is applied, green and without drift."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from settings import Versions
from tools.machines import plain
from tools.promotion.running import Unreadable, running
from tools.pulumi_cli import NO_VARIABLES, Export, Pulumi, PulumiFailed, Runner, resources
from tools.state.checkpoint import pending_of

# https://www.pulumi.com/docs/iac/cli/exit-codes/
_HAS_CHANGES: Final = 7
_SUCCEEDED: Final = "succeeded"
_NO_CHANGE: Final = ("same", "read", "refresh")
_SAID: Final = 500


class Unfit(Exception):  # noqa: N818 (reads as what it is)
    """The stack is in no state to be promoted from; the text is one sentence with the next command."""


@dataclass(frozen=True)
class Applied:
    """A stack whose files, state and cloud agree."""

    versions: Versions
    """What it runs."""
    ended: str
    """When its last update ended, as the engine noted it."""


class Source:
    """A stack to promote from."""

    def __init__(self, stack: str, run: Runner, holders: Callable[[str], Sequence[str]]) -> None:
        self._stack = stack
        self._run = run
        self._pulumi = Pulumi(stack, run)
        self._holders = holders

    def settled(self) -> str:
        """When its last update ended. Raises `Unfit` unless that one succeeded and nothing is under way."""
        holders = self._holders(self._stack)
        if holders:
            raise Unfit(
                f"{self._stack}: is locked by {' and '.join(holders)}: wait for the end of that, or see "
                f"`make locks STACK={self._stack}`"
            )
        export = self._pulumi.export()
        if not resources(export):
            raise Unfit(f"{self._stack}: has no resources, so that it runs nothing yet: `make up STACK={self._stack}`")
        pending = pending_of(export["deployment"])
        if pending:
            raise Unfit(
                f"{self._stack}: its last update was cut off, {len(pending)} operations have no end: "
                f"`make doctor STACK={self._stack}` says what to type"
            )
        last = self._last_update()
        if last.get("result") != _SUCCEEDED:
            raise Unfit(
                f"{self._stack}: its last update, {last.get('kind', 'an update')} of {last.get('endTime', 'no date')}, "
                f"did not succeed: correct it, then `make up STACK={self._stack}`"
            )
        return str(last["endTime"])

    def applied(self, variables: Mapping[str, str] = NO_VARIABLES) -> Applied:
        """What it runs. Raises `Unfit` where that is not what its files say, or changes meanwhile."""
        ended = self.settled()
        before = self._pulumi.export()
        self._refuse_changes(variables)
        if self._pulumi.export()["deployment"] != before["deployment"] or self.settled() != ended:
            raise Unfit(f"{self._stack}: was changed while it was compared: try again once that has ended")
        return Applied(self._versions(before), ended)

    def _last_update(self) -> dict[str, Any]:
        arguments = ("stack", "history", "--json", "--page-size", "1", "--page", "1")
        found = cast(list[dict[str, Any]], json.loads(self._must(*arguments) or "[]") or [])
        if not found:
            raise Unfit(f"{self._stack}: was never updated: `make up STACK={self._stack}`")
        return found[0]

    def _refuse_changes(self, variables: Mapping[str, str]) -> None:
        """Compare files, state and cloud; a difference of any two is a change."""
        arguments = ("preview", "--refresh", "--expect-no-changes", "--json")
        done = self._run(self._on_stack(*arguments), False, variables)
        if done.code == 0:
            return
        told = _report(done.output)
        if done.code != _HAS_CHANGES:
            said = "; ".join(_errors(told)) or " ".join(done.errors.split()) or "it said nothing"
            raise PulumiFailed(
                f"`pulumi {' '.join(arguments)}` failed ({said[:_SAID]}): correct that, "
                f"`make preview STACK={self._stack}` shows it too, then try again"
            )
        counts: Mapping[str, int] = told.get("changeSummary") or {}
        changes = ", ".join(f"{count} to {each}" for each, count in sorted(counts.items()) if each not in _NO_CHANGE)
        raise Unfit(
            f"{self._stack}: what exists is not what its files say ({changes or 'changes'}), for want of an update or "
            f"by drift: see `pulumi preview --refresh --stack {self._stack}`, then `make up STACK={self._stack}`"
        )

    def _versions(self, export: Export) -> Versions:
        try:
            return running(resources(export))
        except Unreadable:
            # The engine encrypts a whole list when a part of it is secret.
            whole: Export = json.loads(self._must("stack", "export", "--show-secrets"))
        try:
            return running(plain(resources(whole)))
        except Unreadable as reason:
            raise Unfit(f"{self._stack}: its state does not say what it runs: {reason}") from None

    def _must(self, *arguments: str) -> str:
        done = self._run(self._on_stack(*arguments), False, NO_VARIABLES)
        if done.code:
            said = " ".join((done.errors or "it said nothing").split())[:_SAID]
            raise PulumiFailed(f"`pulumi {' '.join(arguments)}` failed ({said}): correct that, then try again")
        return done.output

    def _on_stack(self, *arguments: str) -> list[str]:
        return [*arguments, "--stack", self._stack, "--non-interactive"]


def _report(output: str) -> dict[str, Any]:
    try:
        report: Any = json.loads(output)
    except ValueError:
        return {}
    return cast(dict[str, Any], report) if isinstance(report, dict) else {}


def _errors(report: Mapping[str, Any]) -> list[str]:
    """What the engine and the program said was wrong."""
    told: Sequence[Mapping[str, Any]] = report.get("diagnostics") or ()
    said = (" ".join(str(each.get("message", "")).split()) for each in told if each.get("severity") == "error")
    return [each.removeprefix("error: ") for each in said]
