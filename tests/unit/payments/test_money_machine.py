"""Any interleaving of clicks, auto-pay, browser, webhooks, faults and kills: no invoice is collected twice, and
what Stripe took is what the books say.
"""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.methods import AutoPay
from services.payments.domain.tenants import Tenant
from services.payments.entrypoints.scheduler import Scheduler
from services.payments.use_cases.change_methods import set_default
from services.payments.use_cases.ports import GatewayUnreachable
from services.payments.use_cases.refresh_payment import refresh_payment
from services.payments.use_cases.save_method import keep_method
from services.payments.use_cases.start_payment import PayNow, start_payment
from services.payments.use_cases.take_webhook import take_webhook
from services.payments.use_cases.track_invoice import track_invoice
from shared.clock import SetClock
from shared.errors import Refusal
from shared.events.payments import PaymentSucceeded
from shared.ids import InvoiceId, MethodId, ProviderId, TenantId
from tests.unit.payments.fake_stripe import ASKS, GOOD, POOR, FakeStripe, Killed, facts
from tests.unit.payments.fake_work import Database, sums

TOTAL = 10000
FAULTS = ["killed_before", "killed_after", "away", "answer_lost", "fault_before", "fault_after"]


class MoneyMachine(RuleBasedStateMachine):
    """One tenant with three saved cards and auto-pay on. Ids are counted, so that a run can be repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SetClock(datetime(2026, 11, 1, 12, tzinfo=UTC))
        self.database = Database(self.clock)
        self.stripe = FakeStripe(self.database)
        self.provider_id, self.tenant_id = ProviderId(UUID(int=1)), TenantId(UUID(int=2))
        self.runner = asyncio.Runner()
        self.clicks: list[PayNow] = []
        # Intents whose secret some page was given: only those can be confirmed in a browser.
        self.pages: list[str] = []
        self.scheduler = Scheduler(self.database.open_work, self.stripe)
        self.run(self._open())

    def run(self, work: Any) -> None:
        """A refusal is an answer; a kill ends the process, and a new one begins."""
        try:
            self.runner.run(work)
        except (Refusal, GatewayUnreachable):
            pass
        except Killed:
            self.database.open_transactions = 0
            self.scheduler = Scheduler(self.database.open_work, self.stripe)

    async def _open(self) -> None:
        now = self.clock.now()
        async with self.database.open_work() as work:
            await work.tenants.put(
                Tenant(self.provider_id, self.tenant_id, "Mill Lane", "a@example.com", "UTC", now, 0)
            )
            for method in (GOOD, POOR, ASKS):
                await keep_method(work, self.provider_id, self.tenant_id, "", facts(method))
            await work.methods.put_auto_pay(AutoPay(self.provider_id, self.tenant_id, True, now, "ann", now))

    def teardown(self) -> None:
        """The storm is over: everybody finishes, every event is delivered, time passes."""
        self.stripe.next_fault = self.stripe.meanwhile = None
        for intent in self.pages:
            self.stripe.browser_confirms(intent, GOOD)
        for number in range(len(self.stripe.events)):
            self.deliver_event(number)
        for _ in range(12):
            self.clock.forward(timedelta(hours=1))
            for loop in ("webhooks", "janitor", "tidy", "collect"):
                self.loop(loop)
        self.runner.close()
        store = self.database.store
        captured = sum(one.captures * one.attempt.amount_minor for one in self.stripe.intents.values())
        booked = sum(entry.postings[0].amount.minor for entry in store.journal.values())
        assert booked == captured
        assert set(sums(store).values()) <= {0}
        told = Counter(e.payment_id for e in store.events if isinstance(e, PaymentSucceeded))
        assert set(told.values()) <= {1}
        assert set(told) == set(store.journal)
        assert all(not one.is_open for one in store.attempts.values() if one.intent is None)

    # -- what people and other services do --------------------------------------------------------------------

    @rule()
    def issue(self) -> None:
        self.hear(InvoiceId(UUID(int=len(self.database.store.invoices))), TOTAL, issued=True)

    @rule(data=st.data())
    @precondition(lambda self: self.database.store.invoices)
    def invoicing_hears_of_payments(self, data: st.DataObject) -> None:
        """Late, and in any order with everything else."""
        invoice_id = data.draw(st.sampled_from(list(self.database.store.invoices)))
        paid = self.collected().get(invoice_id, 0)
        self.hear(invoice_id, TOTAL - paid, issued=False)

    def hear(self, invoice_id: InvoiceId, balance: int, *, issued: bool) -> None:
        told = OpenInvoice(
            provider_id=self.provider_id,
            tenant_id=self.tenant_id,
            invoice_id=invoice_id,
            number=f"KV-{invoice_id}",
            currency="USD",
            total_minor=TOTAL,
            balance_minor=balance,
            due_on=date(2026, 11, 15),
            collectable=True,
            standing="open" if balance > 0 else "paid",
            seen_at=self.clock.now(),
            issued_balance_minor=balance if issued else None,
        )

        async def hear() -> None:
            async with self.database.open_work() as work:
                await track_invoice(work, told, issued_at=self.clock.now() if issued else None)

        self.run(hear())

    @rule(data=st.data(), method=st.sampled_from([None, GOOD, POOR, ASKS]), part=st.sampled_from([1, 2, 4]))
    @precondition(lambda self: self.database.store.invoices)
    def press_pay(self, data: st.DataObject, method: str | None, part: int) -> None:
        invoice_id = data.draw(st.sampled_from(list(self.database.store.invoices)))
        self.clicks.append(
            PayNow(
                provider_id=self.provider_id,
                tenant_id=self.tenant_id,
                invoice_ids=(invoice_id,),
                amount_minor=TOTAL // part,
                currency="USD",
                method_id=self.method_id(method) if method else None,
                save_method=False,
                request_id=f"click-{len(self.clicks)}",
            )
        )
        self.run(self.press(self.clicks[-1]))

    async def press(self, asked: PayNow) -> None:
        begun = await start_payment(self.database.open_work, self.stripe, asked)
        intent = (begun.client_secret or "").removesuffix("_secret_x")
        if intent and intent not in self.pages:
            self.pages.append(intent)

    @rule(data=st.data())
    @precondition(lambda self: self.clicks)
    def press_again(self, data: st.DataObject) -> None:
        asked = data.draw(st.sampled_from(self.clicks))
        self.run(self.press(asked))

    @rule(data=st.data(), method=st.sampled_from([GOOD, POOR, ASKS]))
    @precondition(lambda self: self.pages)
    def browser_confirms(self, data: st.DataObject, method: str) -> None:
        """At any time, also from a page left open long ago."""
        self.stripe.browser_confirms(data.draw(st.sampled_from(self.pages)), method)

    @rule(data=st.data())
    @precondition(lambda self: self.database.store.payments)
    def refresh(self, data: st.DataObject) -> None:
        payment_id = data.draw(st.sampled_from(list(self.database.store.payments)))
        ids = (self.provider_id, self.tenant_id, payment_id)
        self.run(refresh_payment(self.database.open_work, self.stripe, *ids))

    @rule(method=st.sampled_from([GOOD, POOR, ASKS]))
    def choose_default(self, method: str) -> None:
        async def choose() -> None:
            async with self.database.open_work() as work:
                await set_default(work, self.provider_id, self.tenant_id, self.method_id(method))

        self.run(choose())

    # -- what machines do ---------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(["collect", "janitor", "webhooks", "tidy"]))
    def loop(self, name: str) -> None:
        self.run(getattr(self.scheduler, name)())

    @rule(data=st.data())
    @precondition(lambda self: self.stripe.events)
    def deliver(self, data: st.DataObject) -> None:
        """Late, twice, in any order."""
        self.deliver_event(data.draw(st.integers(0, len(self.stripe.events) - 1)))

    def deliver_event(self, number: int) -> None:
        async def take() -> None:
            async with self.database.open_work() as work:
                await take_webhook(work, self.stripe.events[number])

        self.run(take())
        self.run(self.scheduler.webhooks())

    @rule(fault=st.sampled_from(FAULTS))
    def something_will_go_wrong(self, fault: str) -> None:
        self.stripe.next_fault = fault

    @rule(
        loop=st.sampled_from(["collect", "janitor", "webhooks"]),
        method=st.sampled_from([GOOD, POOR, ASKS]),
        confirms=st.booleans(),
    )
    def something_happens_meanwhile(self, loop: str, method: str, confirms: bool) -> None:
        """Inside the next call to Stripe: the payer confirms, another replica's loop runs."""

        async def meanwhile() -> None:
            if confirms:
                for intent in self.pages:
                    self.stripe.browser_confirms(intent, method)
            other = Scheduler(self.database.open_work, self.stripe)
            await getattr(other, loop)()

        self.stripe.meanwhile = meanwhile

    @rule(
        by=st.sampled_from([timedelta(seconds=40), timedelta(days=1), timedelta(days=2), timedelta(days=7)])
    )
    def time_passes(self, by: timedelta) -> None:
        self.clock.forward(by)

    # -- what always holds --------------------------------------------------------------------------------------

    def method_id(self, method: str) -> MethodId:
        held = self.database.store.methods.values()
        return next(one.method_id for one in held if one.facts.stripe_method == method)

    def collected(self) -> dict[InvoiceId, int]:
        """At Stripe, by invoice: every attempt of this machine pays one invoice."""
        taken: dict[InvoiceId, int] = {}
        for one in self.stripe.intents.values():
            (invoice_id,) = one.attempt.invoice_ids
            taken[invoice_id] = taken.get(invoice_id, 0) + one.captures * one.attempt.amount_minor
        return taken

    @invariant()
    def no_invoice_is_collected_twice(self) -> None:
        assert all(taken <= TOTAL for taken in self.collected().values()), self.collected()

    @invariant()
    def an_intent_is_captured_once(self) -> None:
        assert all(one.captures <= 1 for one in self.stripe.intents.values())

    @invariant()
    def an_invoice_has_one_open_attempt(self) -> None:
        held = [one.invoice_ids for one in self.database.store.attempts.values() if one.is_open]
        assert all(times == 1 for times in Counter(held).values())


MoneyMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestMoney = MoneyMachine.TestCase
