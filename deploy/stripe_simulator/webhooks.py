"""Signed webhooks, delivered off the request path and retried until they are taken or given up.

Signature: https://docs.stripe.com/webhooks#verify-manually (scheme v1).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import sqlite3
from collections.abc import Sequence

import httpx

from deploy.stripe_simulator.call import Clock
from deploy.stripe_simulator.errors import Json
from deploy.stripe_simulator.faults import FaultKind, Faults
from deploy.stripe_simulator.store import Store

logger = logging.getLogger(__name__)

ATTEMPTS_MAX = 120
BACKOFF_FIRST_SECONDS = 0.2
BACKOFF_MAX_SECONDS = 5.0
"""120 attempts at up to 5 s apart: a receiver may be away for nine minutes."""
ANSWER_SECONDS_MAX = 10.0
IN_FLIGHT_MAX = 16
IDLE_SECONDS = 1.0
AWAY_SECONDS = 0.5
"""Pause for a whole endpoint after a connection failed, so that an outage costs a few tries, not one per event."""


def signature(secret: str, body: bytes, moment: int) -> str:
    """Return the ``Stripe-Signature`` header for a body sent at ``moment`` (seconds since 1970)."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


class Deliverer:
    """Sends pending deliveries. ``held`` stops it, for tests that want events late or out of order."""

    def __init__(self, store: Store, clock: Clock, faults: Faults) -> None:
        self._store = store
        self._clock = clock
        self._faults = faults
        self._wake = asyncio.Event()
        self._sending: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._away: dict[str, float] = {}
        self.held = False

    def wake(self) -> None:
        """Look for new deliveries now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        limits = httpx.Limits(max_connections=IN_FLIGHT_MAX)
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, limits=limits, trust_env=False) as client:
            try:
                while True:
                    self._wake.clear()
                    if not self.held:
                        self._start_due(client)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), self._pause())
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start_due(self, client: httpx.AsyncClient) -> None:
        free = IN_FLIGHT_MAX - len(self._sending)
        now = self._clock()
        self._away = {endpoint: until for endpoint, until in self._away.items() if until > now}
        rows = self._store.db.execute(
            "SELECT * FROM deliveries WHERE state = 'pending' AND next_at <= ? "
            "AND endpoint NOT IN (SELECT value FROM json_each(?)) ORDER BY next_at, id LIMIT ?",
            (now, json.dumps(list(self._away)), IN_FLIGHT_MAX + free),
        ).fetchall()
        for row in [row for row in rows if row["id"] not in self._sending][:free]:
            self._sending.add(row["id"])
            task = asyncio.create_task(self._deliver(client, row))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _pause(self) -> float:
        """Return how long nothing is due; a finished delivery wakes the loop by itself."""
        row = self._store.db.execute(
            "SELECT min(next_at) FROM deliveries WHERE state = 'pending' AND next_at > ?", (self._clock(),)
        ).fetchone()
        moments: list[float] = [moment for moment in (row[0], *self._away.values()) if moment is not None]
        return max(0.01, min([IDLE_SECONDS, *(moment - self._clock() for moment in moments)]))

    async def _deliver(self, client: httpx.AsyncClient, row: sqlite3.Row) -> None:
        try:
            event = self._store.find(row["account"], row["event"])
            endpoint = self._store.db.execute(
                "SELECT * FROM endpoints WHERE id = ?", (row["endpoint"],)
            ).fetchone()
            if event is None or endpoint is None:
                self._finish(row, "failed", "the event or its endpoint is gone")
                return
            late = self._faults.strike(FaultKind.REORDER_WEBHOOK, "POST", event["type"], row["account"])
            if late is not None:
                self._put_off(row, (late.delay_ms or 1000) / 1000)
                return
            answer = await self.send(client, endpoint, event)
            if self._faults.strike(FaultKind.DUPLICATE_WEBHOOK, "POST", event["type"], row["account"]):
                answer = await self.send(client, endpoint, event)
            if answer.startswith("2"):
                self._finish(row, "delivered", answer)
            elif row["attempts"] + 1 >= ATTEMPTS_MAX:
                self._finish(row, "failed", answer)
                logger.warning("gave up event %s for %s: %s", event["id"], endpoint["url"], answer)
            else:
                self._postpone(row, answer)
            if not answer[0].isdigit():
                self._away[row["endpoint"]] = self._clock() + AWAY_SECONDS
        finally:
            self._sending.discard(row["id"])
            self._wake.set()

    async def send(self, client: httpx.AsyncClient, endpoint: sqlite3.Row, event: Json) -> str:
        """Post one event; return the status or what went wrong."""
        body = json.dumps(event, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(endpoint["secret"], body, int(self._clock())),
        }
        try:
            response = await client.post(endpoint["url"], content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            return f"{type(problem).__name__}: {problem}"
        return str(response.status_code)

    def _finish(self, row: sqlite3.Row, state: str, answer: str) -> None:
        with self._store.transaction():
            self._store.db.execute(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, last_answer = ? WHERE id = ?",
                (state, answer, row["id"]),
            )
            event = self._store.find(row["account"], row["event"])
            if state == "delivered" and event is not None:
                (pending,) = self._store.db.execute(
                    "SELECT count(*) FROM deliveries WHERE account = ? AND event = ? AND state != 'delivered'",
                    (row["account"], row["event"]),
                ).fetchone()
                event["pending_webhooks"] = pending
                self._store.save(row["account"], event)

    def _put_off(self, row: sqlite3.Row, seconds: float) -> None:
        self._store.db.execute(
            "UPDATE deliveries SET next_at = ? WHERE id = ?", (self._clock() + seconds, row["id"])
        )

    def _postpone(self, row: sqlite3.Row, answer: str) -> None:
        wait = min(BACKOFF_MAX_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** min(row["attempts"], 10))
        self._store.db.execute(
            "UPDATE deliveries SET attempts = attempts + 1, next_at = ?, last_answer = ? WHERE id = ?",
            (self._clock() + wait, answer, row["id"]),
        )

    def hold(self) -> None:
        """Stop delivering; events pile up."""
        self.held = True

    def release(self, *, newest_first: bool = False) -> int:
        """Deliver again and return how many were waiting; ``newest_first`` turns their order round."""
        waiting = self._store.db.execute(
            "SELECT id FROM deliveries WHERE state = 'pending' ORDER BY id"
        ).fetchall()
        ordered: Sequence[sqlite3.Row] = waiting[::-1] if newest_first else waiting
        now = self._clock()
        with self._store.transaction():
            for place, row in enumerate(ordered):
                # Far enough apart that the order survives concurrent sending on one machine.
                self._store.db.execute(
                    "UPDATE deliveries SET next_at = ? WHERE id = ?", (now + place * 0.02, row["id"])
                )
        self.held = False
        self.wake()
        return len(waiting)

    def resend(self, account: str, event: str) -> int:
        """Deliver an event once more to everyone it went to; return to how many."""
        changed = self._store.db.execute(
            "UPDATE deliveries SET state = 'pending', attempts = 0, next_at = ? WHERE account = ? AND event = ?",
            (self._clock(), account, event),
        ).rowcount
        self.wake()
        return changed
