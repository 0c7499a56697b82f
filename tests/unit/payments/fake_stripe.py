"""Stripe in memory, as far as the port ``Gateway`` goes, with what can go wrong between it and us."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.payments.domain.outcome import Decline, MethodFacts, Outcome
from services.payments.domain.payments import Attempt
from services.payments.domain.states import State
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.ports import GatewayRefused, GatewayUnreachable, SetupIntent
from tests.unit.payments.fake_work import Database

GOOD, POOR, ASKS = "pm_good", "pm_poor", "pm_asks"
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
class FakeStripe:
    """``next_fault`` strikes one call; ``meanwhile`` runs inside the next call, before it does its work."""

    database: Database
    publishable_key: str = "pk_test_fake"
    intents: dict[str, Intent] = field(default_factory=dict)
    keys: dict[str, tuple[Any, str]] = field(default_factory=dict)
    events: list[bytes] = field(default_factory=list)
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
            raise GatewayUnreachable("500", answered=True)
        return fault

    def _answer(self, fault: str | None) -> None:
        if fault == "killed_after":
            raise Killed
        if fault == "answer_lost":
            raise GatewayUnreachable("answer lost")
        if fault == "fault_after":
            raise GatewayUnreachable("500", answered=True)

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
            intent.status, intent.decline = "requires_payment_method", Decline("authentication_required")
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
        return Outcome(
            State.FAILED if declined else states[intent.status],
            intent=intent.intent,
            received_minor=intent.attempt.amount_minor * intent.captures,
            currency=intent.attempt.currency,
            method=facts(intent.method) if intent.method else None,
            decline=intent.decline if declined else None,
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
