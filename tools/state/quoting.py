"""What the engine does to a stack's file beside what it is asked for, undone."""

import re
from pathlib import Path
from typing import Final

# `pulumi config set` writes every plain true, false and number anew as a text, which the schema of the files refuses.
_QUOTED: Final = re.compile(r'^(?P<key>\s+[^\s#][^#]*: )"(?P<value>true|false|-?[0-9][0-9.]*)"$')


def unquoted(before: str, after: str) -> str:
    """The text of a stack's file after the engine wrote it, with the plain values that it had before."""
    had = set(before.splitlines())

    def line_of(line: str) -> str:
        match = _QUOTED.match(line)
        plain = f"{match['key']}{match['value']}" if match else line
        return plain if plain in had else line

    return "".join(line_of(line) + "\n" for line in after.splitlines())


def keep_plain(path: Path, before: str) -> None:
    """Write the file again where the engine has quoted what was plain `before`."""
    after = path.read_text(encoding="utf-8")
    wanted = unquoted(before, after)
    if wanted != after:
        path.write_text(wanted, encoding="utf-8")
