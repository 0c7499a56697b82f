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
from services.payments.domain.refunds import RefundState
from services.payments.domain.tenants import Tenant
from services.payments.entrypoints.scheduler import Scheduler
from services.payments.use_cases.change_methods import set_default
from services.payments.use_cases.ports import GatewayUnreachable
from services.payments.use_cases.record_outside_payment import OutsidePayment, record_outside_payment
from services.payments.use_cases.refresh_payment import refresh_payment
from services.payments.use_cases.refund_payment import AskedRefund, refund_payment
from services.payments.use_cases.save_method import keep_method
from services.payments.use_cases.start_payment import PayNow, continue_payment, start_payment
from services.payments.use_cases.take_webhook import take_webhook
from services.payments.use_cases.track_invoice import track_invoice
from shared.clock import SetClock
from shared.errors import Refusal
from shared.events.payments import PaymentDisputed, PaymentRefunded, PaymentSucceeded, RefundFailed
from shared.ids import InvoiceId, MethodId, ProviderId, TenantId
from tests.unit.payments.fake_stripe import ASKS, GOOD, POOR, FakeStripe, Killed, facts
from tests.unit.payments.fake_work import Database, sums

TOTAL = 10000
FEE = 1500
FAULTS = [
    "killed_before",
    "killed_after",
    "away",
    "answer_lost",
    "fault_before",
    "fault_after",
    "fault_kept_before",
    "fault_kept_after",
]


class MoneyMachine(RuleBasedStateMachine):
    """One tenant with three saved cards and auto-pay on. Ids are counted, so that a run can be repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SetClock(datetime(2026, 11, 1, 12, tzinfo=UTC))
        self.database = Database(self.clock)
        self.stripe = FakeStripe(self.database)
        self.provider_id, self.tenant_id = ProviderId(UUID(int=1)), TenantId(UUID(int=2))
        self.runner = asyncio.Runner()
        self.told = 0
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
            for loop in ("webhooks", "janitor", "tidy", "collect", "plans"):
                self.loop(loop)
        self.runner.close()
        store = self.database.store
        assert self.booked("stripe_clearing") == self.stripe.balance_minor() - FEE * len(self.stripe.disputes)
        assert self.booked("stripe_fees") == FEE * len(self.stripe.disputes)
        assert set(sums(store).values()) <= {0}
        told = Counter(e.payment_id for e in store.events if isinstance(e, PaymentSucceeded))
        assert set(told.values()) <= {1}
        assert set(told) == {
            one.entry_id for one in store.journal.values() if one.reason.startswith("payment ")
        }
        assert all(not one.is_open for one in store.attempts.values() if one.intent is None)
        self.refunds_are_told_as_they_are()
        self.invoices_show_what_the_books_hold()

    def refunds_are_told_as_they_are(self) -> None:
        """Each refund that people were told of is at Stripe (or credit) once; each failed one was told as failed."""
        store = self.database.store
        told = Counter(e.refund_id for e in store.events if isinstance(e, PaymentRefunded))
        failed = Counter(e.refund_id for e in store.events if isinstance(e, RefundFailed))
        assert set(told.values()) | set(failed.values()) <= {1}
        at_stripe = {one.refund.refund_id: one.state for one in self.stripe.refunds.values()}
        assert len(at_stripe) == len(self.stripe.refunds)
        standing = {name for name, state in at_stripe.items() if state is not RefundState.FAILED}
        by_credit = {one.refund_id for one in store.refunds.values() if one.to == "credit"}
        # One that failed before we ever heard that it was made is told to nobody.
        assert standing | by_credit == set(told) - set(failed)
        assert set(failed) == set(told) & (set(at_stripe) - standing)

    def invoices_show_what_the_books_hold(self) -> None:
        """What events gave to invoices, plus what they made credit, is what the books owe to tenants."""
        events = self.database.store.events
        on_invoices = sum(self.shown_paid().values())
        over = sum(
            e.amount_minor - sum(a.amount_minor for a in e.allocations)
            for e in events
            if isinstance(e, PaymentSucceeded)
        )
        refunded = sum(e.amount_minor for e in events if isinstance(e, PaymentRefunded))
        assert -self.booked("tenant_funds") == on_invoices + over - refunded
        credit = sum(e.amount_minor for e in events if isinstance(e, PaymentRefunded) and e.to == "credit")
        credit += sum(e.amount_minor for e in events if isinstance(e, RefundFailed))
        assert -self.booked("tenant_credit") == credit

    def booked(self, account: str) -> int:
        postings = (p for entry in self.database.store.journal.values() for p in entry.postings)
        return sum(one.amount.minor for one in postings if one.account == account)

    def shown_paid(self) -> Counter[InvoiceId]:
        """What invoicing would show as paid: payments that succeeded, less what banks took back."""
        paid: Counter[InvoiceId] = Counter()
        for event in self.database.store.events:
            if isinstance(event, PaymentSucceeded):
                sign = 1
            elif isinstance(event, PaymentDisputed):
                sign = {"opened": -1, "returned": -1, "won": 1, "lost": 0}[event.state]
            else:
                continue
            for part in event.allocations:
                paid[part.invoice_id] += sign * part.amount_minor
        return paid

    # -- what people and other services do --------------------------------------------------------------------

    @rule()
    def issue(self) -> None:
        self.hear(InvoiceId(UUID(int=len(self.database.store.invoices))), TOTAL, issued=True)

    @rule(data=st.data())
    @precondition(lambda self: self.database.store.invoices)
    def invoicing_hears_of_payments(self, data: st.DataObject) -> None:
        """Late, and in any order with everything else."""
        invoice_id = data.draw(st.sampled_from(list(self.database.store.invoices)))
        self.hear(invoice_id, max(0, TOTAL - self.shown_paid()[invoice_id]), issued=False)

    @rule(
        data=st.data(),
        part=st.sampled_from([1, 2, 3]),
        to=st.sampled_from(["method", "credit"]),
        again=st.booleans(),
    )
    @precondition(lambda self: self.database.store.payments)
    def refund(self, data: st.DataObject, part: int, to: Any, again: bool) -> None:
        """Two admins, double clicks: what is refused is refused under the lock."""
        payment_id = data.draw(st.sampled_from(list(self.database.store.payments)))
        amount = self.database.store.payments[payment_id].amount_minor // part
        request = f"refund-{len(self.database.store.refunds)}"
        asked = AskedRefund(
            self.provider_id, self.tenant_id, payment_id, amount, "USD", to, "asked", "ann", request
        )
        for _ in range(1 + again):
            self.run(refund_payment(self.database.open_work, self.stripe, asked))

    @rule(data=st.data(), fails=st.booleans())
    @precondition(lambda self: self.stripe.refunds)
    def bank_settles_a_refund(self, data: st.DataObject, fails: bool) -> None:
        self.stripe.settle_refund(data.draw(st.sampled_from(list(self.stripe.refunds))), fails=fails)

    @rule(data=st.data())
    @precondition(lambda self: self.stripe.intents)
    def bank_disputes(self, data: st.DataObject) -> None:
        self.stripe.open_dispute(data.draw(st.sampled_from(list(self.stripe.intents))))

    @rule(data=st.data(), won=st.booleans())
    @precondition(lambda self: self.stripe.disputes)
    def bank_decides(self, data: st.DataObject, won: bool) -> None:
        self.stripe.decide_dispute(data.draw(st.sampled_from(list(self.stripe.disputes))), won=won)

    @rule(data=st.data())
    @precondition(lambda self: self.database.store.payments)
    def tenant_follows_the_link(self, data: st.DataObject) -> None:
        """The bank wanted its customer: the page gets the secret of the same PaymentIntent."""
        payment_id = data.draw(st.sampled_from(list(self.database.store.payments)))

        async def follow() -> None:
            begun = await continue_payment(
                self.database.open_work, self.stripe, self.provider_id, self.tenant_id, payment_id
            )
            intent = (begun.client_secret or "").removesuffix("_secret_x")
            if intent not in self.pages:
                self.pages.append(intent)

        self.run(follow())

    @rule(amount=st.sampled_from([2500, 10000]))
    def cheque_comes(self, amount: int) -> None:
        asked = OutsidePayment(
            self.provider_id,
            self.tenant_id,
            "cheque",
            amount,
            "USD",
            "no. 7",
            (),
            f"cheque-{len(self.database.store.payments)}",
        )

        async def record() -> None:
            async with self.database.open_work() as work:
                await record_outside_payment(work, asked)

        self.run(record())

    def hear(self, invoice_id: InvoiceId, balance: int, *, issued: bool) -> None:
        self.told += 1
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
            told_at=self.clock.now() + timedelta(microseconds=self.told),
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
        for dispute in self.stripe.disputes.values():
            (invoice_id,) = self.stripe.intents[dispute.intent].attempt.invoice_ids
            taken[invoice_id] -= dispute.amount_minor
        return taken

    @invariant()
    def no_invoice_is_collected_twice(self) -> None:
        """Collected again only what a bank took back, whatever it decided afterwards."""
        assert all(taken <= TOTAL for taken in self.collected().values()), self.collected()

    @invariant()
    def no_payment_gives_back_more_than_it_took(self) -> None:
        assert all(self.stripe.left_minor(intent) >= 0 for intent in self.stripe.intents)
        for payment in self.database.store.payments.values():
            refunds = [one for one in self.database.store.refunds.values() if one.counts]
            gone = sum(one.amount_minor for one in refunds if one.payment_id == payment.payment_id)
            assert gone <= payment.received_minor

    @invariant()
    def an_intent_is_captured_once(self) -> None:
        assert all(one.captures <= 1 for one in self.stripe.intents.values())

    @invariant()
    def an_invoice_has_one_open_attempt(self) -> None:
        held = [one.invoice_ids for one in self.database.store.attempts.values() if one.is_open]
        assert all(times == 1 for times in Counter(held).values())


MoneyMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestMoney = MoneyMachine.TestCase
