"""With tax-inclusive prices a reduction that finds no room becomes a credit note, too (R24, R29, R35)."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.entrypoints.scheduler import end_periods, invoice_first_fees, invoice_periods
from services.invoicing.use_cases.change_provider import change_provider
from services.invoicing.use_cases.end_subscription import cancel_tenant
from services.invoicing.use_cases.issue_credit_note import credit_invoice
from shared.events.usage import PeriodMetered
from shared.ids import InvoiceId, new_id
from tests.integration.invoicing.conftest import START, Stage
from tests.integration.invoicing.money import check_books, hear, rows

pytestmark = pytest.mark.integration


async def inclusive_tenant(stage: Stage) -> Tenant:
    """Has been billed 249.00, tax inside: 228.70 and 20.30 (8.875 %)."""
    async with stage.open_work() as work:
        provider = await work.providers.get(stage.provider.provider_id)
        billing = replace(provider.billing, prices_include_tax=True)
        await change_provider(work, replace(provider, billing=billing))
    tenant = await stage.tenant("fenwick")
    await stage.at(START)
    await invoice_first_fees(stage.open_work)
    assert await rows(stage, "SELECT subtotal_minor, tax_minor, total_minor FROM invoice") == [
        (22870, 2030, 24900)
    ]
    return tenant


async def cancel_on_october_16(stage: Stage, tenant: Tenant) -> None:
    """And lets the short period be invoiced."""
    await stage.at(datetime(2026, 10, 16, 12, tzinfo=UTC))
    async with stage.open_work() as work:
        await cancel_tenant(work, tenant.provider_id, tenant.tenant_id, "now", "test")
    await stage.at(datetime(2026, 10, 17, 6, tzinfo=UTC))
    await end_periods(stage.open_work)
    await stage.at(datetime(2026, 10, 17, 8, tzinfo=UTC))
    await hear(
        stage,
        PeriodMetered(
            provider_id=tenant.provider_id,
            tenant_id=tenant.tenant_id,
            start_date=date(2026, 10, 1),
            end_date=date(2026, 10, 17),
            plan_id=tenant.plan_id,
            plan_version=tenant.plan_version,
            revision=1,
            metered_at=datetime(2026, 10, 17, 6, tzinfo=UTC),
            extensions_peak=0,
            dids_peak=0,
            minutes=(),
        ),
    )
    await invoice_periods(stage.open_work)


async def test_a_closing_tenant_gets_its_unused_days_by_a_note(stage: Stage) -> None:
    """249.00 - round(249.00 x 16 / 31) = 249.00 - 128.52 = 120.48, tax included; nothing is lost."""
    tenant = await inclusive_tenant(stage)
    await cancel_on_october_16(stage, tenant)
    assert await rows(stage, "SELECT total_minor, open_balance_minor FROM credit_note") == [(12048, 12048)]
    # 110.66 x 1.08875 = 120.48
    assert await rows(stage, "SELECT subtotal_minor, tax_minor FROM credit_note") == [(11066, 982)]
    await check_books(stage)


async def test_what_was_credited_by_hand_is_not_given_back_again(stage: Stage) -> None:
    """R24: after a note of 150.00 gross of the fee its line holds 99.00; the unused days give no more than that."""
    tenant = await inclusive_tenant(stage)
    ((invoice_id,),) = await rows(stage, "SELECT invoice_id FROM invoice")
    async with stage.open_work() as work:
        await credit_invoice(
            work,
            tenant.provider_id,
            tenant.tenant_id,
            InvoiceId(invoice_id),
            lines={0: 13777},
            reason="Outage",
            request_id=new_id(),
        )
    await cancel_on_october_16(stage, tenant)
    assert await rows(stage, "SELECT sum(total_minor), sum(subtotal_minor) FROM credit_note") == [
        (24900, 22870)
    ]
    assert await rows(
        stage, "SELECT total_minor - paid_minor - credited_minor FROM invoice ORDER BY number"
    ) == [
        (0,),
        (0,),
    ]
    # Nothing is left to come off a later invoice.
    assert await rows(stage, "SELECT DISTINCT late FROM billing_period") == [(False,)]
    await check_books(stage)
