"""Stripe in memory, as far as the port ``Gateway`` goes, with what can go wrong between it and us."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.payments.domain.disputes import DisputeFacts
from services.payments.domain.outcome import Decline, MethodFacts, Outcome
from services.payments.domain.payments import Attempt
from services.payments.domain.refunds import Refund, RefundState
from services.payments.domain.states import State
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.ports import (
    GatewayRefused,
    GatewayUnreachable,
    RefundFacts,
    SetupIntent,
)
from tests.unit.payments.fake_work import Database

GOOD, POOR, ASKS = "pm_good", "pm_poor", "pm_asks"
_WANTS_CUSTOMER = Decline("authentication_required")
_POOR = Decline("card_declined", "insufficient_funds", "try_again_later")


class Killed(BaseException):
    """The process is gone: nothing after this runs."""


@dataclass
class Intent:
    """A PaymentIntent. ``captures`` counts how often money was taken, which must never pass one."""

    intent: str
    attempt: Attempt
    status: str
    method: str | None = None
    decline: Decline | None = None
    captures: int = 0


@dataclass
class StripeRefund:
    """A refund at Stripe; ``given_minor`` is what it took out of our balance."""

    refund: Refund
    state: RefundState

    @property
    def given_minor(self) -> int:
        return 0 if self.state is RefundState.FAILED else self.refund.amount_minor


@dataclass
class StripeDispute:
    """A dispute at Stripe, with what it took and what it cost."""

    intent: str
    amount_minor: int
    status: str = "needs_response"

    @property
    def taken_minor(self) -> int:
        return 0 if self.status == "won" else self.amount_minor


@dataclass
class FakeStripe:
    """``next_fault`` strikes one call; ``meanwhile`` runs inside the next call, before it does its work."""

    database: Database
    publishable_key: str = "pk_test_fake"
    intents: dict[str, Intent] = field(default_factory=dict)
    keys: dict[str, tuple[Any, str]] = field(default_factory=dict)
    events: list[bytes] = field(default_factory=list)
    refunds: dict[str, StripeRefund] = field(default_factory=dict)
    disputes: dict[str, StripeDispute] = field(default_factory=dict)
    kept_faults: set[str] = field(default_factory=set)
    next_fault: str | None = None
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def _call(self) -> str | None:
        """Every call comes through here. It must never be made inside a transaction."""
        assert self.database.open_transactions == 0, "Stripe was called inside a transaction"
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        fault, self.next_fault = self.next_fault, None
        if fault == "killed_before":
            raise Killed
        if fault == "away":
            raise GatewayUnreachable("away")
        if fault == "fault_before":
            raise GatewayUnreachable("500")
        return fault

    def _answer(self, fault: str | None) -> None:
        if fault == "killed_after":
            raise Killed
        if fault == "answer_lost":
            raise GatewayUnreachable("answer lost")
        if fault in ("fault_after", "fault_kept_after"):
            raise GatewayUnreachable("500")

    async def create_customer(self, account: str, tenant: Tenant) -> str:
        fault = await self._call()
        self._answer(fault)
        return f"cus_{tenant.tenant_id}"

    async def create_setup_intent(
        self, account: str, customer: str, tenant: Tenant, *, key: str
    ) -> SetupIntent:
        await self._call()
        return SetupIntent(f"seti_{len(self.keys)}", False, customer, None, "secret")

    async def read_setup_intent(self, account: str, intent: str) -> SetupIntent:
        await self._call()
        raise GatewayRefused("no such setup intent", "resource_missing")

    async def charge(self, attempt: Attempt) -> Outcome:
        fault = await self._call()
        params = (
            attempt.amount_minor,
            attempt.currency,
            attempt.customer,
            attempt.stripe_method,
            attempt.off_session,
        )
        key = attempt.idempotency_key
        if key in self.kept_faults:
            raise GatewayUnreachable("500, replayed", replayed=True)
        if fault in ("fault_kept_before", "fault_kept_after"):
            self.kept_faults.add(key)
        if fault == "fault_kept_before":
            raise GatewayUnreachable("500")
        if key not in self.keys:
            made = Intent(f"pi_{len(self.intents)}", attempt, "requires_payment_method")
            self.intents[made.intent] = made
            self.keys[key] = (params, made.intent)
            if attempt.stripe_method is not None:
                self._confirm(made, attempt.stripe_method)
        held, intent = self.keys[key]
        assert held == params, "the same key with other parameters"
        self._answer(fault)
        return self._outcome(self.intents[intent])

    def _confirm(self, intent: Intent, method: str) -> None:
        intent.method = method
        if method == POOR:
            intent.status, intent.decline = "requires_payment_method", _POOR
            self._tell("payment_failed", intent)
        elif method == ASKS and intent.attempt.off_session:
            intent.status, intent.decline = "requires_payment_method", _WANTS_CUSTOMER
            self._tell("payment_failed", intent)
        elif method == ASKS:
            intent.status = "requires_action"
            self._tell("requires_action", intent)
        else:
            self._capture(intent)

    def _capture(self, intent: Intent) -> None:
        intent.status, intent.decline = "succeeded", None
        intent.captures += 1
        self._tell("succeeded", intent)

    def _tell(self, verb: str, intent: Intent) -> None:
        attempt = intent.attempt
        metadata = {"tenant_id": str(attempt.tenant_id), "attempt_id": str(attempt.attempt_id)}
        self.events.append(
            orjson.dumps(
                {
                    "id": f"evt_{len(self.events)}",
                    "type": f"payment_intent.{verb}",
                    "data": {"object": {"id": intent.intent, "metadata": metadata}},
                }
            )
        )

    def _outcome(self, intent: Intent) -> Outcome:
        states = {
            "succeeded": State.SUCCEEDED,
            "canceled": State.CANCELED,
            "requires_action": State.REQUIRES_ACTION,
            "requires_payment_method": State.REQUIRES_ACTION,
        }
        declined = intent.decline is not None and intent.status != "requires_action"
        wants = declined and intent.decline == _WANTS_CUSTOMER
        return Outcome(
            State.FAILED if declined and not wants else states[intent.status],
            intent=intent.intent,
            received_minor=intent.attempt.amount_minor * intent.captures,
            currency=intent.attempt.currency,
            method=facts(intent.method) if intent.method else None,
            decline=intent.decline if declined and not (wants and intent.status == "canceled") else None,
            client_secret=f"{intent.intent}_secret_x",
            closed=intent.status == "canceled",
        )

    async def read_intent(self, account: str, intent: str) -> Outcome:
        fault = await self._call()
        self._answer(fault)
        return self._outcome(self.intents[intent])

    async def cancel_intent(self, account: str, intent: str, *, key: str) -> Outcome:
        fault = await self._call()
        held = self.intents[intent]
        if held.status not in ("succeeded", "canceled"):
            held.status = "canceled"
            self._tell("canceled", held)
        self._answer(fault)
        return self._outcome(held)

    async def find_intent(self, attempt: Attempt) -> Outcome | None:
        fault = await self._call()
        self._answer(fault)
        found = [one for one in self.intents.values() if one.attempt.attempt_id == attempt.attempt_id]
        assert len(found) <= 1, "two intents of one attempt"
        return self._outcome(found[0]) if found else None

    async def detach_method(self, account: str, stripe_method: str) -> None:
        await self._call()

    # -- refunds and disputes -----------------------------------------------------------------------------------

    def left_minor(self, intent: str) -> int:
        """What a PaymentIntent still holds."""
        held = self.intents[intent]
        given = sum(one.given_minor for one in self.refunds.values() if one.refund.intent == intent)
        taken = sum(one.taken_minor for one in self.disputes.values() if one.intent == intent)
        return held.captures * held.attempt.amount_minor - given - taken

    def balance_minor(self) -> int:
        """What Stripe holds for us, fees of disputes apart."""
        return sum(self.left_minor(intent) for intent in self.intents)

    async def refund(self, refund: Refund) -> RefundFacts:
        fault = await self._call()
        key = refund.idempotency_key
        if key not in self.keys:
            assert refund.intent is not None
            if refund.amount_minor > self.left_minor(refund.intent):
                raise GatewayRefused("more than the charge holds", "charge_already_refunded")
            made = f"re_{len(self.refunds)}"
            self.refunds[made] = StripeRefund(refund, RefundState.PENDING)
            self.keys[key] = (refund.amount_minor, made)
            self._tell_of("refund.created", made, refund)
        held, stripe_refund = self.keys[key]
        assert held == refund.amount_minor, "the same key with another amount"
        self._answer(fault)
        return RefundFacts(stripe_refund, self.refunds[stripe_refund].state)

    async def read_refund(self, account: str, stripe_refund: str) -> RefundFacts:
        fault = await self._call()
        self._answer(fault)
        return RefundFacts(stripe_refund, self.refunds[stripe_refund].state)

    async def find_refund(self, refund: Refund) -> RefundFacts | None:
        fault = await self._call()
        self._answer(fault)
        found = [
            (name, one) for name, one in self.refunds.items() if one.refund.refund_id == refund.refund_id
        ]
        assert len(found) <= 1, "two refunds of one"
        return RefundFacts(found[0][0], found[0][1].state) if found else None

    async def read_dispute(self, account: str, stripe_dispute: str) -> DisputeFacts:
        fault = await self._call()
        self._answer(fault)
        held = self.disputes[stripe_dispute]
        code = self.intents[held.intent].attempt.currency
        return DisputeFacts(stripe_dispute, held.intent, held.status, held.amount_minor, 1500, code, "fraud")

    def settle_refund(self, stripe_refund: str, *, fails: bool) -> None:
        """The bank's word, days later; a refund that succeeded may still fail."""
        held = self.refunds[stripe_refund]
        if held.state is not RefundState.FAILED:
            held.state = RefundState.FAILED if fails else RefundState.SUCCEEDED
            self._tell_of("refund.failed" if fails else "refund.updated", stripe_refund, held.refund)

    def open_dispute(self, intent: str) -> None:
        """A chargeback of all that the payment still holds; one per payment."""
        amount = self.left_minor(intent)
        if amount > 0 and all(one.intent != intent for one in self.disputes.values()):
            name = f"dp_{len(self.disputes)}"
            self.disputes[name] = StripeDispute(intent, amount)
            self._tell_of("charge.dispute.created", name)

    def decide_dispute(self, stripe_dispute: str, *, won: bool) -> None:
        held = self.disputes[stripe_dispute]
        if held.status == "needs_response":
            held.status = "won" if won else "lost"
            self._tell_of("charge.dispute.closed", stripe_dispute)

    def _tell_of(self, kind: str, identifier: str, refund: Refund | None = None) -> None:
        metadata = {"tenant_id": str(refund.tenant_id), "refund_id": str(refund.refund_id)} if refund else {}
        dispute = self.disputes.get(identifier)
        intent = dispute.intent if dispute is not None else refund.intent if refund is not None else None
        event = {
            "id": f"evt_{len(self.events)}",
            "type": kind,
            "data": {"object": {"id": identifier, "metadata": metadata, "payment_intent": intent}},
        }
        self.events.append(orjson.dumps(event))

    def browser_confirms(self, intent: str, method: str) -> None:
        """What a page with the client secret can do at any time; Stripe refuses what is over."""
        held = self.intents[intent]
        if held.status == "requires_payment_method":
            held.decline = None
            self._confirm(held, method)
        elif held.status == "requires_action":
            self._capture(held)


def facts(method: str) -> MethodFacts:
    return MethodFacts(method, "card", "visa", {GOOD: "4242", POOR: "9995", ASKS: "3155"}[method], "12/2034")
