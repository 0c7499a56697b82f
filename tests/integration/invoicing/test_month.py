"""A month of invoicing over a real database."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from services.invoicing.adapters.own_work import own_work
from services.invoicing.adapters.tables import metadata
from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.totals import Minutes, Totals
from services.invoicing.entrypoints import scheduler
from services.invoicing.entrypoints.consumers import on_payment_succeeded
from services.invoicing.use_cases.park_period import park_period
from services.invoicing.use_cases.read_drafts import read_drafts
from services.invoicing.use_cases.settle_payment import settle_payment
from services.invoicing.use_cases.take_totals import take_totals
from shared.errors import Permanent
from shared.events.envelope import Envelope, open_event
from shared.events.invoicing import PeriodParked
from shared.events.payments import PaymentSucceeded
from shared.http.journal import journal_check
from shared.ids import EventId, PaymentId, TenantId, new_id
from shared.money import Money
from tests.integration.invoicing.conftest import USD, Stage

pytestmark = pytest.mark.integration
NOVEMBER = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)


def totals(revision: int, charged: int) -> Totals:
    """Outbound seconds above the included ones, at 0.019 a minute."""
    charge = Decimal(charged) * Decimal("0.019") / 60
    part = Minutes(
        "standard", "outbound", 1486, 180_000 + charged, 180_000, charged, Decimal("0.019"), charge
    )
    return Totals(revision, 22, 6, (part,))


async def meter(stage: Stage, tenant_id: TenantId, start: date, what: Totals) -> None:
    async with stage.open_work() as work:
        await take_totals(work, tenant_id, start, what)


async def step(stage: Stage) -> None:
    await scheduler.end_periods(stage.open_work)
    await scheduler.invoice_first_fees(stage.open_work)
    await scheduler.invoice_periods(stage.open_work)
    await scheduler.mark_overdue_invoices(stage.open_work)


async def rows(stage: Stage, query: str) -> list[tuple[object, ...]]:
    async with stage.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def test_a_month_makes_a_fee_invoice_a_usage_invoice_and_a_late_line(stage: Stage) -> None:
    """Fee at opening; then next fee and usage; a later revision is a line of its own with its own period."""
    tenant = await stage.tenant("fenwick")
    await step(stage)
    assert await rows(stage, "SELECT number, subtotal_minor, total_minor FROM invoice") == [
        ("KV-2026-00001", 24900, 27110)
    ]
    await stage.at(NOVEMBER)
    await step(stage)
    await meter(stage, tenant.tenant_id, date(2026, 10, 1), totals(1, 36744))
    await stage.at(NOVEMBER + timedelta(hours=1))
    await step(stage)
    found = await rows(
        stage,
        "SELECT l.kind, l.description, l.amount_minor FROM invoice_line l JOIN invoice i USING (tenant_id, invoice_id)"
        " WHERE i.number = 'KV-2026-00002' ORDER BY l.position",
    )
    assert found == [
        ("fee", "Professional plan", 24900),
        ("extensions", "Extensions above the 20 included", 2400),
        ("dids", "DIDs above the 5 included", 250),
        ("minutes", "Minutes above the 3,000 included, outbound", 1164),
    ]
    await meter(stage, tenant.tenant_id, date(2026, 10, 1), totals(2, 37344))
    await stage.at(datetime(2026, 12, 1, 5, 0, tzinfo=UTC))
    await step(stage)
    await meter(stage, tenant.tenant_id, date(2026, 11, 1), Totals(1, 20, 5, ()))
    await stage.at(datetime(2026, 12, 1, 6, 0, tzinfo=UTC))
    await step(stage)
    late = await rows(
        stage, "SELECT amount_minor, start_date, end_date FROM invoice_line WHERE kind = 'late_usage'"
    )
    assert [(1183 - 1164, date(2026, 10, 1), date(2026, 11, 1))] == late
    check = await journal_check(stage.engine)
    assert (check.unbalanced_entries, check.sums) == (0, {"USD": 0})


async def test_two_replicas_issue_each_invoice_once_and_numbers_have_no_gap(stage: Stage) -> None:
    """Four steps at once over twelve tenants: twelve invoices, numbered 1 to 12."""
    for number in range(12):
        await stage.tenant(f"tenant-{number}")
    await asyncio.gather(*(scheduler.invoice_first_fees(stage.open_work) for _ in range(4)))
    numbers = await rows(stage, "SELECT number FROM invoice ORDER BY number")
    assert [(f"KV-2026-{number:05d}",) for number in range(1, 13)] == numbers


async def test_an_issued_invoice_and_its_lines_cannot_be_changed(stage: Stage) -> None:
    """The database itself refuses, whoever asks."""
    await stage.tenant("fenwick")
    await step(stage)
    for statement in (
        "UPDATE invoice SET total_minor = 1",
        "DELETE FROM invoice",
        "UPDATE invoice_line SET amount_minor = 1",
        "DELETE FROM invoice_line",
        "UPDATE invoice_tax SET amount_minor = 1",
    ):
        with pytest.raises(DBAPIError, match="never change"):
            async with stage.engine.begin() as connection:
                await connection.execute(text(statement))
    for table in ("invoice", "invoice_line", "invoice_tax", "journal_posting", "credit_note"):
        with pytest.raises(DBAPIError, match="never emptied"):
            async with stage.engine.begin() as connection:
                await connection.execute(text(f"TRUNCATE {table} CASCADE"))
    columns = "kind, description, quantity, unit_price, amount_minor, start_date, end_date, evidence"
    added = (
        f"INSERT INTO invoice_line (tenant_id, invoice_id, position, {columns})"  # noqa: S608 (our own names)
        f" SELECT tenant_id, invoice_id, 99, {columns} FROM invoice_line"
    )
    tax = (
        "INSERT INTO invoice_tax (tenant_id, invoice_id, name, rate, base_minor, amount_minor)"
        " SELECT tenant_id, invoice_id, 'More', rate, base_minor, amount_minor FROM invoice_tax"
    )
    for statement in (added, tax):
        with pytest.raises(DBAPIError, match="nothing is added"):
            async with stage.engine.begin() as connection:
                await connection.execute(text(statement))


async def test_a_trial_ends_with_its_first_fee_and_no_usage(stage: Stage) -> None:
    """R44: nothing until the trial ends; then the fee up to the anchor, in proportion to its days."""
    await stage.tenant("trial", trial_ends_on=date(2026, 10, 16))
    await step(stage)
    assert await rows(stage, "SELECT number FROM invoice") == []
    await stage.at(datetime(2026, 10, 16, 4, 0, tzinfo=UTC))
    await step(stage)
    # 16 of 31 days of 249.00.
    assert await rows(stage, "SELECT subtotal_minor FROM invoice") == [(12852,)]
    assert await rows(stage, "SELECT status FROM tenant") == [("active",)]


async def test_a_payment_counts_once_and_the_surplus_pays_the_next_invoice(stage: Stage) -> None:
    """The same payment twice; more than the balance becomes credit, which is used at the next issue (R31, R52)."""
    tenant = await stage.tenant("fenwick")
    await step(stage)
    async with stage.open_work() as work:
        (invoice,) = await work.invoices.open(tenant.tenant_id)
    payment_id = PaymentId(new_id())
    for _ in range(2):
        async with stage.open_work() as work:
            await settle_payment(
                work,
                tenant.provider_id,
                tenant.tenant_id,
                payment_id,
                Money(30000, USD),
                [(invoice.invoice_id, 30000)],
                START_OF_DAY,
            )
    assert await rows(stage, "SELECT remaining_minor FROM credit") == [(2890,)]
    await stage.at(NOVEMBER)
    await step(stage)
    await meter(stage, tenant.tenant_id, date(2026, 10, 1), Totals(1, 0, 0, ()))
    await stage.at(NOVEMBER + timedelta(hours=1))
    await step(stage)
    assert await rows(stage, "SELECT total_minor, paid_minor FROM invoice ORDER BY number") == [
        (27110, 27110),
        (27110, 2890),
    ]
    balances = {one.account: one.minor for one in (await journal_check(stage.engine)).accounts}
    assert (balances["receivable"], balances["account_credit"]) == (27110 - 2890, 0)


async def succeeded(stage: Stage, tenant: Tenant, minor: int, *shares: int, **more: object) -> None:
    """Handles the event of a payment, as the consumer does, of the tenant's only invoice."""
    async with stage.open_work() as work:
        (invoice,) = await work.invoices.open(tenant.tenant_id)
    values: dict[str, object] = {
        "provider_id": tenant.provider_id,
        "tenant_id": tenant.tenant_id,
        "payment_id": new_id(),
        "trigger": "pay_now",
        "amount_minor": minor,
        "currency": "USD",
        "method": {"method_id": None, "kind": "card", "brand": "visa", "last4": "4242"},
        "allocations": [
            {"invoice_id": invoice.invoice_id, "number": invoice.number, "amount_minor": share}
            for share in shares
        ],
        "at": START_OF_DAY,
    }
    event = PaymentSucceeded.model_validate(values | more)
    envelope = Envelope.of(
        event, event_id=EventId(new_id()), source="tollgate/payments", time=START_OF_DAY, sent_at=START_OF_DAY
    )
    async with stage.open_work() as work:
        await on_payment_succeeded(work, event, envelope)


IMPOSSIBLE: list[tuple[int, tuple[int, ...], dict[str, object]]] = [
    (0, (), {}),
    (-27110, (-27110,), {}),
    (1000, (-1000,), {}),
    (1000, (2000, -1000), {}),
    (1000, (0,), {}),
    (1000, (600, 401), {}),
    (1000, (1000,), {"provider_id": new_id()}),
    (1000, (1000,), {"tenant_id": new_id()}),
    (1000, (1000,), {"currency": "EUR"}),
    (1000, (1000,), {"currency": "usd"}),
]


async def test_a_payment_that_cannot_be_goes_to_the_dead_letters(stage: Stage) -> None:
    """Nothing is booked, no balance moves, and no retry would help."""
    tenant = await stage.tenant("fenwick")
    await step(stage)
    for minor, shares, more in IMPOSSIBLE:
        with pytest.raises(Permanent, match="payment"):
            await succeeded(stage, tenant, minor, *shares, **more)
    assert await rows(stage, "SELECT paid_minor FROM invoice") == [(0,)]
    assert await rows(stage, "SELECT count(*) FROM credit") == [(0,)]
    balances = {one.account: one.minor for one in (await journal_check(stage.engine)).accounts}
    assert balances.get("cash", 0) == 0


@pytest.mark.parametrize(("rest", "overdue"), [(49, 0), (50, 1)])
async def test_a_rest_that_no_card_pays_is_not_overdue_alone(stage: Stage, rest: int, overdue: int) -> None:
    """R38: the event of the part payment says so, no overdue follows, and the test clock does not wait for it."""
    tenant = await stage.tenant("fenwick")
    await step(stage)
    await succeeded(stage, tenant, 27110 - rest, 27110 - rest)
    await stage.at(datetime(2026, 10, 16, 4, 0, tzinfo=UTC))
    due, _ = await own_work(stage.engine, tenant.provider_id, datetime.now(UTC))
    assert due == overdue
    await step(stage)
    said = "SELECT convert_from(body, 'UTF8')::jsonb -> 'data' ->> 'collectable' FROM outbox WHERE type = "
    assert await rows(stage, said + "'invoicing.invoice.partially_paid.v1'") == [
        ("true" if overdue else "false",)
    ]
    assert len(await rows(stage, said + "'invoicing.invoice.overdue.v1'")) == overdue


START_OF_DAY = datetime(2026, 10, 2, 4, 0, tzinfo=UTC)


async def test_an_unpaid_invoice_turns_overdue_at_the_midnight_after_its_due_day(stage: Stage) -> None:
    """R45: due October 15; overdue with October 16, once."""
    await stage.tenant("fenwick")
    await step(stage)
    await stage.at(datetime(2026, 10, 16, 3, 59, tzinfo=UTC))
    await step(stage)
    events = "SELECT count(*) FROM outbox WHERE type = 'invoicing.invoice.overdue.v1'"
    assert await rows(stage, events) == [(0,)]
    await stage.at(datetime(2026, 10, 16, 4, 0, tzinfo=UTC))
    await step(stage)
    await step(stage)
    assert await rows(stage, events) == [(1,)]


async def test_a_draft_is_what_is_issued_an_hour_later(stage: Stage) -> None:
    """Between metering and issue the provider sees it, late calls go into it, and then it is an invoice and no draft."""
    tenant = await stage.tenant("fenwick")
    asked = (tenant.provider_id, tenant.tenant_id)
    async with stage.open_work() as work:
        (fee,) = await read_drafts(work, *asked)
    assert (fee.step, fee.draft.total.minor) == ("fee", 27110)
    await step(stage)
    async with stage.open_work() as work:
        assert await read_drafts(work, *asked) == []
    await stage.at(NOVEMBER)
    await step(stage)
    await meter(stage, tenant.tenant_id, date(2026, 10, 1), totals(1, 36744))
    async with stage.open_work() as work:
        (early,) = await read_drafts(work, *asked)
    await meter(stage, tenant.tenant_id, date(2026, 10, 1), totals(2, 40000))
    await step(stage)
    async with stage.open_work() as work:
        (late,) = await read_drafts(work, *asked)
    assert (late.step, late.issue_at) == ("final", NOVEMBER + timedelta(hours=1))
    assert late.draft.total.minor > early.draft.total.minor
    await stage.at(late.issue_at)
    await step(stage)
    issued = await rows(stage, "SELECT total_minor FROM invoice ORDER BY number DESC LIMIT 1")
    assert issued == [(late.draft.total.minor,)]
    async with stage.open_work() as work:
        assert await read_drafts(work, *asked) == []


async def test_a_tenant_that_cannot_be_invoiced_is_parked_and_the_rest_go_on(stage: Stage) -> None:
    """A plan that vanished stops its tenant alone."""
    broken = await stage.tenant("broken")
    await stage.tenant("fine")
    async with stage.engine.begin() as connection:
        await connection.execute(
            text("UPDATE plan_assignment SET plan_version = 9 WHERE tenant_id = :t"), {"t": broken.tenant_id}
        )
    await step(stage)
    assert await rows(stage, "SELECT number FROM invoice") == [("KV-2026-00001",)]
    async with stage.open_work() as work:
        parked = await work.periods.parked(stage.provider.provider_id)
    assert [broken.tenant_id] == [one.tenant_id for one in parked]


async def test_a_parked_period_is_told_once_and_told_again_when_a_retry_fails(stage: Stage) -> None:
    """Webhooks out and the operator hear who is not billed and why; what runs twice tells nothing twice."""
    broken = await stage.tenant("broken")
    async with stage.engine.begin() as connection:
        await connection.execute(
            text("UPDATE plan_assignment SET plan_version = 9 WHERE tenant_id = :t"), {"t": broken.tenant_id}
        )
    told = "SELECT body FROM outbox WHERE type = 'invoicing.period.parked.v1' ORDER BY sequence"
    await step(stage)
    await step(stage)
    ((body,),) = await rows(stage, told)
    assert isinstance(body, bytes)
    event = open_event(Envelope.from_bytes(body), PeriodParked)
    assert (broken.tenant_id, "fee") == (event.tenant_id, event.step)
    assert "has no version 9" in event.reason
    async with stage.open_work() as work:
        await work.periods.unpark(stage.provider.provider_id)
    await step(stage)
    assert len(await rows(stage, told)) == 2


async def test_a_period_that_somebody_else_invoiced_in_the_meantime_is_not_parked(stage: Stage) -> None:
    """Of two replicas one fails and the other issues: the invoice stands, and a retry must not make another."""
    tenant = await stage.tenant("fenwick")
    await step(stage)
    await stage.at(datetime(2026, 11, 1, 4, 0, tzinfo=UTC))
    await step(stage)
    async with stage.open_work() as work:
        await take_totals(work, tenant.tenant_id, date(2026, 10, 1), Totals(1, 0, 0, ()))
    async with stage.open_work() as work:
        before = await work.periods.get(tenant.tenant_id, date(2026, 10, 1))
    assert before is not None
    assert before.state == "metered"
    await stage.at(datetime(2026, 11, 1, 5, 0, tzinfo=UTC))
    await step(stage)
    async with stage.open_work() as work:
        assert not await park_period(work, before, "final", RuntimeError("too late"))
        after = await work.periods.get(tenant.tenant_id, date(2026, 10, 1))
    assert after is not None
    assert (after.state, after.parked_reason) == ("invoiced", None)


async def test_the_migrated_schema_is_the_one_in_the_code(stage: Stage) -> None:
    """Nothing to migrate after migrating."""

    def compare(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with stage.engine.connect() as connection:
        assert await connection.run_sync(compare) == []
