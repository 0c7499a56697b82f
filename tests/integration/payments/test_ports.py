"""What the use cases rely on, the same on PostgreSQL and on the fake that the search for double charges uses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.payments.adapters.tables import metadata
from services.payments.adapters.work import PaymentsWork
from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.methods import AutoPay, Method
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.payments import Attempt, Payment, Share
from services.payments.domain.states import State
from services.payments.domain.tenants import Tenant, WebhookEvent
from services.payments.use_cases.ports import Finished, OpenWork
from shared.clock import SetClock
from shared.ids import InvoiceId, MethodId, PaymentId, ProviderId, TenantId, new_id
from shared.money import Currency
from tests.unit.payments.fake_work import Database

pytestmark = pytest.mark.integration
T = datetime(2026, 11, 1, tzinfo=UTC)
PROVIDER, TENANT = ProviderId(uuid4()), TenantId(uuid4())
VISA = MethodFacts("pm_1", "card", "visa", "4242", "12/2034")


@pytest.fixture(params=["fake", "postgresql"])
async def open_work(request: pytest.FixtureRequest, engine: AsyncEngine) -> OpenWork:
    clock = SetClock(T)
    if request.param == "fake":
        return Database(clock).open_work
    names = ", ".join(table.name for table in metadata.sorted_tables)
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {names}"))
    opened: Callable[[], PaymentsWork] = lambda: PaymentsWork(engine, clock=clock)  # noqa: E731
    return opened


def attempt(*invoice_ids: InvoiceId, **more: object) -> Attempt:
    values: dict[str, object] = {
        "provider_id": PROVIDER,
        "tenant_id": TENANT,
        "attempt_id": new_id(),
        "payment_id": PaymentId(new_id()),
        "account": "",
        "customer": "cus_1",
        "stripe_method": "pm_1",
        "off_session": True,
        "save_method": False,
        "amount_minor": 100,
        "currency": Currency("USD"),
        "description": "Invoice KV-1",
        "state": State.CREATED,
        "touched_at": T,
        "invoice_ids": tuple(sorted(invoice_ids)),
    }
    return Attempt(**(values | more))  # type: ignore[arg-type]


async def test_one_open_attempt_holds_an_invoice(open_work: OpenWork) -> None:
    """The second is refused whole, also when only one of its invoices is held; an ended one lets go."""
    first, second = sorted(InvoiceId(uuid4()) for _ in range(2))
    held = attempt(first)
    async with open_work() as work:
        assert await work.attempts.add(held)
    async with open_work() as work:
        assert not await work.attempts.add(attempt(first, second))
        assert await work.attempts.open_on(TENANT, [first, second]) == [held]
        assert await work.attempts.add(attempt(second))
    async with open_work() as work:
        await work.attempts.update(replace(held, state=State.FAILED, intent="pi_1"))
        assert await work.attempts.add(attempt(first))
        found = await work.attempts.by_intent("", "pi_1")
        assert found is not None
        assert found.attempt_id == held.attempt_id
        assert [one.attempt_id for one in await work.attempts.to_close(T, 9)] == [held.attempt_id]


async def test_an_error_undoes_everything(open_work: OpenWork) -> None:
    """State and reservation roll back together."""
    held = attempt(InvoiceId(uuid4()))
    with pytest.raises(ZeroDivisionError):
        async with open_work() as work:
            await work.attempts.add(held)
            _ = 1 / 0
    async with open_work() as work:
        assert await work.attempts.get(TENANT, held.attempt_id) is None
        assert await work.attempts.open_on(TENANT, held.invoice_ids) == []


async def test_the_janitor_sees_what_was_left_and_what_is_due(open_work: OpenWork) -> None:
    """Fresh ones are left alone; postponed ones wait for their hour; ended ones are done."""
    fresh = attempt(InvoiceId(uuid4()), touched_at=T)
    left = attempt(InvoiceId(uuid4()), touched_at=T - timedelta(minutes=1), state=State.SUBMITTED)
    later = attempt(InvoiceId(uuid4()), state=State.UNKNOWN, check_at=T + timedelta(minutes=1))
    due = attempt(InvoiceId(uuid4()), state=State.PROCESSING, check_at=T)
    ended = attempt(InvoiceId(uuid4()), state=State.CANCELED, touched_at=T - timedelta(days=1))
    async with open_work() as work:
        for one in (fresh, left, later, due, ended):
            await work.attempts.add(one)
            await work.attempts.update(one)
        found = await work.attempts.to_check(T, T - timedelta(seconds=30), 9)
    assert {one.attempt_id for one in found} == {left.attempt_id, due.attempt_id}


async def test_payments_are_found_again_as_they_were(open_work: OpenWork) -> None:
    """Round trip, by request, page by page newest first, and the sum that was collected on an invoice."""
    invoice_id = InvoiceId(uuid4())
    made = [
        Payment(
            provider_id=PROVIDER,
            tenant_id=TENANT,
            payment_id=PaymentId(new_id()),
            trigger="pay_now",
            request_id=f"click-{n}",
            fingerprint="f",
            amount_minor=100 + n,
            currency=Currency("USD"),
            shares=(Share(invoice_id, "KV-1", 60 + n), Share(InvoiceId(uuid4()), "KV-2", 40)),
            method_id=MethodId(uuid4()),
            method=VISA if n else None,
            save_method=False,
            state=state,
            at=T,
        )
        for n, state in enumerate((State.SUCCEEDED, State.FAILED, State.SUCCEEDED, State.CANCELED))
    ]
    async with open_work() as work:
        for one in made:
            await work.payments.add(one)
    async with open_work() as work:
        assert await work.payments.get(TENANT, made[1].payment_id) == made[1]
        assert await work.payments.get(TenantId(uuid4()), made[1].payment_id) is None
        assert await work.payments.by_request(TENANT, "click-2") == made[2]
        assert await work.payments.page(TENANT, None, 2) == [made[2], made[1]]
        assert await work.payments.page(TENANT, made[1].payment_id, 2) == [made[0]]
        assert (await work.payments.collected(TENANT, [invoice_id]))[invoice_id] == 60 + 62


async def test_methods_consent_tenants_invoices_and_webhooks_are_kept(open_work: OpenWork) -> None:
    """The rest of the ports: add once, newest consent, due at its instant, events once."""
    tenant = Tenant(PROVIDER, TENANT, "Mill Lane", "a@example.com", "UTC", T, 0)
    method = Method(PROVIDER, TENANT, MethodId(uuid4()), "", VISA, True, T)
    invoice = OpenInvoice(
        PROVIDER,
        TENANT,
        InvoiceId(uuid4()),
        "KV-1",
        "USD",
        100,
        100,
        date(2026, 11, 15),
        True,
        "open",
        T,
        issued_balance_minor=100,
        auto_pay=True,
        collect_at=T,
    )
    event = WebhookEvent(PROVIDER, "", "evt_1", "payment_intent.succeeded", b"{}", T)
    async with open_work() as work:
        await work.tenants.put(tenant)
        assert (await work.methods.add(method), await work.methods.add(method)) == (True, False)
        await work.methods.put_auto_pay(AutoPay(PROVIDER, TENANT, True, T, "ann", T))
        await work.methods.put_auto_pay(AutoPay(PROVIDER, TENANT, False, T, "bob", T))
        await work.invoices.put(invoice)
        other = replace(event, event_id="evt_2", account="acct_1", received_at=T + timedelta(seconds=1))
        assert await work.webhooks.add_all([event, other, replace(event)]) == 2
        assert await work.webhooks.add_all([replace(event)]) == 0
        assert await work.accounts.add_customer(PROVIDER, TENANT, "", "cus_1") == "cus_1"
        assert await work.accounts.add_customer(PROVIDER, TENANT, "", "cus_2") == "cus_1"
    async with open_work() as work:
        assert await work.tenants.get(PROVIDER, TENANT) == tenant
        assert await work.tenants.get(ProviderId(uuid4()), TENANT) is None
        assert await work.methods.saved(TENANT, "") == [method]
        assert await work.methods.find("", "pm_1") == method
        consent = await work.methods.auto_pay(TENANT)
        assert consent is not None
        assert (consent.enabled, consent.by) == (False, "bob")
        assert await work.invoices.open_of(TENANT) == [invoice]
        assert await work.invoices.due(T, 9) == [(TENANT, invoice.invoice_id)]
        assert await work.invoices.due(T - timedelta(seconds=1), 9) == []
        assert await work.webhooks.waiting(T, 1) == [event]
        ended = Finished(event, "processed", None)
        assert await work.webhooks.finish([ended], T) == 1
        assert (
            await work.webhooks.finish([ended, Finished(other, "failed", "half a pair \ud800, \0")], T) == 1
        )
        assert await work.webhooks.waiting(T + timedelta(hours=1), 9) == []
        await work.methods.update(replace(method, is_default=False, removed_at=T))
        assert await work.methods.saved(TENANT, "") == []
        assert [one.method_id for one in await work.methods.to_detach(9)] == [method.method_id]
