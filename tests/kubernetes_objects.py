"""Objects of the stand-in API server: how they are kept, changed and removed, and who is told of it."""

import threading
import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Literal, cast

from tests.kubernetes_kinds import KINDS, Kind, Object

Event = Literal["added", "modified", "deleted"]
_WORLD = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
_MOST_OBJECTS = 10_000


class Refused(Exception):  # noqa: N818 (reads as what it is)
    """A request that the API refuses, with the code and the reason that Kubernetes gives."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason


def selected(found: Object, labels: str, fields: str) -> bool:
    """Whether an object has the labels and fields of two selectors (`a=b,c!=d,e,!f,g in (h,i)`)."""
    own = cast(dict[str, str], found["metadata"].get("labels") or {})
    return all(_matches(own, each) for each in _terms(labels)) and all(
        _matches({each.split("=")[0].rstrip("!"): str(_field(found, each.split("=")[0].rstrip("!")))}, each)
        for each in _terms(fields)
    )


def _terms(selector: str) -> list[str]:
    terms: list[str] = []
    for part in filter(None, selector.split(",")):
        # A comma inside the brackets of `in (a,b)` ends no term.
        if terms and terms[-1].count("(") > terms[-1].count(")"):
            terms[-1] += f",{part}"
        else:
            terms.append(part)
    return [each.strip() for each in terms]


def _field(found: Object, path: str) -> object:
    value: Any = found
    for key in path.split("."):
        value = cast(Object, value or {}).get(key)
    return "" if value is None else value


def _matches(own: dict[str, str], term: str) -> bool:
    for word, wanted in ((" notin ", False), (" in ", True)):
        if word in term:
            key, listed = term.split(word)
            return (own.get(key.strip()) in {each.strip() for each in listed.strip(" ()").split(",")}) == wanted
    if "!=" in term:
        key, value = term.split("!=")
        return own.get(key) != value
    if "=" in term:
        key, value = term.replace("==", "=").split("=")
        return own.get(key) == value
    return (term.lstrip("!") in own) != term.startswith("!")


def merge(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch: https://www.rfc-editor.org/rfc/rfc7386 ."""
    if not isinstance(patch, dict):
        return patch
    result: dict[str, Any] = dict(cast(Object, target)) if isinstance(target, dict) else {}
    for key, value in cast(Object, patch).items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


class Objects:
    """The state of a cluster, in memory; whoever changes it holds `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.kinds = list(KINDS)
        self.logs: dict[tuple[str, str], str] = {}
        self._objects: dict[tuple[Kind, str, str], Object] = {}
        self._version = 0
        self._listeners: list[tuple[str, Callable[[Event, Object], object]]] = []

    def listen(self, kind: str, listener: Callable[[Event, Object], object]) -> None:
        """Call `listener` after each change of an object of `kind`; what it changes causes events of its own."""
        self._listeners.append((kind, listener))

    def kind(self, name: str, api_version: str | None = None) -> Kind:
        """The kind `name`; `Backup.velero.io` when a second group has one of that name."""
        kind, _, group = name.partition(".")
        for each in self.kinds:
            if each.kind == kind and group in ("", each.group) and api_version in (None, each.api_version):
                return each
        raise AssertionError(f"the stand-in server has no kind {name} {api_version or ''}: add it to KINDS")

    def find(self, kind: Kind, namespace: str, name: str) -> Object:
        """The object itself; refuses as the API does when there is none."""
        try:
            return self._objects[kind, namespace, name]
        except KeyError:
            of = f".{kind.group}" if kind.group else ""
            raise Refused(404, "NotFound", f'{kind.plural}{of} "{name}" not found') from None

    def listed(self, kind: Kind, namespace: str = "") -> list[Object]:
        """Every object of a kind, or those of one namespace, by namespace and name."""
        found = {key: each for key, each in self._objects.items() if key[0] == kind and namespace in ("", key[1])}
        return [found[key] for key in sorted(found, key=lambda key: key[1:])]

    def add(self, kind: Kind, namespace: str, given: Object) -> Object:
        """Create an object, with what the API adds to each; a namespace gets what Kubernetes puts into it."""
        made = deepcopy(given)
        metadata = made.setdefault("metadata", {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        name = metadata.get("name")
        if not name:
            raise Refused(422, "Invalid", f"{kind.kind} is invalid: metadata.name: Required value")
        if kind.namespaced:
            self._open_namespace(namespace, name)
            metadata["namespace"] = namespace
        if (kind, namespace, name) in self._objects:
            raise Refused(409, "AlreadyExists", f'{kind.plural} "{name}" already exists')
        if len(self._objects) >= _MOST_OBJECTS:
            raise Refused(507, "Full", f"a stand-in server holds {_MOST_OBJECTS} objects at most")
        metadata.update(uid=str(uuid.uuid4()), generation=1)
        metadata.setdefault("creationTimestamp", _now())
        made |= {"apiVersion": kind.api_version, "kind": kind.kind}
        if kind == _WORLD:
            made["status"] = {"phase": "Active"}
        self._keep(kind, namespace, made, "added")
        if kind == _WORLD:
            self.add(self.kind("ServiceAccount"), name, {"metadata": {"name": "default"}})
            self.add(self.kind("ConfigMap"), name, {"metadata": {"name": "kube-root-ca.crt"}, "data": {}})
        return made

    def change(self, kind: Kind, namespace: str, changed: Object) -> Object:
        """Replace an object; an unchanged one causes no event, and one whose last finalizer went is removed."""
        name = changed["metadata"]["name"]
        before = self.find(kind, namespace, name)
        given = changed["metadata"].get("resourceVersion")
        if given not in (None, before["metadata"]["resourceVersion"]):
            raise Refused(409, "Conflict", f'Operation cannot be fulfilled on {kind.plural} "{name}"')
        kept = {key: before["metadata"][key] for key in ("uid", "creationTimestamp", "resourceVersion")}
        after: Object = {**deepcopy(changed), "apiVersion": kind.api_version, "kind": kind.kind}
        after["metadata"].update(kept)
        if after == before:
            return before
        leaving = kind != _WORLD and after["metadata"].get("deletionTimestamp")
        if leaving and not after["metadata"].get("finalizers"):
            self._remove(kind, namespace, name)
            return after
        self._keep(kind, namespace, after, "modified")
        return after

    def delete(self, kind: Kind, namespace: str, name: str) -> Object:
        """Delete an object, or mark it when a finalizer or, for a namespace, one of its objects holds it."""
        found = self.find(kind, namespace, name)
        if kind != _WORLD and not found["metadata"].get("finalizers"):
            return self._remove(kind, namespace, name)
        marked = deepcopy(found)
        marked["metadata"].setdefault("deletionTimestamp", _now())
        if kind == _WORLD:
            marked["status"] = {"phase": "Terminating"}
            # Kubernetes itself holds a namespace until nothing is left in it.
            self._keep(kind, namespace, marked, "modified")
            for key in [key for key in self._objects if key[1] == name]:
                if key in self._objects:
                    self.delete(*key)
            self._close(name)
            return marked
        return self.change(kind, namespace, marked)

    def _remove(self, kind: Kind, namespace: str, name: str) -> Object:
        gone = self._objects.pop((kind, namespace, name))
        self._tell("deleted", gone)
        for key, each in list(self._objects.items()):
            owners = cast(list[Object], each["metadata"].get("ownerReferences") or [])
            if key in self._objects and any(owner.get("uid") == gone["metadata"]["uid"] for owner in owners):
                self.delete(*key)
        self._close(namespace)
        return gone

    def _close(self, namespace: str) -> None:
        """Remove a namespace that is being deleted once its last object is gone."""
        world = self._objects.get((_WORLD, "", namespace))
        if world and world["metadata"].get("deletionTimestamp") and all(key[1] != namespace for key in self._objects):
            self._remove(_WORLD, "", namespace)

    def _open_namespace(self, namespace: str, name: str) -> None:
        world = self.find(_WORLD, "", namespace)
        if world["metadata"].get("deletionTimestamp"):
            message = f'"{name}" is forbidden: unable to create new content in namespace {namespace} because it is '
            raise Refused(403, "Forbidden", f"{message}being terminated")

    def _keep(self, kind: Kind, namespace: str, kept: Object, event: Event) -> None:
        self._version += 1
        kept["metadata"]["resourceVersion"] = str(self._version)
        self._objects[kind, namespace, kept["metadata"]["name"]] = kept
        self._tell(event, kept)

    def _tell(self, event: Event, found: Object) -> None:
        for listener in self._listening(found):
            listener(event, deepcopy(found))

    def _listening(self, found: Object) -> Iterator[Callable[[Event, Object], object]]:
        for name, listener in list(self._listeners):
            kind, _, group = name.partition(".")
            if kind == found["kind"] and group in ("", found["apiVersion"].rpartition("/")[0]):
                yield listener


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
