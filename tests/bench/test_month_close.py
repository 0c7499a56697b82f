"""The month's close: tenants due at once, twenty lines each, metered totals ready."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.invoicing.adapters import tables
from services.invoicing.adapters.work import work_opener
from services.invoicing.domain.catalogue import Brand, Provider, Tax
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.totals import Minutes, Totals
from services.invoicing.main import MIGRATIONS
from services.invoicing.use_cases.add_plan import add_plan
from services.invoicing.use_cases.add_provider import add_provider
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.ids import PlanId, ProviderId, new_id
from shared.money import currency
from tests.bench.figures import Figures
from tests.conftest import FreshDatabase

TENANTS = int(os.environ.get("BENCH_TENANTS", "10000"))
# A fee, extensions, DIDs and these are twenty lines.
CLASSES = 17
AT_ONCE = 500
BARE_AT_ONCE = 50
START, END = date(2026, 9, 1), date(2026, 10, 1)
WRITTEN = ("invoice", "invoice_line", "invoice_tax", "journal_posting", "outbox")


def _provider() -> Provider:
    return Provider(
        provider_id=ProviderId(new_id()),
        slug="kestrel",
        legal_name="Kestrel Voice LLC",
        address=("120 Pier Street",),
        tax_id=None,
        currency=currency("USD"),
        country="US",
        time_zone="America/New_York",
        locale="en-US",
        brand=Brand("Kestrel Voice", "#0B5FA5", None),
        billing_email="billing@kestrel.example",
        support_phone="+12125550100",
        reachable_numbers=(),
        invoice_prefix="KV",
        terms_days=14,
        finalisation_delay_minutes=60,
        created_at=datetime.now(UTC),
        taxes=(Tax("New York sales tax", Decimal("8.875")),),
    )


def _plan(provider: Provider) -> Plan:
    return Plan(
        provider_id=provider.provider_id,
        plan_id=PlanId(new_id()),
        version=1,
        name="Professional",
        billing_model="flat_rate",
        currency=provider.currency,
        monthly_fee_minor=24900,
        included_extensions=20,
        included_dids=5,
        included_minutes=0,
        price_extension=Decimal(12),
        price_did=Decimal("2.5"),
        price_minute=Decimal("0.019"),
        minimum_seconds=6,
        increment_seconds=6,
    )


def _totals() -> dict[str, Any]:
    parts = tuple(
        Minutes(
            f"class_{number}",
            "outbound",
            40,
            6000 + number * 6,
            0,
            6000 + number * 6,
            Decimal("0.019"),
            (6000 + number * 6) * Decimal("0.019") / 60,
        )
        for number in range(CLASSES)
    )
    return Totals(1, 22, 6, parts).to_data()


def _chunks(count: int) -> Iterator[range]:
    for first in range(0, count, AT_ONCE):
        yield range(first, min(first + AT_ONCE, count))


async def _stage(engine: AsyncEngine, count: int) -> None:
    """Tenants whose September is metered and whose October runs, as the loops before would leave them."""
    provider = _provider()
    plan = _plan(provider)
    async with work_opener(engine)() as work:
        await add_provider(work, provider)
        await add_plan(work, plan)
    totals = _totals()
    for chunk in _chunks(count):
        ids = [new_id() for _ in chunk]
        async with engine.begin() as connection:
            await connection.execute(
                insert(tables.tenant),
                [_tenant(provider, plan, number, one) for number, one in zip(chunk, ids, strict=True)],
            )
            await connection.execute(
                insert(tables.metadata.tables["plan_assignment"]),
                [
                    {
                        "tenant_id": one,
                        "from_date": START,
                        "provider_id": provider.provider_id,
                        "plan_id": plan.plan_id,
                        "plan_version": 1,
                    }
                    for one in ids
                ],
            )
            await connection.execute(
                insert(tables.billing_period),
                [row for one in ids for row in _periods(provider, plan, one, totals)],
            )
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE outbox SET published_at = sent_at"))


def _tenant(provider: Provider, plan: Plan, number: int, tenant_id: Any) -> dict[str, Any]:
    return {
        "provider_id": provider.provider_id,
        "tenant_id": tenant_id,
        "slug": f"t{number}",
        "name": f"Tenant {number}",
        "status": "active",
        "country": "US",
        "time_zone": "America/New_York",
        "locale": "en-US",
        "currency": "USD",
        "billing_email": "a@b.example",
        "admin_email": "a@b.example",
        "sip_domain": f"t{number}.example",
        "plan_id": plan.plan_id,
        "plan_version": 1,
        "plan_from": START,
        "opened_on": START,
        "anchor_day": 1,
        "address": ["48 Alder Avenue"],
        "account_codes": [],
    }


def _periods(provider: Provider, plan: Plan, tenant_id: Any, totals: dict[str, Any]) -> list[dict[str, Any]]:
    ended = datetime(2026, 10, 1, 4, tzinfo=UTC)
    far = datetime(2027, 10, 1, 4, tzinfo=UTC)
    common = {
        "tenant_id": tenant_id,
        "provider_id": provider.provider_id,
        "is_trial": False,
        "plan_id": plan.plan_id,
        "plan_version": 1,
    }
    fee = {
        f"fee/{plan.plan_id}/1/{START}": {
            "minor": 24900,
            "quantity": "1",
            "description": "Professional plan",
            "unit_price": "249",
            "end": END.isoformat(),
        }
    }
    september = {
        **common,
        "start_date": START,
        "end_date": END,
        "month_days": 30,
        "state": "metered",
        "end_at": ended,
        "finalise_at": ended + timedelta(hours=1),
        "totals": totals,
        "billed": fee,
        "fee_end": END,
        "fee_days": 30,
        "fee_until": END,
    }
    after = date(2026, 11, 1)
    october = {
        **common,
        "start_date": END,
        "end_date": after,
        "month_days": 31,
        "state": "running",
        "end_at": far,
        "finalise_at": far,
        "totals": None,
        "billed": {},
        "fee_end": after,
        "fee_days": 31,
        "fee_until": after,
    }
    return [september, october]


async def _close(url: str, workers: int) -> dict[str, float]:
    """From the first step of the first replica to the last of the last; CPU and memory of all together."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.close_process", url, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(workers)
    ]
    answers = [await one.communicate() for one in processes]
    assert [0] * workers == [one.returncode for one in processes]
    found: list[dict[str, float]] = [json.loads(out) for out, _ in answers]
    return {
        "seconds": max(one["ended"] for one in found) - min(one["begun"] for one in found),
        "cpu_seconds": sum(one["cpu_seconds"] for one in found),
        "mib": sum(one["mib"] for one in found),
    }


async def _bare_seconds(url: str) -> float:
    """The same rows once more, into tables that are alike, in as many transactions, with asyncpg alone."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    rows: dict[str, list[tuple[Any, ...]]] = {}
    inserts: dict[str, str] = {}
    for table in WRITTEN:
        await connection.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        found = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1"
            " AND is_identity = 'NO' AND is_generated = 'NEVER' ORDER BY ordinal_position",
            table,
        )
        names = [row["column_name"] for row in found]
        marks = ", ".join(f"${number + 1}" for number in range(len(names)))
        inserts[table] = f"INSERT INTO bare_{table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 (the catalogue's names)
        order = "event_id" if table == "outbox" else "tenant_id"
        rows[table] = [
            tuple(row)
            for row in await connection.fetch(f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}")  # noqa: S608 (the same)
        ]
    batches = -(-len(rows["invoice"]) // BARE_AT_ONCE)
    begun = time.monotonic()
    for number in range(batches):
        async with connection.transaction():
            for table in WRITTEN:
                size = -(-len(rows[table]) // batches)
                part = rows[table][number * size : (number + 1) * size]
                if part:
                    await connection.executemany(inserts[table], part)
    seconds = time.monotonic() - begun
    await connection.close()
    return seconds


@pytest.mark.skipif(os.environ.get("BENCH_CLOSE") != "1", reason="long; BENCH_CLOSE=1 measures it")
async def test_a_months_close(fresh_database: FreshDatabase, figures: Figures) -> None:
    """Every tenant has its invoice, numbers have no gap, and the books sum to zero; then how fast it was."""
    seconds: dict[tuple[int, int], float] = {}
    for count, workers in ((TENANTS, 1), (TENANTS, 2), (2 * TENANTS, 2)):
        url = await fresh_database("invoicing")
        await migrate(url, MIGRATIONS)
        engine = make_engine(url, pool=4)
        await _stage(engine, count)
        closed = await _close(url, workers)
        fsync = await _check(engine, count)
        await engine.dispose()
        seconds[count, workers] = closed["seconds"]
        beside = (
            f"fsync {fsync}, {closed['mib']:.0f} MiB at most together (goal < 250);"
            f" their CPU {closed['cpu_seconds'] / count * 1000:.2f} ms an invoice"
        )
        if count == TENANTS and workers == 2:
            bare = await _bare_seconds(url)
            beside += (
                f"; bare inserts {count / bare:.0f}/s, ratio {bare / closed['seconds']:.2f} (goal >= 0.3)"
            )
        figures.add(
            f"invoices of {count:,} tenants with 20 lines, {workers} replica{'s' * (workers > 1)}",
            f"{count / closed['seconds']:.0f}/s",
            goal=">= 250/s",
            beside=beside,
        )
    twice = seconds[2 * TENANTS, 2] / seconds[TENANTS, 2]
    figures.add("twice the tenants take", f"{twice:.2f} times as long", goal="<= 2.1")


async def _check(engine: AsyncEngine, count: int) -> str:
    """Every tenant has one invoice of twenty lines, no number is left out, the books are even; how fsync stands."""
    async with engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT (SELECT count(*) FROM invoice), (SELECT count(DISTINCT tenant_id) FROM invoice),"
                " (SELECT count(*) FROM invoice_line), (SELECT count(DISTINCT number) FROM invoice),"
                " (SELECT max(next) - 1 FROM invoice_number), (SELECT sum(amount_minor) FROM journal_posting),"
                " (SELECT count(*) FROM outbox WHERE type = 'invoicing.invoice.issued.v1')"
            )
        )
        assert (count, count, count * 20, count, count, 0, count) == tuple(found.one())
        fsync: str = (await connection.execute(text("SHOW fsync"))).scalar_one()
    return fsync
