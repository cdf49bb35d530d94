"""Takes secrets out of texts and values: by the key that they stand under, by their form, and those that are given."""

import base64
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, cast

from tools.changes import patterns

MASKED: Final = "[masked]"
SECRET: Final = "[secret]"  # noqa: S105 (what the engine writes in place of one)
UNKNOWN: Final = "(known after apply)"
OPAQUE: Final = (MASKED, SECRET, UNKNOWN)
"""What stands in place of a value."""

# https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/resource/stack/deployment.go and
# https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/resource/plugin/rpc.go, one for each type of value.
_UNKNOWNS: Final = re.compile(
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9|1c4a061d-8072-4f0a-a4cb-0ff528b18fe7|3eeb2bf0-c639-47a8-9e75-3b44932eb421"
    "|6a19a0b0-7e62-4c92-b797-7f8e31da9cc2|030794c1-ac77-496b-92df-f27374a8bd58|e48ece36-62e2-4504-bad9-02848725956a"
    "|dd056dcd-154b-4c76-9bd3-c8f88648b5ff"
)
_SHORTEST: Final = 6
"""Characters of the shortest given secret: a shorter one is everywhere."""
_VARIABLE: Final = 8
"""Characters of the shortest variable that is a secret and not a word such as `default`."""
_LINE: Final = 12
"""Characters in the lines of a long secret that tell something of it."""
_CACHED: Final = 256
"""Characters of the longest text that is remembered."""
_URL_SAFE: Final = str.maketrans("-_", "+/")
_KUBERNETES_SECRET: Final = "kubernetes:core/v1:Secret"  # noqa: S105 (a type)
_NAMED: Final = ("name", "Name", "key")
"""Beside `value`, the name of an entry in a list, as containers' environments have it."""


class Masks:
    """What is taken out of texts: secrets by their form and by their key, and the values given here."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        self._given: dict[str, list[str]] = {}
        for form in sorted(forms, key=lambda form: (-len(form), form)):
            self._given.setdefault(form[:_SHORTEST], []).append(form)

    @property
    def knows_secrets(self) -> bool:
        """Whether values are taken out beyond what their form and key tell."""
        return bool(self._given)

    def text(self, text: str) -> str:
        """The text without secrets, and with words in place of what is not known yet."""
        if self._given:
            text = self._without_given(text)
        return _by_form(text) if len(text) > _CACHED else _by_form_again(text)

    def _without_given(self, text: str) -> str:
        # By the first letters: a state has thousands of forms, too many to look for one after another.
        parts: list[str] = []
        at = copied = 0
        while at + _SHORTEST <= len(text):
            for form in self._given.get(text[at : at + _SHORTEST], ()):
                if text.startswith(form, at):
                    parts += [text[copied:at], MASKED]
                    at = copied = at + len(form)
                    break
            else:
                at += 1
        return "".join([*parts, text[copied:]]) if copied else text

    def value(self, value: Any, type_: str = "") -> Any:
        """A copy of a resource's inputs, or of a part of them, without secrets. `type_` is the resource's."""
        if type_ == _KUBERNETES_SECRET and isinstance(value, dict):
            inputs = cast(dict[str, Any], value)
            hidden = {key: _hidden(inputs[key]) for key in ("data", "stringData") if key in inputs}
            return self._masked({**inputs, **hidden}, secret=False)
        return self._masked(value, secret=False)

    def _masked(self, value: Any, *, secret: bool) -> Any:
        if isinstance(value, str):
            return _hidden(value) if secret else self.text(value)
        if isinstance(value, list):
            return [self._masked(each, secret=secret) for each in cast(list[Any], value)]
        if isinstance(value, dict):
            entries = cast(dict[str, Any], value)
            named = _value_is_secret(entries)
            return {
                self.text(key): self._masked(each, secret=_is_secret(key, within=secret) or (named and key == "value"))
                for key, each in entries.items()
            }
        return MASKED if secret and isinstance(value, int | float) and not isinstance(value, bool) else value


@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    """Whether the value under a key of this name is a secret, by the name."""
    return bool(patterns.SECRET_NAME.search(key)) and not patterns.REFERENCE.search(key)


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """Values of the variables that hold secrets, by their names."""
    return [
        value
        for name, value in environ.items()
        if len(value) >= _VARIABLE and is_secret_key(name) and not value.startswith("/")
    ]


def _is_secret(key: str, *, within: bool) -> bool:
    return is_secret_key(key) or (within and not patterns.REFERENCE.search(key))


def _value_is_secret(entries: Mapping[str, Any]) -> bool:
    """Whether an entry's `value` is a secret by what stands beside it: a name, or the type of a parameter."""
    if "value" not in entries:
        return False
    return entries.get("type") == "SecureString" or any(is_secret_key(str(entries.get(key, ""))) for key in _NAMED)


def _hidden(value: Any) -> Any:
    """A value of which nothing may show but whether it is known, or empty."""
    if isinstance(value, str):
        harmless = not value or value == SECRET or value.lower() in patterns.HARMLESS
        return UNKNOWN if _UNKNOWNS.fullmatch(value) else value if harmless else MASKED
    if isinstance(value, dict):
        return {key: _hidden(each) for key, each in cast(dict[str, Any], value).items()}
    return [_hidden(each) for each in cast(list[Any], value)] if isinstance(value, list) else value


def _by_form(text: str) -> str:
    if len(text) < _SHORTEST:
        return text
    text = _UNKNOWNS.sub(UNKNOWN, text)
    text = patterns.PEM.sub(lambda block: f"{MASKED[:-1]}:{block['what'] or ' PEM'}]", text)
    text = patterns.TOKEN.sub(MASKED, text)
    text = patterns.BASE64.sub(lambda run: MASKED if _holds_secret(run[0]) else run[0], text)
    text = patterns.SCHEME.sub(rf"\g<before>{MASKED}", text)
    text = patterns.HEADER.sub(rf"\g<before>{MASKED}", text)
    lowered = text.lower()
    if any(part in lowered for part in patterns.PARTS):
        text = patterns.ASSIGNMENT.sub(_assigned, text)
    return patterns.AWS_KEY.sub(MASKED, text)


@lru_cache(maxsize=16384)
def _by_form_again(text: str) -> str:
    """The same for short texts, most of which come again and again."""
    return _by_form(text)


def _assigned(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"].strip("\\\"'")
    if not value or value in (MASKED, SECRET, UNKNOWN) or value.lower().rstrip(".!") in patterns.HARMLESS:
        return match[0]
    if not is_secret_key(name) or value.startswith(("[masked", "(known", "${")):
        return match[0]
    quote = match["value"][: len(match["value"]) - len(match["value"].lstrip("\\\"'"))]
    return f"{match['before']}{quote}{MASKED}{quote}"


def _holds_secret(run: str) -> bool:
    """Whether a run of characters is base64 of a text with a secret in it, or of what nobody can read."""
    if run.startswith(patterns.COMPRESSED):
        return True
    digits = run.rstrip("=").translate(_URL_SAFE)
    try:
        text = base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True).decode("utf-8")
    except ValueError:
        return False
    return _by_form(text) != text


def _forms(secret: str) -> Iterable[str]:
    """A given secret as it may stand in a text: plain, as JSON, in base64 at each of its three places, by line."""
    lines = [line for line in secret.splitlines() if len(line.strip()) >= _LINE]
    for text in {secret, secret.strip(), *lines}:
        if len(text) < _SHORTEST:
            continue
        yield text
        yield text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        coded = text.encode("utf-8", "surrogatepass")
        for place in range(3):
            # Characters of base64 that the bytes before and after have no part in.
            whole = base64.b64encode(b"\0" * place + coded).decode().rstrip("=")
            kept = whole[(0, 2, 3)[place] : len(whole) - (0 if (place + len(coded)) % 3 == 0 else 1)]
            if len(kept) >= _SHORTEST:
                yield kept
                yield kept.translate(str.maketrans("+/", "-_"))
