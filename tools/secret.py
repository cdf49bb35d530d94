"""Stores a secret setting of a stack, encrypted: `python -m tools.secret STACK KEY`, the value from a hidden prompt."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml
from rich.console import Console

from settings import PROJECT, Settings, SettingsError
from settings.secret_keys import check_secret, secret_keys
from tools.pulumi_cli import Done, Program
from tools.sentences import BAD_INPUT, FAILED, errors, known_backend, refuse, sentences
from tools.setup import ROOT
from tools.stack_copies.files import kept_again
from tools.state.failures import explain_backend
from tools.state.quoting import keep_plain

_KEYED: Final = ("secretsprovider", "encryptionsalt")
"""Lines of a stack file that say how its secrets are encrypted."""


@dataclass(frozen=True)
class Means:
    """What the command works with, so that tests can give it others."""

    folder: Path = ROOT
    give: Callable[[Sequence[str], str], Done] | None = None
    """Runs the engine with a text on its standard input."""
    interactive: Callable[[], bool] = lambda: os.isatty(0)
    ask: Callable[[str], str] = lambda what: str(typer.prompt(what, hide_input=True, default="", show_default=False))
    read: Callable[[], str] = sys.stdin.read


def run(stack: str, key: str, means: Means | None = None) -> None:
    """Ask for the value, check its form, and let the engine encrypt it into the stack's file."""
    means = means or Means()
    again = f"make secret STACK={stack} KEY={key}"
    with sentences(stack, again):
        full = _full_key(key)
        _refuse_keyless(stack, means.folder)
        value = _value(means, stack, full)
        check_secret(full, value)
        give = means.give or Program(means.folder).give
        file = means.folder / f"Pulumi.{stack}.yaml"
        before = file.read_text(encoding="utf-8")
        done = give(["config", "set", "--secret", full, "--stack", stack, "--non-interactive"], value)
        keep_plain(file, before)
    if done.code:
        said = done.errors or done.output
        known = explain_backend(said, known_backend(), again, stack)
        raise refuse(f"{stack}: {known or f'pulumi stored nothing ({_short(said, value)}): then `{again}`'}", FAILED)
    trouble = kept_again(stack, means.folder)
    if trouble:
        errors().print(trouble, markup=False)
    Console(highlight=False, soft_wrap=True).print(
        f"{stack}: {full} is in Pulumi.{stack}.yaml, encrypted: commit that file, then `make preview STACK={stack}`",
        markup=False,
    )


def _full_key(given: str) -> str:
    """The key with its project. Raises `SettingsError` when no secret has it."""
    full = given if ":" in given else f"{PROJECT}:{given}"
    known = secret_keys()
    if full in known:
        return full
    if full.removeprefix(f"{PROJECT}:").split(".")[0] in Settings.model_fields:
        raise SettingsError(
            [f"KEY={given}: is no secret, write it into the stack's file; secrets are {', '.join(known)}"]
        )
    near = get_close_matches(full, known, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"expected one of {', '.join(known)}"
    raise SettingsError([f"KEY={given}: no secret has this key, {hint}"])


def _refuse_keyless(stack: str, folder: Path) -> None:
    """Stop before a secret is asked for that could only be stored with a passphrase, or not at all."""
    file = folder / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(each.name.split(".")[1] for each in folder.glob("Pulumi.*.yaml"))) or "none"
        raise refuse(f"STACK={stack}: there is no Pulumi.{stack}.yaml, the stacks are {known}", BAD_INPUT)
    try:
        document: Any = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError:
        raise refuse(f"Pulumi.{stack}.yaml: not valid YAML, `make check` says where", BAD_INPUT) from None
    if not any(document.get(name) for name in _KEYED):
        raise refuse(
            f"{stack}: Pulumi.{stack}.yaml has no secretsprovider, so nothing says which key guards its secrets: "
            "`make bootstrap` makes the key and writes that line",
            BAD_INPUT,
        )


def _value(means: Means, stack: str, key: str) -> str:
    """What the person typed or piped, without the end of its line."""
    value = means.ask(f"{stack}: {key} (hidden)") if means.interactive() else means.read()
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise refuse(f"{stack}: {key}: no value came, nothing was changed", BAD_INPUT)
    return value


def _short(said: str, value: str) -> str:
    return " ".join(said.replace(value, "[secret]").split())[:300].rstrip(".")


def main(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="a stack that has a file Pulumi.STACK.yaml")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="a secret setting, such as datadog_api_key")],
) -> None:
    """Store a secret of a stack; the value comes from a hidden prompt, or from standard input."""
    run(stack, key)


if __name__ == "__main__":
    typer.run(main)
