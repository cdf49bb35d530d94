"""The simulated cloud's memory: every resource that exists, kept in SQLite between commands."""

import json
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.wire import Properties

_TABLES = """
CREATE TABLE IF NOT EXISTS resource (
    type TEXT NOT NULL, id TEXT NOT NULL, urn TEXT NOT NULL, inputs TEXT NOT NULL, outputs TEXT NOT NULL,
    seed TEXT NOT NULL, PRIMARY KEY (type, id));
CREATE TABLE IF NOT EXISTS identity (
    value TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (value, type, id));
CREATE INDEX IF NOT EXISTS identity_of ON identity (type, id);
CREATE TABLE IF NOT EXISTS finding (
    urn TEXT PRIMARY KEY, report TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, text TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Thing:
    """One resource that exists in the simulated cloud."""

    type: str
    id: str
    urn: str
    inputs: Properties
    outputs: Properties
    identities: frozenset[str] = field(default_factory=frozenset[str])
    """Other strings by which resources refer to it: ARN, name, ids of what AWS creates along with it."""
    seed: str = ""
    """What its generated values derive from."""


class World:
    """Resources by type and id. Safe to use from several threads; a killed process loses no finished operation."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # survives a killed process, which is all that a rehearsal needs
        self._db.executescript(_TABLES)

    def put(self, thing: Thing) -> None:
        """Create or overwrite a resource."""
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?, ?, ?)",
                (thing.type, thing.id, thing.urn, json.dumps(thing.inputs), json.dumps(thing.outputs), thing.seed),
            )
            self._db.execute("DELETE FROM identity WHERE type = ? AND id = ?", (thing.type, thing.id))
            self._db.executemany(
                "INSERT OR IGNORE INTO identity VALUES (?, ?, ?)",
                [(value, thing.type, thing.id) for value in {thing.id, *thing.identities}],
            )

    def get(self, type_: str, id_: str) -> Thing | None:
        """The resource, or None where it does not exist."""
        return next(iter(self._select("WHERE type = ? AND id = ?", (type_, id_))), None)

    def find(self, value: str) -> list[Thing]:
        """Resources that go by `value`: an id, an ARN or a name."""
        return self._select(
            "WHERE EXISTS (SELECT 1 FROM identity i WHERE i.type = resource.type AND i.id = resource.id"
            " AND i.value = ?)",
            (value,),
        )

    def of(self, type_: str) -> list[Thing]:
        """Every resource of a type."""
        return self._select("WHERE type = ?", (type_,))

    def all(self) -> list[Thing]:
        """Everything that exists."""
        return self._select("", ())

    def delete(self, type_: str, id_: str) -> None:
        """Forget a resource."""
        with self._lock:
            self._db.execute("DELETE FROM resource WHERE type = ? AND id = ?", (type_, id_))
            self._db.execute("DELETE FROM identity WHERE type = ? AND id = ?", (type_, id_))

    def report(self, urn: str, finding: Properties) -> None:
        """Remember what a check of this resource looked at, for the summary of the current command."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO finding VALUES (?, ?)", (urn, json.dumps(finding)))

    def findings(self) -> dict[str, Properties]:
        """What was checked since `forget_findings`, by URN."""
        with self._lock:
            rows = self._db.execute("SELECT urn, report FROM finding").fetchall()
        return {urn: json.loads(report) for urn, report in rows}

    def forget_findings(self) -> None:
        """Start a new command's account of what was checked."""
        with self._lock:
            self._db.execute("DELETE FROM finding")

    def remember(self, key: str, text: str) -> None:
        """Keep the answer to a check, as JSON."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO answer VALUES (?, ?)", (key, text))

    def recall(self, key: str) -> Properties | None:
        """An answer that was kept, or None."""
        with self._lock:
            row = self._db.execute("SELECT text FROM answer WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _select(self, where: str, values: Iterable[Any]) -> list[Thing]:
        with self._lock:
            rows = self._db.execute(
                "SELECT type, id, urn, inputs, outputs, seed, (SELECT json_group_array(value) FROM identity i"  # noqa: S608 (fixed)
                f" WHERE i.type = resource.type AND i.id = resource.id) FROM resource {where}",
                tuple(values),
            ).fetchall()
        return [
            Thing(type_, id_, urn, json.loads(inputs), json.loads(outputs), frozenset(json.loads(names)), seed)
            for type_, id_, urn, inputs, outputs, seed, names in rows
        ]
