"""Does what banks owe: settles debits, returns them, settles refunds."""

from __future__ import annotations

import logging
from collections.abc import Callable

from deploy.stripe_simulator import bank_work, disputes, payment_intents, refunds
from deploy.stripe_simulator.call import Call
from deploy.stripe_simulator.errors import Json, StripeRefusal
from deploy.stripe_simulator.store import Store

logger = logging.getLogger(__name__)
CHECK_SECONDS = 1.0


def settle(call: Call, kind: str, subject: Json) -> None:
    """One piece of work; what no longer fits the object's state is left out."""
    if kind == "debit":
        if subject["status"] == "processing":
            payment_intents.settle_debit(call, subject)
    elif kind == "return":
        disputes.return_debit(call, subject)
    else:
        refunds.settle(call, subject, failed=kind == "refund_failure")


def do_due(store: Store, clock: float, call_for: Callable[[str], Call]) -> int:
    """Do all that is due by the banks' clock, what that makes due included; return how much was done."""
    done = 0
    while rows := bank_work.due(store, clock):
        for row in rows:
            with store.transaction():
                store.db.execute("DELETE FROM bank_work WHERE id = ?", (row["id"],))
                subject = store.find(row["account"], row["object"])
                if subject is None:
                    continue
                try:
                    settle(call_for(row["account"]), row["kind"], subject)
                except StripeRefusal as refusal:
                    logger.info("banks leave %s of %s out: %s", row["kind"], row["object"], refusal.message)
            done += 1
    return done
