"""Everything the simulator knows, in SQLite: a file that survives kill -9, or memory.

One connection on one thread: the event loop's. A request's writes, its events and its idempotency result are
committed together.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.stripe_simulator.errors import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    hidden TEXT NOT NULL,
    UNIQUE (account, id)
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (account, kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_customer ON objects (account, kind, json_extract(body, '$.customer'));
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects (account, kind, json_extract(body, '$.payment_intent'));
CREATE TABLE IF NOT EXISTS idempotency (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    path TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created REAL NOT NULL,
    PRIMARY KEY (account, key)
);
CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    accounts TEXT,
    enabled_events TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    event TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL,
    last_answer TEXT
);
CREATE TABLE IF NOT EXISTS bank_clock (id INTEGER PRIMARY KEY, ahead REAL NOT NULL);
CREATE TABLE IF NOT EXISTS bank_work (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    due REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS bank_work_due ON bank_work (due);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_of_event ON deliveries (account, event);
"""
FORGET_ALL = (
    "DELETE FROM objects",
    "DELETE FROM idempotency",
    "DELETE FROM deliveries",
    "DELETE FROM bank_work",
    "DELETE FROM bank_clock",
)
FORGET_ACCOUNT = (
    "DELETE FROM objects WHERE account = ? AND kind != 'account'",
    "DELETE FROM idempotency WHERE account = ?",
    "DELETE FROM deliveries WHERE account = ?",
    "DELETE FROM bank_work WHERE account = ?",
)

Condition = tuple[str, str, Any]
"""A JSON path inside the object, an SQL comparison and the value: ``("$.created", ">=", 1700000000)``."""


class Store:
    """Objects by account, with what the network must not see of them kept apart as ``hidden``."""

    def __init__(self, path: Path | None) -> None:
        """Open ``path`` (made when missing), or memory for None."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        # WAL without fsync: the operating system keeps what a killed process wrote; only a power cut loses it.
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.execute("PRAGMA cache_size=-4000")
        self.db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is written inside, or nothing when it raises."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def insert(self, account: str, body: Json, hidden: Json | None = None) -> None:
        """Keep a new object."""
        self.db.execute(
            "INSERT INTO objects (account, id, kind, body, hidden) VALUES (?, ?, ?, ?, ?)",
            (account, body["id"], body["object"], json.dumps(body), json.dumps(hidden or {})),
        )

    def save(self, account: str, body: Json, hidden: Json | None = None) -> None:
        """Replace an object; its hidden part too when given."""
        if hidden is None:
            query = "UPDATE objects SET body = ? WHERE account = ? AND id = ?"
            self.db.execute(query, (json.dumps(body), account, body["id"]))
        else:
            query = "UPDATE objects SET body = ?, hidden = ? WHERE account = ? AND id = ?"
            self.db.execute(query, (json.dumps(body), json.dumps(hidden), account, body["id"]))

    def find(self, account: str, identifier: str) -> Json | None:
        """Return an object of any kind, or None."""
        row = self.db.execute(
            "SELECT body FROM objects WHERE account = ? AND id = ?", (account, identifier)
        ).fetchone()
        return None if row is None else json.loads(row["body"])

    def hidden(self, account: str, identifier: str) -> Json:
        """Return what is kept beside an object; empty for an unknown one."""
        row = self.db.execute(
            "SELECT hidden FROM objects WHERE account = ? AND id = ?", (account, identifier)
        ).fetchone()
        return {} if row is None else json.loads(row["hidden"])

    def select(
        self,
        account: str,
        kind: str,
        conditions: Sequence[Condition] = (),
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
    ) -> list[Json]:
        """Return objects newest first; ``before`` and ``after`` are sequence numbers that bound the page.

        With ``after`` the page is the one that ends next to it, as Stripe's ``ending_before`` asks.
        """
        query = "SELECT body FROM objects WHERE account = ? AND kind = ?"
        values: list[Any] = [account, kind]
        for path, comparison, value in conditions:
            placeholder = "(SELECT value FROM json_each(?))" if comparison == "IN" else "?"
            query += f" AND json_extract(body, '{path}') {comparison} {placeholder}"
            values.append(json.dumps(value) if comparison == "IN" else value)
        if before is not None:
            query += " AND seq < ?"
            values.append(before)
        if after is not None:
            query += " AND seq > ?"
            values.append(after)
        direction = "ASC" if after is not None else "DESC"
        query += f" ORDER BY seq {direction} LIMIT ?"
        bodies = [json.loads(row["body"]) for row in self.db.execute(query, (*values, limit))]
        return bodies[::-1] if after is not None else bodies

    def sequence(self, account: str, identifier: str) -> int | None:
        """Return an object's place in the order of creation."""
        row = self.db.execute(
            "SELECT seq FROM objects WHERE account = ? AND id = ?", (account, identifier)
        ).fetchone()
        return None if row is None else int(row["seq"])

    def accounts(self) -> list[str]:
        """Return every account that holds an object or is known."""
        return [row[0] for row in self.db.execute("SELECT DISTINCT account FROM objects ORDER BY account")]

    def reset(self, account: str | None) -> None:
        """Forget one account's state, or everything but the webhook endpoints."""
        with self.transaction():
            for statement in FORGET_ALL if account is None else FORGET_ACCOUNT:
                self.db.execute(statement, () if account is None else (account,))
