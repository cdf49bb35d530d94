"""Pulumi's inputs in the shape of AWS's schema: the same values, under the names that AWS gives them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rehearsal.aws.catalogue import ResourceType
from rehearsal.aws.document import get, put
from rehearsal.aws.schemas import Schema, resolve
from rehearsal.wire import UNKNOWN, Path, Properties, is_list, is_object, leaves, without_indices

_DOT = re.compile(r"\.(?![^\[]*\])")  # outside brackets
_SELECTOR = re.compile(r"^(\w+)\[(\w+)=([^\]]+)\]$")


@dataclass
class Shape:
    """A document for AWS's schema, and which of Pulumi's values it holds."""

    document: Properties = field(default_factory=Properties)
    origin: dict[Path, Path] = field(default_factory=dict[Path, Path])
    """Path in the document to the path in Pulumi's inputs."""
    unmatched: list[Path] = field(default_factory=list[Path])
    """Pulumi's values that the schema does not describe."""


def shape(kind: ResourceType, schema: Schema, inputs: Properties) -> Shape:
    """Translate the inputs of a resource; the shape's `unmatched` has what found no place."""
    result = Shape(document={**kind.constants})
    _Translation(kind, schema, result).object(inputs, (), _Spot(resolve(schema, schema), ()))
    return result


class _Spot(NamedTuple):
    """Where a value goes: the schema's node, and the place in the document."""

    node: Schema
    place: Path


@dataclass(frozen=True)
class _Translation:
    kind: ResourceType
    schema: Schema
    result: Shape

    def object(self, value: Properties, path: Path, spot: _Spot) -> None:
        """Place every property of an object; an entry of the catalogue goes before the schema's own names."""
        for key, item in value.items():
            below = (*path, key)
            entry = without_indices(below)
            target = self.kind.names[entry] if entry in self.kind.names else self._own_name(key, path, spot.node)
            if entry in self.kind.groups and item is not UNKNOWN:
                for inner in item if is_list(item) else [item]:
                    self.object(inner, below, spot)
            elif target is None:
                self.result.unmatched.extend((*below, *rest) for rest, _ in leaves(item))
            else:
                self._place_at(item, below, target, spot.place)

    def _own_name(self, key: str, path: Path, node: Schema) -> str | None:
        """The schema's own name for a property, written as a path of the catalogue."""
        name = _match(key, node.get("properties", {}))
        if name is not None:
            return f"./{name}"
        if path or self.kind.within is None:
            return None
        inner = self._below(resolve(self.schema, self.schema), self.kind.within)
        name = _match(key, inner.get("properties", {}))
        return f"{self.kind.within}.{name}" if name else None

    def _place_at(self, item: Any, path: Path, target: str, place: Path) -> None:
        """Follow a path of the catalogue from the top of the document; `./B` starts at the enclosing object instead.

        `A.B` nests, `A[].B` puts each item of a list below a `B` of its own, `A[0].B` is the first item of a list, and
        `A[Key=name].Value` adds a pair.
        """
        start = place if target.startswith("./") else ()
        node = resolve(self.schema, self.schema)
        for part in start:
            node = self._items(node) if isinstance(part, int) else self._below(node, part)
        self._follow(item, path, _DOT.split(target.removeprefix("./")), _Spot(node, start))

    def _follow(self, item: Any, path: Path, parts: list[str], spot: _Spot) -> None:
        if not parts:
            self._value(item, path, spot)
            return
        part, rest = parts[0], parts[1:]
        selector = _SELECTOR.match(part)
        where = (*spot.place, selector[1] if selector else part.partition("[")[0])
        node = self._below(spot.node, str(where[-1]))
        if selector:
            pair = (*where, len(get(self.result.document, where) or []))
            put(self.result.document, (*pair, selector[2]), selector[3])
            self.result.origin[(*pair, selector[2])] = path
            self._follow(item, path, rest, _Spot(self._items(node), pair))
        elif part.endswith("[]"):
            for index, one in enumerate(item if is_list(item) else [item]):
                origin = (*path, index) if is_list(item) else path
                self._follow(one, origin, rest, _Spot(self._items(node), (*where, index)))
        elif part.endswith("[0]"):
            self._follow(item, path, rest, _Spot(self._items(node), (*where, 0)))
        else:
            self._follow(item, path, rest, _Spot(node, where))

    def _value(self, item: Any, path: Path, spot: _Spot) -> None:
        form = self.kind.convert.get(without_indices(path))
        if form is not None and item is not UNKNOWN:
            self._leaf(_converted(item, form), path, spot)
        elif is_object(item) and self._name_in_pairs(spot.node):
            self._pairs(item, path, spot.place, self._name_in_pairs(spot.node))
        elif is_object(item):
            flat = "items" in spot.node  # Pulumi flattens lists of at most one
            inner = _Spot(self._items(spot.node), (*spot.place, 0)) if flat else spot
            if "properties" in inner.node:
                self.object(item, path, inner)
            else:
                self._leaf(item, path, spot)
        elif is_list(item):
            self._list(item, path, spot)
        elif "items" in spot.node and item is not UNKNOWN:
            self._leaf(item, path, _Spot(self._items(spot.node), (*spot.place, 0)))
        else:
            self._leaf(item, path, spot)

    def _list(self, items: list[Any], path: Path, spot: _Spot) -> None:
        if "items" in spot.node and items:
            for index, item in enumerate(items):
                self._value(item, (*path, index), _Spot(self._items(spot.node), (*spot.place, index)))
        elif "items" in spot.node:
            self._leaf(items, path, spot)
        elif len(items) == 1:  # Pulumi keeps a list where AWS has one object
            self._value(items[0], (*path, 0), spot)
        else:
            self.result.unmatched.extend((*path, *rest) for rest, _ in leaves(items))

    def _leaf(self, item: Any, path: Path, spot: _Spot) -> None:
        put(self.result.document, spot.place, _coerced(item, spot.node))
        for below, _ in leaves(item):
            self.result.origin[(*spot.place, *below)] = (*path, *below)
        self.result.origin[spot.place] = path

    def _pairs(self, item: Properties, path: Path, place: Path, name: str) -> None:
        for index, (key, value) in enumerate(sorted(item.items())):
            pair = (*place, index)
            put(self.result.document, (*pair, name), key)
            put(self.result.document, (*pair, "Value"), value)
            for where in (pair, (*pair, name), (*pair, "Value")):
                self.result.origin[where] = (*path, key)

    def _name_in_pairs(self, node: Schema) -> str:
        """What holds the key in a list of `{Key, Value}` or `{Name, Value}`, where Pulumi has a map; else empty."""
        held = set(self._items(node).get("properties", {})) if "items" in node else set[str]()
        return "Key" if held >= {"Key", "Value"} else "Name" if held == {"Name", "Value"} else ""

    def _items(self, node: Schema) -> Schema:
        return resolve(self.schema, node["items"])

    def _below(self, node: Schema, name: str) -> Schema:
        return resolve(self.schema, node["properties"][name])


def _coerced(item: Any, node: Schema) -> Any:
    """The item in the type that CloudFormation has for the scalar, where the two differ in that alone."""
    types: Any = node.get("type", ())
    allowed: set[str] = {types} if isinstance(types, str) else set(types)
    if item is UNKNOWN or not allowed or is_object(item) or is_list(item):
        return item
    if isinstance(item, bool):
        return str(item).lower() if "boolean" not in allowed and "string" in allowed else item
    if isinstance(item, int | float) and not allowed & {"integer", "number"} and "string" in allowed:
        return str(item)
    if isinstance(item, str) and "string" not in allowed:
        if allowed & {"integer", "number"} and re.fullmatch(r"-?\d+", item):
            return int(item)
        if "boolean" in allowed and item in ("true", "false"):
            return item == "true"
    return item


def _converted(item: Any, form: str | Mapping[Any, Any]) -> Any:
    if isinstance(form, Mapping):
        return form.get(item, item)
    try:
        return json.loads(item)
    except (TypeError, ValueError):
        return item  # stays text, which the schema then refuses where it wants an object


def _match(key: str, names: Mapping[str, Any]) -> str | None:
    """The schema's name that differs from Pulumi's by case, or by singular and plural."""
    plain = {_plain(name): name for name in names}
    wanted = _plain(key)
    for candidate in (wanted, f"{wanted}s", wanted.removesuffix("s"), f"{wanted}list", f"{wanted}set"):
        if candidate in plain:
            return plain[candidate]
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
