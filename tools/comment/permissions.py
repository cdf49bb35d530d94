"""The folded part of the comment that tells what a stack allows from then on, and what no longer."""

from collections.abc import Iterator

from tools.changes.summaries import PermissionSummary
from tools.changes.visible import one_line
from tools.comment.escape import guttered, html_code
from tools.comment.fit import Section
from tools.comment.words import counted, short


def permissions(stack: str, found: PermissionSummary) -> Section:
    """Each resource that gives permissions, with those that are new and those that end."""
    return Section(
        summary=f"{html_code(stack)}: {', '.join(told(found))}", lines=tuple(permission_lines(found)), language="diff"
    )


def told(found: PermissionSummary) -> list[str]:
    """How many permissions are new, end, or are not known before the update."""
    unknown = len(found.unknown)
    return [
        *[f"{counted(found.added, 'permission')} added"] * bool(found.added),
        *[f"{counted(found.removed, 'permission')} removed"] * bool(found.removed),
        *[f"{counted(unknown, 'policy', 'policies')} known in the update alone"] * bool(unknown),
    ]


def permission_lines(found: PermissionSummary) -> Iterator[str]:
    """The same in lines of a diff."""
    for each in found.grants:
        yield from guttered(_named(each.resource), "@@ ")
        yield from (line for text in each.added for line in guttered(one_line(text), "+ "))
        yield from (line for text in each.removed for line in guttered(one_line(text), "- "))
    for name in found.unknown:
        yield from guttered(f"{_named(name)}: known in the update alone", "! ")


def _named(resource: str) -> str:
    type_, _, name = resource.partition(" ")
    return one_line(f"{short(type_)} {name}")
