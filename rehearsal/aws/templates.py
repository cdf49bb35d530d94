"""Ids, ARNs and other values that AWS makes up, from the templates of `types.yaml`."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from rehearsal.wire import Properties, is_list, is_object

ACCOUNT = "123456789012"
"""The simulated account, which is AWS's own example number."""

_FIELD = re.compile(r"\{([\w.\[\]-]+)\}")
_HEX = re.compile(r"^hex(\d+)(?:-(\w+))?$")
_DIGITS = re.compile(r"^digits(\d+)(?:-(\w+))?$")
_CAPITALS = re.compile(r"^capitals(\d+)(?:-(\w+))?$")


def fill(template: Any, values: Mapping[str, Any], seed: str) -> Any:
    """`template` with its `{fields}` filled, at any depth.

    `{hex17}` is 17 hexadecimal digits that depend on `seed` alone, `{hex17-x}` others; `{digits12}` and
    `{capitals13}` likewise. Any other field is a value, with dots and indices: `{vpcConfig.vpcId}`,
    `{subnets[0]}`. A template that is one field keeps the value's type.
    """
    if is_object(template):
        filled: Properties = {str(k): fill(v, values, seed) for k, v in template.items()}
        return filled
    if is_list(template):
        return [fill(item, values, seed) for item in template]
    if not isinstance(template, str):
        return template
    whole = _FIELD.fullmatch(template)
    if whole:
        return _field(whole[1], values, seed)
    return _FIELD.sub(lambda match: str(_field(match[1], values, seed) or ""), template)


def _field(name: str, values: Mapping[str, Any], seed: str) -> Any:
    for pattern, alphabet in ((_HEX, "0123456789abcdef"), (_DIGITS, "0123456789"), (_CAPITALS, _UPPER)):
        match = pattern.match(name)
        if match:
            return _text(int(match[1]), alphabet, f"{seed}|{match[2] or ''}")
    value: Any = dict(values)
    for part in re.findall(r"[\w-]+", name):
        if is_object(value):
            value = value.get(part)
        elif is_list(value) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def _text(length: int, alphabet: str, seed: str) -> str:
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest() * (length // 32 + 1))
    text = ""
    while len(text) < length:
        number, digit = divmod(number, len(alphabet))
        text += alphabet[digit]
    return text
