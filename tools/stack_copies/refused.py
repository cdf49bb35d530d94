"""How the commands about stacks of one's own say no."""

from collections.abc import Generator
from contextlib import contextmanager

from tools.sentences import BAD_INPUT, FAILED, refuse, sentences
from tools.state.checkpoint import StateBroken


class StackRefused(Exception):  # noqa: N818 (reads as what it is)
    """What was asked for cannot be; the text is one sentence that says why and what can."""


@contextmanager
def told(stack: str, again: str) -> Generator[None]:
    """What `sentences` tells, and refusals of ours: those are bad input."""
    with sentences(stack, again):
        try:
            yield
        except StackRefused as refused:
            raise refuse(str(refused), BAD_INPUT) from None
        except StateBroken as broken:
            raise refuse(
                f"{stack}: {broken}: `make rescue STACK={stack}` brings back the newest that does", FAILED
            ) from None
