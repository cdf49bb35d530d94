"""Simulated `random` provider: values are drawn at creation, kept in the world, and replaced by any change."""

import base64
import secrets
import string
import uuid
from collections.abc import Iterator
from typing import Any, Final

from rehearsal.check import Problem
from rehearsal.small_provider import Kind, Made, SmallProvider
from rehearsal.wire import UNKNOWN, Properties
from rehearsal.world import World

_DRAW: Final = secrets.SystemRandom()
_BCRYPT: Final = "./" + string.ascii_letters + string.digits
_WORDS: Final = ("able", "brave", "calm", "keen", "neat", "otter", "panda", "quail", "raven", "swift", "tapir", "wolf")

# What the real provider draws from: https://www.pulumi.com/registry/packages/random/api-docs/randompassword/
_CLASSES: Final = {
    "lower": ("minLower", string.ascii_lowercase),
    "upper": ("minUpper", string.ascii_uppercase),
    "numeric": ("minNumeric", string.digits),
    "special": ("minSpecial", "!@#$%&*()-_=+[]{}<>:?"),
}


class SimulatedRandom(SmallProvider):
    """Draws real values, secret where the real provider says that they are."""

    def __init__(self, world: World, package: str) -> None:
        super().__init__(world, package, _KINDS)


def _at_least(name: str, least: int) -> Any:
    def check(inputs: Properties) -> Iterator[Problem]:
        value = inputs.get(name)
        if value is not UNKNOWN and value is not None and int(value) < least:
            yield Problem(name, f"expected {least} or more, got {value}")

    return check


def _check_text(inputs: Properties) -> Iterator[Problem]:
    yield from _at_least("length", 1)(inputs)
    classes = _classes(inputs)
    counts = [inputs.get(least, 0) for least, _ in _CLASSES.values()]
    if UNKNOWN in counts or UNKNOWN in inputs.values():
        return
    if sum(map(int, counts)) > int(inputs["length"]):
        yield Problem("length", f"expected at least the sum of the minima, {sum(map(int, counts))}")
    if not any(classes.values()):
        yield Problem("", "at least one of lower, upper, numeric and special has to be true")
    for name, (least, _) in _CLASSES.items():
        if int(inputs.get(least, 0)) and not classes[name]:
            yield Problem(least, f"{name} is false, no such characters are drawn")


def _classes(inputs: Properties) -> dict[str, str]:
    """Characters to draw from, by class; empty for a class that is switched off."""
    numeric = inputs.get("numeric", inputs.get("number", True))
    wanted = {**{name: inputs.get(name, True) for name in _CLASSES}, "numeric": numeric}
    characters = {name: characters for name, (_, characters) in _CLASSES.items()}
    characters["special"] = inputs.get("overrideSpecial") or characters["special"]
    return {name: characters[name] if str(wanted[name]).lower() == "true" else "" for name in _CLASSES}


def _draw_text(inputs: Properties) -> Properties:
    """What a password or a string has as outputs beside its inputs."""
    classes, length = _classes(inputs), int(inputs["length"])
    least = {name: int(inputs.get(count, 0)) for name, (count, _) in _CLASSES.items()}
    drawn = [_DRAW.choice(classes[name]) for name, count in least.items() for _ in range(count)]
    drawn += _DRAW.choices("".join(classes.values()), k=length - len(drawn))
    _DRAW.shuffle(drawn)
    switches = {name: bool(characters) for name, characters in classes.items()}
    return {**switches, **{_CLASSES[n][0]: c for n, c in least.items()}, "result": "".join(drawn)}


def _password(inputs: Properties) -> Made:
    outputs = _draw_text(inputs)
    # Looks like a bcrypt hash, and opens nothing.
    outputs["bcryptHash"] = "$2a$10$" + "".join(_DRAW.choices(_BCRYPT, k=53))
    # The real id is `none`, for all of them: here each has its own, so that the world can tell them apart.
    return Made(f"none-{secrets.token_hex(8)}", outputs)


def _string(inputs: Properties) -> Made:
    outputs = _draw_text(inputs)
    return Made(outputs["result"], outputs)


def _id(inputs: Properties) -> Made:
    drawn = secrets.token_bytes(int(inputs["byteLength"]))
    prefix = inputs.get("prefix", "")
    url = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
    forms = {
        "b64Std": base64.b64encode(drawn).decode(),
        "b64Url": url,
        "dec": str(int.from_bytes(drawn)),
        "hex": drawn.hex(),
    }
    return Made(url, {name: f"{prefix}{form}" for name, form in forms.items()})


def _bytes(inputs: Properties) -> Made:
    drawn = secrets.token_bytes(int(inputs["length"]))
    outputs = {"base64": base64.b64encode(drawn).decode(), "hex": drawn.hex()}
    return Made(f"none-{secrets.token_hex(8)}", outputs)


def _uuid(inputs: Properties) -> Made:
    drawn = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    return Made(drawn, {"result": drawn})


def _integer(inputs: Properties) -> Made:
    drawn = _DRAW.randint(int(inputs["min"]), int(inputs["max"]))
    return Made(str(drawn), {"result": drawn})


def _check_integer(inputs: Properties) -> Iterator[Problem]:
    low, high = inputs["min"], inputs["max"]
    if UNKNOWN not in (low, high) and int(low) > int(high):
        yield Problem("min", f"expected at most max, which is {high}, got {low}")


def _pet(inputs: Properties) -> Made:
    words = [inputs["prefix"]] if inputs.get("prefix") else []
    words += _DRAW.choices(_WORDS, k=int(inputs.get("length", 2)))
    name = str(inputs.get("separator", "-")).join(words)
    return Made(name, {"length": int(inputs.get("length", 2)), "separator": inputs.get("separator", "-")})


def _shuffle(inputs: Properties) -> Made:
    given: list[Any] = inputs["inputs"]
    drawn = _DRAW.sample(given, k=len(given))
    return Made(f"-{secrets.token_hex(8)}", {"results": drawn[: int(inputs.get("resultCount", len(given)))]})


_KINDS: Final = {
    f"random:index/{name[0].lower()}{name[1:]}:{name}": kind
    for name, kind in {
        "RandomPassword": Kind(make=_password, check=_check_text, secrets=("result", "bcryptHash"), fixed=None),
        "RandomString": Kind(make=_string, check=_check_text, fixed=None),
        "RandomId": Kind(make=_id, check=_at_least("byteLength", 1), fixed=None),
        "RandomBytes": Kind(make=_bytes, check=_at_least("length", 1), secrets=("base64", "hex"), fixed=None),
        "RandomUuid": Kind(make=_uuid, fixed=None),
        "RandomUuid4": Kind(make=_uuid, fixed=None),
        "RandomInteger": Kind(make=_integer, check=_check_integer, fixed=None),
        "RandomPet": Kind(make=_pet, check=_at_least("length", 1), fixed=None),
        "RandomShuffle": Kind(make=_shuffle, fixed=None),
    }.items()
}
