"""Why a site is not published, or not taken back."""

from tools.sentences import BAD_INPUT, FAILED


class SiteRefused(Exception):  # noqa: N818 (reads as what it is)
    """The text is one sentence; `code` is the exit code of the command."""

    def __init__(self, text: str, code: int = BAD_INPUT) -> None:
        super().__init__(text)
        self.code = code


class SiteFailed(SiteRefused):
    """Something went wrong on the way, and the same command may succeed later."""

    def __init__(self, text: str) -> None:
        super().__init__(text, FAILED)
