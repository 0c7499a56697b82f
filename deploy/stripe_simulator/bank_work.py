"""What banks will do later, on a clock of their own: settle a debit, return it, settle a refund.

The banks' clock is the simulator's plus what was added through the control API, so that days pass on demand while
signatures keep real time.
"""

from __future__ import annotations

import sqlite3
from typing import Literal

from deploy.stripe_simulator.call import Call
from deploy.stripe_simulator.store import Store

Kind = Literal["debit", "return", "refund", "refund_failure"]
DAY_SECONDS = 86400.0


def now(store: Store, clock: float) -> float:
    """Return the banks' time in seconds since 1970."""
    (ahead,) = store.db.execute("SELECT coalesce(max(ahead), 0) FROM bank_clock").fetchone()
    return clock + float(ahead)


def forward(store: Store, days: float) -> None:
    """Let days pass at the banks."""
    store.db.execute("INSERT INTO bank_clock (id, ahead) VALUES (1, 0) ON CONFLICT DO NOTHING")
    store.db.execute("UPDATE bank_clock SET ahead = ahead + ?", (days * DAY_SECONDS,))


def later(call: Call, kind: Kind, subject: str, days: float) -> None:
    """Have banks do something with an object in some days."""
    call.store.db.execute(
        "INSERT INTO bank_work (account, kind, object, due) VALUES (?, ?, ?, ?)",
        (call.account, kind, subject, now(call.store, call.clock()) + days * DAY_SECONDS),
    )


def drop(call: Call, subject: str) -> None:
    """Banks do nothing more with an object."""
    call.store.db.execute("DELETE FROM bank_work WHERE account = ? AND object = ?", (call.account, subject))


def due(store: Store, clock: float) -> list[sqlite3.Row]:
    """Return what is due, earliest first."""
    return store.db.execute(
        "SELECT * FROM bank_work WHERE due <= ? ORDER BY due, id", (now(store, clock),)
    ).fetchall()
