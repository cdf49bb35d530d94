"""The words of a merge request, and of its commit, that gives a stack another image; pure."""

from dataclasses import dataclass
from typing import Final

from tools.informing.build import Build
from tools.informing.request import digest_of, repository_of

_SHORT: Final = 12
"""Characters of a digest that people compare."""


def branch_of(stack: str, name: str) -> str:
    """Branch of the merge request; there is one for each application of a stack."""
    return f"inform/{stack}-{name}"


@dataclass(frozen=True)
class Proposal:
    """An application of a stack, and the images before and after."""

    stack: str
    name: str
    before: str
    """Empty when the stack ran none."""
    after: str
    build: Build | None = None

    @property
    def title(self) -> str:
        """A Conventional Commit, and at most 100 characters: https://www.conventionalcommits.org/en/v1.0.0/"""
        return f"chore({self.stack}): {self.name} {_short(self.after)}"[:100]

    @property
    def body(self) -> str:
        """What a reviewer reads; an image or an address has no character that Markdown or HTML takes."""
        made = ""
        if self.build and self.build.source and self.build.exact:
            made = f"\nBuilt and scanned by [pipeline {self.build.number}]({self.build.source}).\n"
        return (
            f"{self.stack} gets another image of {self.name}.\n\n"
            "| | image |\n|---|---|\n"
            f"| before | {f'`{self.before}`' if self.before else 'none'} |\n"
            f"| after | `{self.after}` |\n"
            f"{made}\n"
            "The note of the preview says what else would change. A newer build rewrites this merge request, an older "
            f"one leaves it alone; after the merge, `make up STACK={self.stack}` rolls it out "
            f"(`make rollout STACK={self.stack} NAME={self.name}` waits for it).\n"
        )

    @property
    def message(self) -> str:
        """Message of the commit."""
        return f"{self.title}\n\n{self.before or 'none'}\n-> {self.after}\n"


def _short(image: str) -> str:
    tag = image.partition("@")[0][len(repository_of(image)) :].lstrip(":")
    return (tag or digest_of(image).removeprefix("sha256:"))[:_SHORT]
