"""Use cases over the fake: what handlers keep, what decisions by hand do, what is announced."""

from datetime import date, datetime
from typing import Any

import pytest

from services.suspension.domain.account import Stage
from services.suspension.domain.policy import Policy
from services.suspension.entrypoints.consumers import HANDLERS
from services.suspension.use_cases.override_ladder import override_ladder, release_ladder
from services.suspension.use_cases.show_standing import show_standing
from services.suspension.use_cases.sweep_tenants import sweep_tenants
from shared.errors import Conflict, Invalid, NotFound, Permanent, Transient
from shared.events import invoicing, payments
from shared.events.envelope import Envelope, Event
from shared.events.suspension import ReminderDue, TenantRestored, TenantSuspended
from shared.ids import EventId, PaymentId, derived_id, new_id
from tests.unit.suspension.builders import (
    OTHER_PROVIDER,
    PROVIDER,
    TENANT,
    invoice_event,
    invoice_id,
    on_day,
    opened,
)
from tests.unit.suspension.fakes import FakeWork, settle


async def hear(work: FakeWork, event: Event, at: datetime | None = None) -> None:
    time = at or work.at
    envelope = Envelope.of(event, event_id=EventId(new_id()), source="test", time=time, sent_at=time)
    handle: Any = HANDLERS[type(event)]
    await handle(work, event, envelope)


async def stage(work: FakeWork) -> Stage:
    row = await work.standings.get(TENANT)
    assert row is not None
    return row.stage


def payment(kind: type[Any], at: datetime, **values: Any) -> Any:
    return kind(
        provider_id=PROVIDER,
        tenant_id=TENANT,
        payment_id=PaymentId(derived_id("debit")),
        trigger="auto_pay",
        amount_minor=10_000,
        currency="USD",
        method=payments.MethodShown(method_id=None, kind="us_bank_account", brand="Chase", last4="6789"),
        allocations=(payments.Allocation(invoice_id=invoice_id("KV-1"), number="KV-1", amount_minor=10_000),),
        at=at,
        **values,
    )


async def walked(day: int) -> FakeWork:
    """A tenant whose one invoice is unpaid, swept on every day up to ``day``."""
    work = FakeWork(at=on_day(-14))
    await hear(work, opened())
    await hear(work, invoice_event())
    for each in range(-14, day + 1):
        work.at = on_day(each)
        await settle(work, TENANT)
    return work


async def test_a_debit_in_process_stops_the_clock_until_its_outcome() -> None:
    """Begun on day 13: not suspended on day 14 to 16; failed on day 16: suspended one counted midnight later."""
    work = await walked(13)
    work.at = on_day(13, 10)
    await hear(work, payment(payments.PaymentProcessing, on_day(13, 10)))
    for day in (14, 15, 16):
        work.at = on_day(day)
        await settle(work, TENANT)
        assert await stage(work) is Stage.NONE
    work.at = on_day(16, 10)
    await hear(work, payment(payments.PaymentFailed, on_day(16, 10), reason="no_funds"))
    assert await stage(work) is Stage.NOTICE
    work.at = on_day(17)
    await settle(work, TENANT)
    assert await stage(work) is Stage.BOTH_BARRED


async def test_the_outcome_of_a_debit_may_come_before_its_beginning() -> None:
    """Failed and processing in the wrong order leave no pause behind."""
    work = await walked(12)
    await hear(work, payment(payments.PaymentFailed, on_day(12, 8), reason="no_funds"))
    await hear(work, payment(payments.PaymentProcessing, on_day(12, 7)))
    work.at = on_day(14)
    await settle(work, TENANT)
    assert await stage(work) is Stage.BOTH_BARRED


async def test_facts_before_their_tenant_are_looked_at_when_it_comes() -> None:
    """An invoice of an unknown tenant is kept and does nothing; then the tenant is opened."""
    work = FakeWork(at=on_day(3))
    await hear(work, invoice_event())
    assert (await work.standings.get(TENANT), work.emitted) == (None, [])
    await hear(work, opened())
    assert [type(event) for event in work.emitted] == [ReminderDue]


async def test_an_old_state_of_a_tenant_that_comes_late_changes_nothing() -> None:
    """changed before opened: the newer one stays."""
    work = FakeWork(at=on_day(0))
    moved = opened(sip_domain="moved.example").model_dump()
    await hear(work, invoicing.TenantChanged(**moved), on_day(0))
    await hear(work, opened(), on_day(-3))
    tenant = await work.tenants.get(TENANT)
    assert tenant is not None and tenant.sip_domain == "moved.example"


async def test_closed_before_opened_is_retried_and_an_unknown_zone_given_up() -> None:
    """The first may heal by itself, the second cannot."""
    work = FakeWork(at=on_day(0))
    closed = invoicing.TenantClosed(provider_id=PROVIDER, tenant_id=TENANT, closed_on=date(2026, 3, 1))
    with pytest.raises(Transient):
        await hear(work, closed)
    with pytest.raises(Permanent):
        await hear(work, opened(time_zone="Mars/Olympus"))
    await hear(work, opened())
    await hear(work, closed)
    tenant = await work.tenants.get(TENANT)
    assert tenant is not None and tenant.closed


async def test_every_write_is_under_the_tenants_lock() -> None:
    """Whoever keeps a fact or decides has locked the tenant first."""
    work = FakeWork(at=on_day(0))
    for event in (opened(), invoice_event(), payment(payments.PaymentProcessing, on_day(0))):
        before = len(work.locked)
        await hear(work, event)
        assert work.locked[before] == TENANT


async def test_cancelled_invoice_restores() -> None:
    """Nothing is owed on a cancelled invoice, whatever balance its event carries."""
    work = await walked(14)
    await hear(work, invoice_event(invoicing.InvoiceCancelled))
    assert await stage(work) is Stage.NONE
    assert [type(e) for e in work.emitted[-2:]] == [TenantSuspended, TenantRestored]


async def test_sweep_of_a_tenant_that_is_not_due_does_nothing() -> None:
    """The second replica finds it done."""
    work = await walked(13)
    work.at = on_day(14)
    assert [await sweep_tenants(work, [TENANT]) for _ in range(3)] == [True, False, False]
    await settle(work, TENANT)
    assert sum(isinstance(event, TenantSuspended) for event in work.emitted) == 1


async def decide(work: FakeWork, kind: Any, until: datetime | None = None, **values: Any) -> None:
    provider_id = values.get("provider_id", PROVIDER)
    await override_ladder(work, provider_id, TENANT, kind, reason="why", by="pat", until=until)


async def test_paying_does_not_end_a_suspension_by_hand() -> None:
    """The provider's decision wins until the provider ends it."""
    work = await walked(3)
    await decide(work, "suspend")
    await hear(work, invoice_event(invoicing.InvoicePaid, paid=10_000))
    assert await stage(work) is Stage.BOTH_BARRED
    await decide(work, "unsuspend")
    assert await stage(work) is Stage.NONE


async def test_unsuspending_covers_todays_invoices_and_not_those_to_come() -> None:
    """The next invoice climbs the ladder as usual."""
    work = await walked(14)
    await decide(work, "unsuspend")
    await hear(work, invoice_event(name="KV-2", due_on=on_day(20).date()))
    for day in range(15, 35):
        work.at = on_day(day)
        await settle(work, TENANT)
        assert (await stage(work)).barred == (day >= 34), day


async def test_a_promise_leaves_a_suspension_by_hand_alone() -> None:
    """It is about money, the other about something else."""
    work = await walked(3)
    await decide(work, "suspend")
    await decide(work, "promise", on_day(9))
    assert await stage(work) is Stage.BOTH_BARRED


async def test_decisions_that_make_no_sense_are_refused() -> None:
    """Each with what to do instead; nothing is kept of them."""
    work = await walked(3)
    for kind, until, error in (
        ("unsuspend", None, Conflict),
        ("promise", None, Invalid),
        ("hold", on_day(3), Invalid),
        ("hold", on_day(900), Invalid),
    ):
        with pytest.raises(error):
            await decide(work, kind, until)
    with pytest.raises(NotFound):
        await decide(work, "suspend", provider_id=OTHER_PROVIDER)
    with pytest.raises(Conflict):
        await release_ladder(work, PROVIDER, TENANT, reason="why", by="pat")
    await hear(work, invoice_event(invoicing.InvoicePaid, paid=10_000))
    with pytest.raises(Conflict):
        await decide(work, "promise", on_day(9))
    assert await work.ledger.overrides(TENANT, work.at) == []


async def test_shown_steps_of_a_ladder_under_way() -> None:
    """What happened is done, what comes has its day; shown without changing anything."""
    work = await walked(5)
    before = len(work.emitted)
    shown = await show_standing(work, PROVIDER, TENANT)
    assert [(s.kind, s.day, s.state) for s in shown.steps] == [
        ("reminder", -3, "done"),
        ("reminder", 0, "done"),
        ("overdue", 1, "done"),
        ("reminder", 3, "done"),
        ("reminder", 7, "coming"),
        ("reminder", 12, "coming"),
        ("both_barred", 14, "coming"),
    ]
    assert shown.standing.suspends_at == on_day(14)
    assert len(work.emitted) == before
    with pytest.raises(NotFound):
        await show_standing(work, OTHER_PROVIDER, TENANT)


async def test_a_tenants_own_policy_comes_before_its_providers() -> None:
    """Own, then the provider's, then the default."""
    work = await walked(13)
    await work.policies.keep(PROVIDER, None, Policy(grace_days=13), work.at)
    await work.policies.keep(PROVIDER, TENANT, Policy(grace_days=20), work.at)
    await settle(work, TENANT)
    assert await stage(work) is Stage.NOTICE
    await work.policies.drop(PROVIDER, TENANT)
    await settle(work, TENANT)
    assert await stage(work) is Stage.BOTH_BARRED
