"""A tenant's life over a real database: changes, dry runs, the end, late usage after it, and many workers."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.lines import OneTimeCharge
from services.invoicing.domain.plans import AddOn, Plan
from services.invoicing.domain.totals import Minutes, Totals
from services.invoicing.entrypoints import scheduler
from services.invoicing.use_cases.add_charge import add_charge
from services.invoicing.use_cases.add_plan import add_plan, add_plan_version
from services.invoicing.use_cases.change_subscription import change_add_on, change_plan
from services.invoicing.use_cases.end_subscription import cancel_tenant, reopen_tenant
from services.invoicing.use_cases.grant_discount import add_coupon, grant_discount
from services.invoicing.use_cases.issue_credit_note import credit_invoice
from services.invoicing.use_cases.open_tenant import open_tenant
from services.invoicing.use_cases.ports import Coupon
from services.invoicing.use_cases.preview_invoice import need_basis, preview_invoice
from services.invoicing.use_cases.take_totals import take_totals
from shared.clock import local_midnight
from shared.errors import Conflict, Invalid
from shared.http.journal import journal_check
from shared.ids import PlanId, TenantId, new_id
from shared.money import Money
from tests.integration.invoicing.conftest import Stage
from tests.integration.invoicing.test_month import rows, step

pytestmark = pytest.mark.integration
NOTHING = Totals(1, 0, 0, ())


async def add(stage: Stage, name: str, **more: Any) -> Plan:
    values: dict[str, Any] = {"plan_id": PlanId(new_id()), "name": name, **more}
    made = replace(stage.plan, **values)
    async with stage.open_work() as work:
        await add_plan(work, made)
    return made


async def everything(stage: Stage) -> None:
    await step(stage)
    await scheduler.invoice_late_usage(stage.open_work)


async def close(stage: Stage, tenant: Tenant, start: date, end: date, totals: Totals = NOTHING) -> None:
    """The period's end, its totals, and an hour later its invoice."""
    at = local_midnight(end, tenant.zone)
    await stage.at(at)
    await everything(stage)
    async with stage.open_work() as work:
        await take_totals(work, tenant.tenant_id, start, totals)
    await stage.at(at + timedelta(hours=1))
    await everything(stage)


async def moved(stage: Stage, day: date) -> None:
    await stage.at(local_midnight(day, (await first_tenant(stage)).zone) + timedelta(hours=9))
    await everything(stage)


async def first_tenant(stage: Stage) -> Tenant:
    async with stage.open_work() as work:
        return (await work.tenants.page(stage.provider.provider_id, after=None, limit=1))[0]


async def lines(stage: Stage, number: int) -> list[tuple[object, ...]]:
    return await rows(
        stage,
        "SELECT l.kind, l.amount_minor FROM invoice_line l JOIN invoice i USING (tenant_id, invoice_id)"  # noqa: S608 (a number)
        f" WHERE i.number = 'KV-2026-{number:05d}' ORDER BY l.position",
    )


async def events(stage: Stage, kind: str) -> list[Mapping[str, Any]]:
    found = await rows(
        stage,
        "SELECT convert_from(body, 'UTF8')::jsonb -> 'data' FROM outbox"  # noqa: S608 (a constant)
        f" WHERE type = 'invoicing.{kind}.v1' ORDER BY sequence",
    )
    return [dict(one[0]) for one in found]  # type: ignore[call-overload]


async def balanced(stage: Stage) -> None:
    check = await journal_check(stage.engine)
    assert (check.unbalanced_entries, set(check.sums.values()) - {0}) == (0, set())


async def test_an_upgrade_in_the_month_and_its_dry_run(stage: Stage) -> None:
    """R22-R24: the dry run keeps nothing and says what the invoice then is; usage hears of both plans' days."""
    tenant = await stage.tenant("fenwick")
    large = await add(stage, "Large", monthly_fee_minor=49900)
    await everything(stage)
    await moved(stage, date(2026, 10, 11))
    ids = tenant.provider_id, tenant.tenant_id
    with pytest.raises(RuntimeError, match="undo"):
        async with stage.open_work() as work:
            await change_plan(work, *ids, large.plan_id, None, "now", "ann")
            wanted = preview_invoice(await need_basis(work, *ids), NOTHING)
            raise RuntimeError("undo")
    assert await rows(stage, "SELECT count(*) FROM plan_assignment") == [(1,)]
    async with stage.open_work() as work:
        assert date(2026, 10, 11) == await change_plan(work, *ids, large.plan_id, None, "now", "ann")
    await close(stage, tenant, date(2026, 10, 1), date(2026, 11, 1))
    found = await lines(stage, 2)
    assert found == [("fee", 49900), ("fee", 33803), ("proration", 8032 - 24900)]
    assert found == [(line.kind, line.amount.minor) for line in wanted.lines]
    (ended,) = await events(stage, "period.ended")
    assert [(one["start_date"], one["end_date"]) for one in ended["parts"]] == [
        ("2026-10-01", "2026-10-11"),
        ("2026-10-11", "2026-11-01"),
    ]
    assert (ended["share_days"], ended["share_of_days"]) == (31, 31)
    assert [one["plan_from"] for one in await events(stage, "tenant.changed")] == ["2026-10-11"]
    async with stage.open_work() as work:
        history = await work.subscriptions.changes(tenant.tenant_id)
    assert [(one.what, one.by) for one in history] == [("plan changed", "ann"), ("opened", "provider")]
    await balanced(stage)


async def test_a_change_at_the_end_waits_and_one_into_an_issued_period_is_refused(stage: Stage) -> None:
    """Nothing is prorated at the period's end; a day before the period names what to do instead."""
    tenant = await stage.tenant("fenwick")
    large = await add(stage, "Large", monthly_fee_minor=49900)
    ids = tenant.provider_id, tenant.tenant_id
    await everything(stage)
    async with stage.open_work() as work:
        await change_plan(work, *ids, large.plan_id, None, "period_end", "ann")
    await close(stage, tenant, date(2026, 10, 1), date(2026, 11, 1))
    assert await lines(stage, 2) == [("fee", 49900)]
    assert [one["plan_from"] for one in await events(stage, "tenant.changed")] == ["2026-11-01"]
    async with stage.open_work() as work:
        with pytest.raises(Conflict, match="credit note or a charge"):
            await change_plan(work, *ids, stage.plan.plan_id, None, date(2026, 10, 20), "ann")


async def test_a_new_version_leaves_running_subscriptions_alone_until_they_are_moved(stage: Stage) -> None:
    """And two versions never hold from the same day."""
    tenant = await stage.tenant("fenwick")
    ids = tenant.provider_id, tenant.tenant_id
    dearer = replace(stage.plan, monthly_fee_minor=29900)
    async with stage.open_work() as work:
        await add_plan_version(work, dearer, date(2026, 10, 5))
    async with stage.open_work() as work:
        with pytest.raises(Conflict, match="choose a later day"):
            await add_plan_version(work, dearer, date(2026, 10, 5))
        with pytest.raises(Invalid, match="same name"):
            await add_plan_version(work, replace(dearer, name="Other"), date(2026, 12, 1))
    await everything(stage)
    await close(stage, tenant, date(2026, 10, 1), date(2026, 11, 1))
    assert await lines(stage, 2) == [("fee", 24900)]
    async with stage.open_work() as work:
        await change_plan(work, *ids, stage.plan.plan_id, None, "period_end", "ann")
    await close(stage, tenant, date(2026, 11, 1), date(2026, 12, 1))
    assert await lines(stage, 3) == [("fee", 29900)]


async def test_cancelled_now_gives_back_the_unused_days_and_late_usage_makes_one_last_invoice(
    stage: Stage,
) -> None:
    """R23, R24, R29, R43: ten days used; the rest is a credit note with its tax; then only what came late."""
    tenant = await stage.tenant("fenwick")
    ids = tenant.provider_id, tenant.tenant_id
    await everything(stage)
    await moved(stage, date(2026, 10, 10))
    async with stage.open_work() as work:
        assert date(2026, 10, 11) == await cancel_tenant(work, *ids, "now", "ann")
    await close(stage, tenant, date(2026, 10, 1), date(2026, 10, 11))
    assert (await events(stage, "tenant.closed"))[0]["closed_on"] == "2026-10-11"
    assert await rows(stage, "SELECT status FROM tenant") == [("closed",)]
    # Nothing to bill: the invoice is zero, and the unpaid first one is lowered by a note of 168.68 and its tax.
    assert await rows(stage, "SELECT total_minor FROM invoice ORDER BY number") == [(27110,), (0,)]
    assert await rows(stage, "SELECT subtotal_minor FROM credit_note") == [(24900 - 8032,)]
    open_minor = await rows(
        stage, "SELECT total_minor - credited_minor - paid_minor FROM invoice ORDER BY number"
    )
    assert open_minor == [(8032 + 713,), (0,)]
    charge = Decimal("12.345")
    part = Minutes("standard", "outbound", 1, 6000, 0, 6000, Decimal("0.12"), charge)
    async with stage.open_work() as work:
        await take_totals(
            work, tenant.tenant_id, date(2026, 10, 1), Totals(2, 0, 0, (part,), reason="late_calls")
        )
    await everything(stage)
    assert len(await rows(stage, "SELECT number FROM invoice")) == 2
    await stage.at(datetime(2026, 11, 1, 4, tzinfo=UTC))
    await everything(stage)
    await everything(stage)
    assert await lines(stage, 3) == [("late_usage", 1235)]
    assert len(await rows(stage, "SELECT number FROM invoice")) == 3
    await stage.at(datetime(2027, 1, 5, tzinfo=UTC))
    await everything(stage)
    assert len(await rows(stage, "SELECT number FROM invoice")) == 3
    async with stage.open_work() as work:
        with pytest.raises(Conflict, match="reopen"):
            await change_plan(work, *ids, stage.plan.plan_id, None, "now", "ann")
    await balanced(stage)


async def test_a_credit_note_before_leaves_less_to_give_back(stage: Stage) -> None:
    """R24: never more than the line still holds."""
    tenant = await stage.tenant("fenwick")
    ids = tenant.provider_id, tenant.tenant_id
    await everything(stage)
    async with stage.open_work() as work:
        (invoice,) = await work.invoices.open(tenant.tenant_id)
        await credit_invoice(
            work, *ids, invoice.invoice_id, lines={0: 20000}, reason="Goodwill", request_id=new_id()
        )
    await moved(stage, date(2026, 10, 10))
    async with stage.open_work() as work:
        await cancel_tenant(work, *ids, "now", "ann")
    await close(stage, tenant, date(2026, 10, 1), date(2026, 10, 11))
    assert await rows(stage, "SELECT subtotal_minor FROM credit_note ORDER BY number") == [(20000,), (4900,)]


async def test_cancelled_at_the_end_is_withdrawn_or_closes_and_opens_again(stage: Stage) -> None:
    """No fee after the end; reopening begins a period of its own with a short fee in advance."""
    tenant = await stage.tenant("fenwick")
    ids = tenant.provider_id, tenant.tenant_id
    await everything(stage)
    async with stage.open_work() as work:
        await cancel_tenant(work, *ids, "period_end", "ann")
    async with stage.open_work() as work:
        await reopen_tenant(work, *ids, None, "ann")
    await close(stage, tenant, date(2026, 10, 1), date(2026, 11, 1))
    assert await lines(stage, 2) == [("fee", 24900)]
    async with stage.open_work() as work:
        await cancel_tenant(work, *ids, "period_end", "ann")
    await close(stage, tenant, date(2026, 11, 1), date(2026, 12, 1))
    assert await lines(stage, 3) == []
    await moved(stage, date(2026, 12, 17))
    assert len(await rows(stage, "SELECT number FROM invoice")) == 3
    async with stage.open_work() as work:
        assert date(2026, 12, 17) == await reopen_tenant(work, *ids, None, "ann")
    await everything(stage)
    # 15 of 31 days.
    assert await lines(stage, 4) == [("fee", 12048)]
    assert await rows(stage, "SELECT status, ends_on FROM tenant") == [("active", None)]


async def test_from_monthly_to_yearly_a_new_period_begins(stage: Stage) -> None:
    """R26: the month's rest is given back, the year is billed in advance, usage goes on by the month."""
    tenant = await stage.tenant("fenwick")
    ids = tenant.provider_id, tenant.tenant_id
    yearly = await add(stage, "Yearly", monthly_fee_minor=None, yearly_fee_minor=240000)
    await everything(stage)
    await moved(stage, date(2026, 10, 11))
    async with stage.open_work() as work:
        await change_plan(work, *ids, yearly.plan_id, None, "now", "ann")
    await close(stage, tenant, date(2026, 10, 1), date(2026, 10, 11))
    await stage.at(datetime(2026, 10, 11, 20, tzinfo=UTC))
    await everything(stage)
    assert await lines(stage, 2) == [("fee", 240000), ("proration", 8032 - 24900)]
    assert await rows(stage, "SELECT start_date, end_date, fee_end FROM billing_period ORDER BY 1") == [
        (date(2026, 10, 1), date(2026, 10, 11), date(2026, 11, 1)),
        (date(2026, 10, 11), date(2026, 11, 11), date(2027, 10, 11)),
    ]
    await close(stage, tenant, date(2026, 10, 11), date(2026, 11, 11))
    assert await lines(stage, 3) == []


async def test_add_ons_coupons_setup_and_trial_days(stage: Stage) -> None:
    """Opened with all of them: nothing until the trial ends; then fee, licences, setup, less half for one month."""
    rich = await add(
        stage, "Rich", trial_days=15, setup_fee_minor=5000, add_ons=(AddOn("rec", "Recording", Decimal(3)),)
    )
    async with stage.open_work() as work:
        coupon = Coupon("HELLO", "Hello", Decimal(50), None, "all", 1, None)
        await add_coupon(work, stage.provider.provider_id, coupon)
        with pytest.raises(Conflict, match="another code"):
            await add_coupon(work, stage.provider.provider_id, coupon)
    made = stage.new_tenant("fenwick", plan_id=rich.plan_id)
    async with stage.open_work() as work:
        tenant = await open_tenant(work, made, add_ons={"rec": 4}, coupon="HELLO")
    await everything(stage)
    assert await rows(stage, "SELECT count(*) FROM invoice") == [(0,)]
    await moved(stage, date(2026, 10, 16))
    # 16 of 31 days of 249.00 and of 4 x 3.00, half of it off, setup whole (R22).
    assert await lines(stage, 1) == [("fee", 12852), ("add_on", 619), ("discount", -6735), ("one_time", 5000)]
    ids = tenant.provider_id, tenant.tenant_id
    async with stage.open_work() as work:
        with pytest.raises(Conflict, match="before"):
            await grant_discount(work, *ids, by="ann", coupon="HELLO")
    await moved(stage, date(2026, 10, 24))
    async with stage.open_work() as work:
        await change_add_on(work, *ids, "rec", 6, "now", "ann")
        with pytest.raises(Invalid, match="no add-on"):
            await change_add_on(work, *ids, "fax", 6, "now", "ann")
    await close(stage, tenant, date(2026, 10, 16), date(2026, 11, 1))
    assert ("fee", 24900) in await lines(stage, 2)
    added = await rows(
        stage, "SELECT quantity, amount_minor FROM invoice_line WHERE kind = 'add_on' ORDER BY 1, 2"
    )
    # 8 days of 4 are 3.10; with 8 days of 6 it is 7.74 together.
    assert added == [(4, 619), (6, 464), (6, 1800)]
    assert await rows(stage, "SELECT amount_minor FROM invoice_line WHERE kind = 'proration' ORDER BY 1") == [
        (310 - 619,),
        (-78,),
    ]
    await balanced(stage)


async def test_workers_pass_by_a_locked_tenant_and_bill_each_once(stage: Stage) -> None:
    """One tenant's lock is held by somebody: the others go on; afterwards it is billed, too, without a gap."""
    made = [await stage.tenant(f"tenant-{number}") for number in range(9)]
    async with stage.open_work() as blocking:
        await blocking.lock_tenant(made[0].tenant_id)
        await asyncio.wait_for(
            asyncio.gather(*(scheduler.invoice_first_fees(stage.open_work) for _ in range(3))), 20
        )
        assert await rows(stage, "SELECT count(*) FROM invoice") == [(8,)]
    await scheduler.invoice_first_fees(stage.open_work)
    numbers = await rows(stage, "SELECT number FROM invoice ORDER BY number")
    assert [(f"KV-2026-{number:05d}",) for number in range(1, 10)] == numbers


async def test_progress_of_a_run(stage: Stage) -> None:
    """Due, drafted, issued, parked are counted; a second run of the same step changes nothing."""
    made = [await stage.tenant(f"tenant-{number}") for number in range(3)]
    await everything(stage)
    await stage.at(local_midnight(date(2026, 11, 1), made[0].zone))
    await everything(stage)
    async with stage.open_work() as work:
        await take_totals(work, TenantId(made[0].tenant_id), date(2026, 10, 1), NOTHING)
    november = date(2026, 11, 1), date(2026, 11, 2)
    async with stage.open_work() as work:
        found = await work.periods.progress(stage.provider.provider_id, november, work.system_now())
    assert (found.total, found.waiting_for_usage, found.drafted, found.issued) == (3, 2, 1, 0)
    await stage.at(local_midnight(date(2026, 11, 1), made[0].zone) + timedelta(hours=1))
    for _ in range(2):
        await everything(stage)
    async with stage.open_work() as work:
        found = await work.periods.progress(stage.provider.provider_id, november, work.system_now())
    assert (found.waiting_for_usage, found.drafted, found.issued, found.parked) == (2, 0, 1, 0)


async def test_a_tenant_whose_rows_cannot_be_written_is_parked_and_the_batch_goes_on(stage: Stage) -> None:
    """The database refuses one invoice of the batch: the rest are issued without a gap, and a retry does the one."""
    made = [await stage.tenant(f"tenant-{number}") for number in range(4)]
    async with stage.engine.begin() as connection:
        await connection.execute(
            text("ALTER TABLE invoice ADD CONSTRAINT odd CHECK (parties #>> '{to,name}' <> 'Tenant-2')")
        )
    await scheduler.invoice_first_fees(stage.open_work)
    assert await rows(stage, "SELECT number FROM invoice ORDER BY number") == [
        (f"KV-2026-{number:05d}",) for number in range(1, 4)
    ]
    async with stage.open_work() as work:
        (parked,) = await work.periods.parked(stage.provider.provider_id)
    assert parked.tenant_id == made[2].tenant_id
    assert "odd" in (parked.parked_reason or "")
    async with stage.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE invoice DROP CONSTRAINT odd"))
    async with stage.open_work() as work:
        assert await work.periods.unpark(stage.provider.provider_id) == 1
    await scheduler.invoice_first_fees(stage.open_work)
    assert len(await rows(stage, "SELECT number FROM invoice")) == 4


async def test_a_charge_of_a_closed_tenant_is_refused(stage: Stage) -> None:
    """No invoice would ever bill it."""
    tenant = await stage.tenant("fenwick")
    await everything(stage)
    async with stage.open_work() as work:
        await cancel_tenant(work, tenant.provider_id, tenant.tenant_id, "now", "ann")
    await close(stage, tenant, date(2026, 10, 1), date(2026, 10, 2))
    charge = OneTimeCharge(new_id(), "Phone", Money(100, tenant.currency), date(2026, 10, 5))
    async with stage.open_work() as work:
        with pytest.raises(Conflict, match="reopen"):
            await add_charge(work, tenant.provider_id, tenant.tenant_id, charge)
