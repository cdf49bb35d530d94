"""Text that shows what it holds: characters that a reader cannot see are written as escapes."""

import re
import unicodedata
from typing import Final

# Letters and signs that are drawn as nothing, beside those that Unicode calls control or format characters:
# https://www.unicode.org/reports/tr36/#Recommendations_General and the Hangul and Braille fillers.
_BLANK: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_HIDDEN: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_MIGHT_HIDE: Final = re.compile(r"[^\n\t\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]")
_FOUR_DIGITS: Final = 0xFFFF


def visible(text: str) -> str:
    """The text with control, format (bidirectional, zero width, tags) and blank characters as `\\u200b`.

    Line feeds and tabs stay. The result can always be written as UTF-8.
    """
    return _MIGHT_HIDE.sub(_escaped, text)


def one_line(text: str) -> str:
    """The visible text on one line, its white space made single spaces."""
    return " ".join(visible(text).split())


def shortened(text: str, most: int) -> str:
    """The text, cut in the middle when it is longer than `most` characters."""
    if len(text) <= most:
        return text
    half = max((most - 1) // 2, 1)
    return f"{text[:half]}…{text[-half:]}"


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    selector = 0xFE00 <= code <= 0xFE0E or 0xE0100 <= code <= 0xE01EF  # noqa: PLR2004 (variation selectors)
    if char not in _BLANK and not selector and unicodedata.category(char) not in _HIDDEN:
        return char
    if char == "\r":
        return "\\r"
    return f"\\u{code:04x}" if code <= _FOUR_DIGITS else f"\\U{code:08x}"
