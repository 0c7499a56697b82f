"""One request at work: whose state it sees, what time it is, and what it may do."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass

from deploy.stripe_simulator.contract import Contract
from deploy.stripe_simulator.errors import Json, no_such
from deploy.stripe_simulator.store import Store

API_VERSION = "2026-10-28.endive"
"""The version the pinned SDK speaks, and the only one that events are written in."""

Clock = Callable[[], float]
"""Seconds since 1970, as ``time.time`` gives them."""

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """Return an unguessable identifier such as ``pi_3Qx…``."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


@dataclass(frozen=True)
class Call:
    """What a handler works with. ``account`` owns the state; ``platform`` is the account of the key."""

    store: Store
    contract: Contract
    clock: Clock
    account: str
    platform: str
    request_id: str
    idempotency_key: str | None
    publishable: bool
    """Made with a publishable key: by Stripe.js, which must show the client secret."""
    from_card_frame: bool
    """Sent by the card fields the simulator itself serves: the only place where a card number may come from."""
    public_url: str
    """Where a browser reaches the simulator, without a slash at the end."""

    def now(self) -> int:
        """Return the time in whole seconds since 1970."""
        return int(self.clock())

    def new(self, kind: str, prefix: str, fields: Json) -> Json:
        """Return an object of ``kind`` with every field Stripe sends, not yet kept."""
        body = self.contract.template(kind)
        body |= {"id": new_id(prefix), "object": kind}
        if "livemode" in body:
            body["livemode"] = False
        if "created" in body:
            body["created"] = self.now()
        return body | fields

    def fetch(self, kind: str, identifier: str, *, param: str, in_path: bool = False) -> Json:
        """Return an object of this account; raise ``resource_missing`` for others', unknown and deleted ones."""
        body = self.store.find(self.account, identifier)
        if body is None or body["object"] != kind or (body.get("deleted") and not in_path):
            raise no_such(kind, identifier, param=param, in_path=in_path)
        return body

    def hidden(self, identifier: str) -> Json:
        """Return what is kept beside an object and never sent."""
        return self.store.hidden(self.account, identifier)

    def keep(self, body: Json, hidden: Json | None = None) -> None:
        """Write a new object."""
        self.store.insert(self.account, body, hidden)

    def save(self, body: Json, hidden: Json | None = None) -> None:
        """Write a changed object."""
        self.store.save(self.account, body, hidden)


@dataclass(frozen=True)
class Operation:
    """An API operation that is served.

    ``simulated`` names the parameters that have their effect here; others that Stripe knows are refused aloud.
    """

    method: str
    path: str
    work: Callable[[Call, dict[str, str], Json], Json]
    simulated: frozenset[str]
    publishable: bool = False


def operation(
    method: str,
    path: str,
    work: Callable[[Call, dict[str, str], Json], Json],
    simulated: str = "",
    *,
    publishable: bool = False,
) -> Operation:
    """Return an operation; ``simulated`` is a list of parameter names parted by spaces."""
    return Operation(method, path, work, frozenset(simulated.split()), publishable)
