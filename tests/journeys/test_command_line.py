"""A provider's first month from the command line: opened, billed, corrected, paid, written to files."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.stack import Stack
from deploy.local.tokens import Person, TokenIssuer

pytestmark = pytest.mark.journey
Tollgate = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
async def tollgate(stack: Stack) -> Tollgate:
    """The client as a process of its own, with the token of a new provider's admin."""
    endpoints = json.loads(stack.endpoints_file.read_text())
    gateway = endpoints["services"]["gateway"]
    issuer = TokenIssuer(Path(endpoints["token_issuer_folder"]))
    operator = issuer.mint(Person(sub="operator", roles=["operator"], provider_id=""))
    body = {
        "slug": "wren",
        "legal_name": "Wren Telecom Inc.",
        "address": ["1 Harbour Road", "Portland, ME"],
        "currency": "USD",
        "country": "US",
        "time_zone": "America/New_York",
        "locale": "en-US",
        "brand": {"name": "Wren", "colour": "#0B5FA5"},
        "billing_email": "billing@wren.example",
        "support_phone": "+12075550100",
        "invoice_prefix": "WR",
    }
    async with httpx.AsyncClient(
        base_url=gateway, headers={"Authorization": f"Bearer {operator}"}, timeout=30
    ) as client:
        answer = await client.post("/api/v1/provider/providers", json=body)
    assert answer.status_code == 201, answer.text
    admin = issuer.mint(
        Person(
            sub="wren-admin", roles=["provider_admin"], provider_id=answer.json()["provider_id"], name="Mia"
        )
    )

    def run(*words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "tollgate", *words],
            env={**os.environ, "TOLLGATE_ADDRESS": gateway, "TOLLGATE_TOKEN": admin},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
        assert admin not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


async def test_a_month_is_billed_corrected_and_exported_by_typing(tollgate: Tollgate, tmp_path: Path) -> None:
    """Two invoices of 49 dollars; one is credited in full, 20 dollars come for the other, the books say 29."""

    async def do(*words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(tollgate, *words, status=status)

    async def read(*words: str) -> Any:
        return json.loads((await do("--json", *words)).stdout)

    await do("test-clock", "set", "2026-01-01T05:00:00Z")
    await do(
        "plans", "add", "--name", "Basic", "--model", "flat_rate", "--fee", "49.00USD", "--minutes", "100"
    )
    await do(
        *("tenants", "open", "acme", "Acme Dental", "--plan", "Basic", "--on", "2026-01-01"),
        *("--sip-domain", "acme.wren.example", "--billing-email", "books@acme.example"),
    )
    await do("test-clock", "advance", "2026-02-01T12:00:00Z")
    listed = (await do("invoices", "list", "acme")).stdout
    assert "WR-2026-00001" in listed
    assert listed.count("49.00 USD") == 4
    await do("invoices", "credit", "acme", "WR-2026-00001", "--full", "--reason", "A gift")
    await do("payments", "record", "acme", "20.00USD", "--reference", "W-1", "--invoice", "WR-2026-00002")
    await do("test-clock", "advance", "2026-02-02T12:00:00Z")
    statement = await read("reports", "statement", "acme", "--from", "2026-01-01", "--to", "2026-03-01")
    assert statement["closing_balance"] == {"minor": 2900, "currency": "USD"}
    cost = await read("tenants", "close", "acme", "--when", "period_end", "--dry-run")
    assert (cost["dry_run"], cost["effective_on"]) == (True, "2026-03-01")
    assert (await read("tenants", "show", "acme"))["status"] == "active"
    out = tmp_path / "invoice.pdf"
    await do("invoices", "document", "acme", "WR-2026-00002", "-o", str(out))
    assert out.read_bytes().startswith(b"%PDF")
    refused = await do("tenants", "change", "acme", "--time-zone", "Moon/Base", status=1)
    assert refused.stderr.startswith("Invalid input: time_zone: 'Moon/Base' is not an IANA time zone")
    unknown = await do("tenants", "show", "nobody", status=2)
    assert unknown.stderr == "There is no tenant 'nobody'; `tollgate tenants list` shows them.\n"
    assert [one["route"] for one in (await read("changes", "--limit", "1"))["changes"]] == [
        "/api/v1/provider/tenants/{tenant_id}"
    ]
