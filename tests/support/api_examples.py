"""The examples of the public API's document: what a gateway answers before services that are fakes.

``python -m tests.support.api_examples`` writes them anew.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import httpx

from services.gateway.main import build
from tests.support.billing_people import gateway_settings, make_people
from tests.support.fake_audit import FakeAuditLog, FakeKeptAnswers, FakeWork
from tests.support.fake_services import OPEN_INVOICE, PAYMENT, FakeServices

FILE = Path(__file__).parents[2] / "services" / "gateway" / "entrypoints" / "examples.json"
BILLING = "/api/v1/billing"
READ: dict[str, dict[str, str]] = {
    "/api/v1/session": {},
    f"{BILLING}/overview": {},
    f"{BILLING}/usage": {},
    f"{BILLING}/standing": {},
    f"{BILLING}/invoices": {},
    f"{BILLING}/invoices/{{invoice_id}}": {},
    f"{BILLING}/invoices/{{invoice_id}}/explanation": {},
    f"{BILLING}/credit-notes": {},
    f"{BILLING}/calls": {},
    f"{BILLING}/calls/totals": {"start_date": "2026-10-01", "end_date": "2026-11-01"},
    f"{BILLING}/line-calls": {"line": "minutes", "start_date": "2026-10-01"},
    f"{BILLING}/methods": {},
    f"{BILLING}/payments": {},
    f"{BILLING}/payments/{{payment_id}}": {},
    f"{BILLING}/payment-plans": {},
}


async def make_examples() -> dict[str, Any]:
    """By method and path."""
    with tempfile.TemporaryDirectory() as folder:
        people = make_people(Path(folder))
        app = build(
            gateway_settings(people),
            transport=FakeServices(),
            open_work=lambda: FakeWork(FakeAuditLog(), FakeKeptAnswers()),
        )
        transport = httpx.ASGITransport(app=app)
        found: dict[str, Any] = {}
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
            for path, query in READ.items():
                address = path.format(invoice_id=OPEN_INVOICE, payment_id=PAYMENT)
                answer = await client.get(address, params=query, headers=people.header("tenant_admin"))
                assert answer.status_code == 200, (path, answer.text)
                found[f"GET {path}"] = answer.json()
        return found


if __name__ == "__main__":
    made = asyncio.run(make_examples())
    FILE.write_text(json.dumps(made, indent=1) + "\n")
    print(FILE)
