"""One tenant's world: payments' use cases over real PostgreSQL and the Stripe simulator."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import stripe
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.payments.adapters.stripe_gateway import StripeGateway
from services.payments.adapters.work import PaymentsWork, own_work
from services.payments.domain.payments import Payment
from services.payments.domain.tenants import Tenant
from services.payments.entrypoints.consumers import HANDLERS
from services.payments.entrypoints.scheduler import Scheduler
from services.payments.use_cases.change_methods import set_auto_pay
from services.payments.use_cases.keep_tenant import keep_tenant
from services.payments.use_cases.ports import Gateway
from services.payments.use_cases.save_method import begin_setup, save_method
from services.payments.use_cases.start_payment import PayNow
from services.payments.use_cases.take_webhook import take_webhook
from shared.clock import SetClock
from shared.events.envelope import Envelope
from shared.events.invoicing import (
    InvoiceCancelled,
    InvoiceIssued,
    InvoicePaid,
    InvoicePartiallyPaid,
    InvoiceReopened,
)
from shared.http.journal import JournalCheck, journal_check
from shared.ids import EventId, InvoiceId, MethodId, ProviderId, TenantId, new_id
from tests.unit.stripe_simulator.simulator import Simulator

AnyInvoice = InvoiceIssued | InvoicePaid | InvoicePartiallyPaid | InvoiceCancelled | InvoiceReopened


@dataclass
class World:
    """A provider with its own Stripe account, and one tenant."""

    engine: AsyncEngine
    gateway: Gateway
    simulator: Simulator
    clock: SetClock
    provider_id: ProviderId = field(default_factory=lambda: ProviderId(uuid4()))
    tenant_id: TenantId = field(default_factory=lambda: TenantId(uuid4()))

    def open_work(self) -> PaymentsWork:
        return PaymentsWork(self.engine, clock=self.clock)

    def scheduler(self, gateway: Gateway | None = None) -> Scheduler:
        """A process's loops; a new one is a process that has just started."""
        return Scheduler(self.open_work, gateway or self.gateway)

    async def open_tenant(self) -> None:
        async with self.open_work() as work:
            await work.accounts.put(self.provider_id, self.simulator.account)
            await keep_tenant(
                work,
                Tenant(
                    provider_id=self.provider_id,
                    tenant_id=self.tenant_id,
                    name="Mill Lane Dental",
                    email="billing@example.com",
                    time_zone="America/New_York",
                    seen_at=self.clock.now(),
                    rank=0,
                ),
            )

    async def save_card(self, card: str = "pm_card_visa") -> MethodId:
        """The way a browser does: SetupIntent, confirmed at Stripe, then told to us."""
        made, _ = await begin_setup(self.open_work, self.gateway, self.provider_id, self.tenant_id)
        await self.simulator.client().v1.setup_intents.confirm_async(made.intent, {"payment_method": card})
        method = await save_method(
            self.open_work, self.gateway, self.provider_id, self.tenant_id, made.intent
        )
        return method.method_id

    async def auto_pay(self, *, enabled: bool = True) -> None:
        async with self.open_work() as work:
            await set_auto_pay(
                work, self.provider_id, self.tenant_id, enabled=enabled, by="admin@example.com"
            )

    async def hear(self, event: Any, *, at: datetime | None = None) -> None:
        """Handles an event as a consumer does."""
        envelope = Envelope.of(
            event,
            event_id=EventId(new_id()),
            source="tollgate/invoicing",
            time=at or self.clock.now(),
            sent_at=self.clock.now(),
        )
        async with self.open_work() as work:
            await HANDLERS[type(event)](work, event, envelope)

    def invoice(self, kind: type[AnyInvoice], balance: int, *, total: int = 10000, **more: Any) -> Any:
        values: dict[str, Any] = {
            "provider_id": self.provider_id,
            "tenant_id": self.tenant_id,
            "invoice_id": InvoiceId(uuid4()),
            "number": f"KV-{uuid4().hex[:6]}",
            "currency": "USD",
            "total_minor": total,
            "paid_minor": total - balance,
            "balance_minor": balance,
            "issued_on": date(2026, 11, 1),
            "due_on": date(2026, 11, 15),
            "overdue_at": self.clock.now() + timedelta(days=15),
        }
        return kind(**(values | more))

    async def issue(self, balance: int = 10000, **more: Any) -> InvoiceId:
        event = self.invoice(InvoiceIssued, balance, total=balance, **more)
        await self.hear(event)
        invoice_id: InvoiceId = event.invoice_id
        return invoice_id

    def pay_now(
        self, invoice_id: InvoiceId, amount: int, method_id: MethodId | None = None, **more: Any
    ) -> PayNow:
        values: dict[str, Any] = {
            "provider_id": self.provider_id,
            "tenant_id": self.tenant_id,
            "invoice_ids": (invoice_id,),
            "amount_minor": amount,
            "currency": "USD",
            "method_id": method_id,
            "save_method": False,
            "request_id": f"req-{uuid4()}",
        }
        return PayNow(**(values | more))

    async def confirm(self, client_secret: str, card: str = "pm_card_visa") -> str:
        """What Stripe's fields in the browser do; answers the intent's status, also after a decline."""
        intent = client_secret.split("_secret_")[0]
        try:
            done = await self.simulator.client().v1.payment_intents.confirm_async(
                intent, {"payment_method": card, "use_stripe_sdk": True}
            )
        except stripe.CardError:
            return "declined"
        return done.status

    async def webhooks(self, *, times: int = 1, newest_first: bool = True) -> None:
        """Stripe's events of this account so far, delivered and processed."""
        found = [event async for event in (await self._events()).auto_paging_iter()]
        for event in found if newest_first else reversed(found):
            for _ in range(times):
                await self.deliver(event.to_dict())
        await self.drain(self.scheduler().webhooks)

    async def _events(self) -> Any:
        return await self.simulator.client().v1.events.list_async({"limit": 100})

    async def deliver(self, event: dict[str, Any]) -> None:
        body = json.dumps({"account": self.simulator.account, **event}).encode()
        async with self.open_work() as work:
            await take_webhook(work, body)

    async def drain(self, step: Any, *, rounds: int = 50) -> None:
        """Repeats a loop's step until it has nothing left."""
        for _ in range(rounds):
            if not await step():
                return
        raise AssertionError(f"{step} never comes to an end")

    async def collect(self) -> None:
        await self.drain(self.scheduler().collect)

    async def work_soon(self) -> tuple[int, datetime | None]:
        """What is under way, and when the next work is due within 60 days: a saved card's expiry is told of later."""
        under_way, due = await own_work(self.engine, self.provider_id, clock=self.clock)
        return under_way, due if due is not None and due < self.clock.now() + timedelta(days=60) else None

    async def payments(self) -> list[Payment]:
        async with self.open_work() as work:
            return await work.payments.page(self.tenant_id, None, 100)

    async def states(self) -> list[str]:
        """Newest first."""
        return [payment.state.value for payment in await self.payments()]

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """Bodies of this provider's outbox events of a type, oldest first."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT body FROM outbox WHERE provider_id = :p AND type = :t ORDER BY sequence"),
                {"p": self.provider_id, "t": f"payments.{kind}.v1"},
            )
            return [json.loads(row.body)["data"] for row in rows]

    async def journal(self) -> JournalCheck:
        return await journal_check(self.engine)

    async def booked(self) -> int:
        """Minor units captured by our books, for this tenant."""
        async with self.engine.connect() as connection:
            found = await connection.execute(
                text(
                    "SELECT coalesce(sum(amount_minor), 0) FROM journal_posting"
                    " WHERE tenant_id = :t AND account = 'stripe_clearing'"
                ),
                {"t": self.tenant_id},
            )
            return int(found.scalar_one())

    async def balances(self) -> dict[str, int]:
        """This tenant's journal by account, debits minus credits, those at zero left out."""
        async with self.engine.connect() as connection:
            found = await connection.execute(
                text(
                    "SELECT account, sum(amount_minor)::bigint AS minor FROM journal_posting"
                    " WHERE tenant_id = :t GROUP BY account HAVING sum(amount_minor) <> 0 ORDER BY account"
                ),
                {"t": self.tenant_id},
            )
            return {row.account: row.minor for row in found}

    async def captured(self) -> int:
        """Minor units captured at the simulated Stripe, for this provider's account."""
        page = await self.simulator.client().v1.payment_intents.list_async({"limit": 100})
        return sum([intent.amount_received async for intent in page.auto_paging_iter()])

    async def intents(self) -> list[Any]:
        page = await self.simulator.client().v1.payment_intents.list_async({"limit": 100})
        return [intent async for intent in page.auto_paging_iter()]


async def at_once(*work: Any) -> list[Any]:
    """Runs together; exceptions are answers."""
    return list(await asyncio.gather(*work, return_exceptions=True))


async def close(world: World) -> None:
    if isinstance(world.gateway, StripeGateway):
        await world.gateway.close()
