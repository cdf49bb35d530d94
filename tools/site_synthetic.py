"""Tries a published site in Chromium, as a visitor has it: `python -m tools.site_synthetic STACK`."""

from typing import Annotated

import typer

from tools import site_build
from tools.sentences import BAD_INPUT, FAILED, refuse
from tools.site.means import site_sentences


def run(stack: str, url: str, means: site_build.Means | None = None) -> None:
    """Run the end-to-end tests against a stack's site, or an address; raises `typer.Exit` when one fails."""
    means = means or site_build.Means()
    if bool(stack) == bool(url):
        raise refuse("site-synthetic: expected either STACK=prod or URL=https://www.example.com", BAD_INPUT)
    if stack:
        with site_sentences(stack, f"make site-synthetic STACK={stack}"):
            url = means.url(stack)
    # Installs what is locked.
    site_build.run("", preview="", verbs=(), means=means)
    if means.npm(["run", "--silent", "synthetic", "--", "--url", url], {}):
        raise refuse(f"{url}: the site does not do what visitors expect: see above", FAILED)


def main(
    stack: Annotated[str, typer.Argument(metavar="[STACK]", help="a stack that has a file Pulumi.STACK.yaml")] = "",
    url: Annotated[str, typer.Option(help="Address of any other site.")] = "",
) -> None:
    """Try the published site of a stack."""
    run(stack, url)


if __name__ == "__main__":
    typer.run(main)
