"""What a command of the rehearsal did: `result.json` for programs, a short summary for people."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from rehearsal.kubernetes.definitions import RELEASE
from rehearsal.session import Outcome
from rehearsal.wire import Properties
from rehearsal.workspace import Workspace
from rehearsal.world import World

_CHANGES = ("create", "update", "replace", "delete", "same")
_SHOWN_PROPERTIES = 8


def account(world: World) -> Properties:
    """How much of what exists was checked against what; the rest is named in `not_in_a_schema`."""
    findings = world.findings()
    aws = {urn: found for urn, found in findings.items() if "by_schema" in found}
    values = sum(found["values"] for found in aws.values())
    by_schema = sum(found["by_schema"] for found in aws.values())
    others = Counter(found["type"].partition(":")[0] for found in findings.values() if found.get("kind") == "signature")
    unmatched: dict[str, set[str]] = defaultdict(set)
    for found in aws.values():
        unmatched[found["type"]].update(found["unmatched"])
    return {
        "values": values,
        "by_schema": by_schema,
        "by_signature": values - by_schema,
        "kubernetes_objects": sum(found.get("schema") == "api" for found in findings.values()),
        "custom_resources": sum(found.get("schema") == "custom" for found in findings.values()),
        "releases": sum(found["type"] == RELEASE for found in findings.values()),
        "others": dict(sorted(others.items())),
        "not_executed": sorted(
            urn.rpartition("::")[2] for urn, found in findings.items() if not found.get("executed", True)
        ),
        "not_in_a_schema": {type_: sorted(names) for type_, names in sorted(unmatched.items()) if names},
    }


def result(workspace: Workspace, world: World, operation: str, outcome: Outcome, total_seconds: float) -> Properties:
    """The content of `result.json`."""
    return {
        "stack": workspace.stack,
        "operation": operation,
        "changes": {name: outcome.changes.get(name, 0) for name in _CHANGES},
        "seconds": {"engine": round(outcome.engine_seconds, 2), "total": round(total_seconds, 2)},
        "checked": account(world),
        "left": len(world.all()) if operation == "destroy" else None,
        "outputs": outcome.outputs,
    }


def write(workspace: Workspace, content: Properties) -> None:
    """Write `result.json`."""
    workspace.result_file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def show(console: Console, workspace: Workspace, content: Properties) -> None:
    """The summary that closes a command."""
    seconds = content["seconds"]
    console.rule(f"[bold]{workspace.stack}[/]: {_headline(content)}", align="left")
    width = max(map(len, content["outputs"]), default=0)
    for name, value in content["outputs"].items():
        # Never wrapped, so that a command can be copied.
        line = Text(f"{name:<{width}}  ", style="cyan")
        line.append(_shown(value), style="default")
        console.print(line, soft_wrap=True)
    _show_checked(console, content["checked"])
    console.print(f"{seconds['total']} s, of which the engine {seconds['engine']} s", style="dim")
    console.print(f"state and simulated cloud in {workspace.folder}", style="dim", soft_wrap=True)


def leftovers(world: World) -> list[str]:
    """What a destroy has not reached, by type and id."""
    return sorted(f"{thing.type.rpartition(':')[2]} {thing.id}" for thing in world.all())


def _headline(content: Mapping[str, Any]) -> str:
    words = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted", "same": "unchanged"}
    if content["operation"] == "preview":
        words = {"create": "to create", "update": "to update", "replace": "to replace", "delete": "to delete"}
        words["same"] = "unchanged"
    changes = content["changes"]
    parts = [f"{changes[name]} {word}" for name, word in words.items() if changes[name]]
    if not any(changes[name] for name in _CHANGES if name != "same"):
        parts = ["no changes", *parts]
    if content["operation"] == "destroy":
        parts.append(f"{content['left']} left in the simulated cloud")
    return ", ".join(parts)


def _shown(value: Any) -> str:
    """An output as one line."""
    text = value if isinstance(value, str) else json.dumps(value)
    count = len(text.splitlines())
    return f"{count} lines, in result.json" if count > 1 else text


def _others(counts: Mapping[str, int]) -> str:
    """What was checked by the signatures of a provider's SDK, and by the rules of its service."""
    return "".join(f"; resources of {name} by its SDK and rules: {count}" for name, count in counts.items())


def _show_checked(console: Console, checked: Mapping[str, Any]) -> None:
    if not checked["values"]:
        return
    share = 100 * checked["by_schema"] / checked["values"]
    console.print(
        f"checked {checked['values']} property values of AWS resources: {share:.0f} % against AWS's own schemas, "
        f"{checked['by_signature']} against the signatures of pulumi_aws alone; "
        f"Kubernetes objects against the API's schemas: {checked['kubernetes_objects']}, "
        f"custom resources against their fields in rehearsal/kubernetes: {checked['custom_resources']}; "
        f"Helm releases recorded: {checked['releases']}{_others(checked['others'])}"
    )
    if checked["not_executed"]:
        # The programs of our own are simulated.
        text = f"commands that nothing executed, whose output is empty: {', '.join(checked['not_executed'])}"
        console.print(text, markup=False)
    names = [
        f"{type_.rpartition(':')[2]}.{name}" for type_, names in checked["not_in_a_schema"].items() for name in names
    ]
    if names:
        more = (
            f" and {len(names) - _SHOWN_PROPERTIES} more, listed in result.json"
            if len(names) > _SHOWN_PROPERTIES
            else ""
        )
        console.print(f"in no schema: {', '.join(names[:_SHOWN_PROPERTIES])}{more}", style="dim")
