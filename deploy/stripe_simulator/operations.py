"""Every API operation that is served, and how an address finds its own."""

from __future__ import annotations

import re

from deploy.stripe_simulator import (
    accounts,
    bank_accounts,
    charges,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    payouts,
    refunds,
    setup_intents,
)
from deploy.stripe_simulator.call import Operation

OPERATIONS: tuple[Operation, ...] = (
    *accounts.OPERATIONS,
    *bank_accounts.OPERATIONS,
    *charges.OPERATIONS,
    *customers.OPERATIONS,
    *disputes.OPERATIONS,
    *events.OPERATIONS,
    *payment_intents.OPERATIONS,
    *payment_methods.OPERATIONS,
    *payouts.OPERATIONS,
    *refunds.OPERATIONS,
    *setup_intents.OPERATIONS,
)
_PATTERNS = [
    (operation, re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[A-Za-z0-9_]+)", operation.path) + "$"))
    for operation in OPERATIONS
]


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the operation at an address with what its path names, or None."""
    for operation, pattern in _PATTERNS:
        match = pattern.match(path) if operation.method == method else None
        if match is not None:
            return operation, match.groupdict()
    return None
