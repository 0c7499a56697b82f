"""What the simulated Stripe holds, summed up so that tests compare it with a journal."""

from __future__ import annotations

from typing import Any

from deploy.stripe_simulator.errors import Json
from deploy.stripe_simulator.store import Store

MONEY = """
SELECT account,
    json_extract(body, '$.currency') AS currency,
    json_extract(body, '$.customer') AS customer,
    json_extract(body, '$.status') AS status,
    count(*) AS count,
    sum(json_extract(body, '$.amount')) AS amount,
    sum(json_extract(body, '$.amount_refunded')) AS refunded
FROM objects WHERE kind = 'charge' AND (?1 IS NULL OR account = ?1) GROUP BY 1, 2, 3, 4
"""
FEES = """
SELECT account, json_extract(body, '$.currency') AS currency,
    sum(json_extract(body, '$.fee')) AS fee, sum(json_extract(body, '$.net')) AS net
FROM objects WHERE kind = 'balance_transaction' AND (?1 IS NULL OR account = ?1) GROUP BY 1, 2
"""
INTENTS = """
SELECT account, json_extract(body, '$.status') AS status, count(*) AS count
FROM objects WHERE kind = 'payment_intent' AND (?1 IS NULL OR account = ?1) GROUP BY 1, 2
"""


def summary(store: Store, account: str | None = None) -> Json:
    """Return, per account and currency, charges and refunds in minor units, fees, and sums per customer.

    ``{"acct_…": {"currencies": {"usd": {"charges": 2, "charged": 5000, "failed": 1, "refunded": 0, "fees": 205,
    "net": 4795, "customers": {"cus_…": {"charges": 2, "charged": 5000, "failed": 1, "refunded": 0}}}},
    "payment_intents": {"succeeded": 2}}}``; charges without a customer are under ``""``.
    """
    accounts: Json = {}
    for row in store.db.execute(MONEY, (account,)):
        money = _currency(accounts, row)
        person = money["customers"].setdefault(row["customer"] or "", _nothing())
        for sums in (money, person):
            if row["status"] == "succeeded":
                sums["charges"] += row["count"]
                sums["charged"] += row["amount"]
                sums["refunded"] += row["refunded"]
            else:
                sums["failed"] += row["count"]
    for row in store.db.execute(FEES, (account,)):
        _currency(accounts, row).update(fees=row["fee"], net=row["net"])
    for row in store.db.execute(INTENTS, (account,)):
        _account(accounts, row)["payment_intents"][row["status"]] = row["count"]
    return accounts


def _nothing() -> Json:
    return {"charges": 0, "charged": 0, "failed": 0, "refunded": 0}


def _account(accounts: Json, row: Any) -> Json:
    found: Json = accounts.setdefault(row["account"], {"currencies": {}, "payment_intents": {}})
    return found


def _currency(accounts: Json, row: Any) -> Json:
    currencies = _account(accounts, row)["currencies"]
    empty = _nothing() | {"fees": 0, "net": 0, "customers": {}}
    found: Json = currencies.setdefault(row["currency"], empty)
    return found
