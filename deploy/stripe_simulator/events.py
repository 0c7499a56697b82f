"""Events: written with the change they tell of, listed for a month, delivered by ``webhooks``."""

from __future__ import annotations

import copy
import json
from typing import Any

from deploy.stripe_simulator import listing
from deploy.stripe_simulator.call import API_VERSION, Call, Operation, operation
from deploy.stripe_simulator.errors import Json, StripeRefusal

RETENTION_SECONDS = 30 * 86400
TYPES_MAX = 20


def record(call: Call, kind: str, subject: Json, previous: Json | None = None) -> None:
    """Write an event about ``subject`` as it is now, and one delivery per endpoint that wants it."""
    data: Json = {"object": copy.deepcopy(subject)}
    if previous:
        data["previous_attributes"] = previous
    event = call.new(
        "event",
        "evt",
        {
            "type": kind,
            "api_version": API_VERSION,
            "data": data,
            "request": {"id": call.request_id, "idempotency_key": call.idempotency_key},
        },
    )
    if call.account != call.platform:
        event["account"] = call.account
    endpoints = [
        row["id"] for row in call.store.db.execute("SELECT * FROM endpoints") if _wants(row, call, kind)
    ]
    event["pending_webhooks"] = len(endpoints)
    call.keep(event)
    for endpoint in endpoints:
        call.store.db.execute(
            "INSERT INTO deliveries (account, event, endpoint, state, next_at) VALUES (?, ?, ?, 'pending', ?)",
            (call.account, event["id"], endpoint, call.clock()),
        )


def _wants(endpoint: Any, call: Call, kind: str) -> bool:
    accounts = json.loads(endpoint["accounts"] or "null")
    enabled = json.loads(endpoint["enabled_events"])
    return (accounts is None or call.account in accounts) and ("*" in enabled or kind in enabled)


def changed(before: Json, after: Json) -> Json:
    """Return the former values of what differs, as ``previous_attributes`` carries them."""
    return {name: before.get(name) for name in after if before.get(name) != after[name]}


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return one event."""
    return call.fetch("event", path["id"], param="id", in_path=True)


def list_events(call: Call, path: dict[str, str], params: Json) -> Json:
    """List events of the last 30 days, filtered by type, time and whether every delivery succeeded."""
    if "type" in params and "types" in params:
        raise StripeRefusal("You may only specify one of these parameters: type, types.")
    wanted = listing.conditions(params, "created")
    wanted.append(("$.created", ">=", call.now() - RETENTION_SECONDS))
    if "type" in params:
        wanted.append(("$.type", "GLOB", params["type"]))
    if "types" in params:
        types = params["types"]
        if not 1 <= len(types) <= TYPES_MAX:
            raise StripeRefusal(f"You may only specify up to {TYPES_MAX} event types.", param="types")
        wanted.append(("$.type", "IN", types))
    if "delivery_success" in params:
        wanted.append(("$.pending_webhooks", "=" if params["delivery_success"] else ">", 0))
    return listing.page(call, "event", params, "/v1/events", wanted)


OPERATIONS: tuple[Operation, ...] = (
    operation("GET", "/v1/events", list_events, f"{listing.PAGE} type types created delivery_success"),
    operation("GET", "/v1/events/{id}", retrieve, "expand"),
)
