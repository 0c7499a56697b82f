"""Lists with cursors and filters, and the ``expand`` parameter."""

from __future__ import annotations

from typing import Any

from deploy.stripe_simulator.call import Call
from deploy.stripe_simulator.errors import Json, StripeRefusal, no_such
from deploy.stripe_simulator.store import Condition

PAGE = "limit starting_after ending_before expand"
"""What every list takes."""
PAGE_SIZE = 10
PAGE_SIZE_MAX = 100
EXPAND_DEPTH_MAX = 4
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def conditions(params: Json, *names: str) -> list[Condition]:
    """Return the filters among ``names`` that a request gives; ``created`` may be a range."""
    found: list[Condition] = []
    for name in names:
        value = params.get(name)
        if isinstance(value, dict):
            found += [(f"$.{name}", COMPARISONS[bound], limit) for bound, limit in value.items()]
        elif value is not None:
            found.append((f"$.{name}", "=", value))
    return found


def page(call: Call, kind: str, params: Json, url: str, wanted: list[Condition]) -> Json:
    """Return one page of objects, newest first, as Stripe's list object."""
    limit = params.get("limit", PAGE_SIZE)
    if not 1 <= limit <= PAGE_SIZE_MAX:
        raise StripeRefusal(
            f"Invalid integer: limit must be between 1 and {PAGE_SIZE_MAX}.",
            code="parameter_invalid_integer",
            param="limit",
        )
    if "starting_after" in params and "ending_before" in params:
        raise StripeRefusal("You may only specify one of these parameters: starting_after, ending_before.")
    rows = call.store.select(
        call.account,
        kind,
        wanted,
        limit=limit + 1,
        before=_cursor(call, kind, params, "starting_after"),
        after=_cursor(call, kind, params, "ending_before"),
    )
    has_more = len(rows) > limit
    data = rows[-limit:] if "ending_before" in params else rows[:limit]
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _cursor(call: Call, kind: str, params: Json, name: str) -> int | None:
    identifier = params.get(name)
    if identifier is None:
        return None
    sequence = call.store.sequence(call.account, identifier)
    if sequence is None:
        raise no_such(kind, identifier, param=name)
    return sequence


def expanded(call: Call, body: Json, paths: list[str]) -> Json:
    """Replace identifiers by the objects they name; raise StripeRefusal where a path names none."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > EXPAND_DEPTH_MAX:
            raise StripeRefusal(
                f"You cannot expand more than {EXPAND_DEPTH_MAX} levels of a property ({path})."
            )
        _expand(call, body, parts, path)
    return body


def _expand(call: Call, node: Any, parts: list[str], path: str) -> None:
    if isinstance(node, list):
        for item in node:
            _expand(call, item, parts, path)
        return
    name, rest = parts[0], parts[1:]
    if not isinstance(node, dict) or name not in node:
        raise StripeRefusal(f"This property cannot be expanded ({path}).", param="expand")
    value = node[name]
    if value is None:
        return
    if isinstance(value, str):
        value = call.store.find(call.account, value)
        if value is None:
            raise StripeRefusal(f"This property cannot be expanded ({path}).", param="expand")
        node[name] = value
    if rest:
        _expand(call, value, rest, path)
    elif not isinstance(value, dict):
        raise StripeRefusal(f"This property cannot be expanded ({path}).", param="expand")
