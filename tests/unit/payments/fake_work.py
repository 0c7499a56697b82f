"""Payments' unit of work in memory: commits on a clean exit, rolls back on an error, keeps the unique keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from services.payments.domain.disputes import Dispute, DisputeState
from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.methods import AutoPay, Method
from services.payments.domain.payment_plans import PaymentPlan
from services.payments.domain.payments import AUTOMATIC, Attempt, Payment
from services.payments.domain.reconciliation import Books, Reconciliation
from services.payments.domain.refunds import UNSETTLED, Refund, RefundState
from services.payments.domain.states import OPEN, State
from services.payments.domain.tenants import Tenant, WebhookEvent
from services.payments.use_cases.ports import Finished
from shared.clock import SetClock
from shared.events.envelope import Event
from shared.ids import EventId, InvoiceId, PaymentId, ProviderId, TenantId
from shared.journal import JournalEntry


@dataclass
class Store:
    """What is committed. Values are frozen, so a shallow copy is a snapshot."""

    tenants: dict[TenantId, Tenant] = field(default_factory=dict)
    accounts: dict[ProviderId, str] = field(default_factory=dict)
    customers: dict[tuple[TenantId, str], str] = field(default_factory=dict)
    methods: dict[UUID, Method] = field(default_factory=dict)
    auto_pay: list[AutoPay] = field(default_factory=list)
    invoices: dict[InvoiceId, OpenInvoice] = field(default_factory=dict)
    payments: dict[PaymentId, Payment] = field(default_factory=dict)
    attempts: dict[UUID, Attempt] = field(default_factory=dict)
    webhooks: dict[tuple[str, str], WebhookEvent] = field(default_factory=dict)
    finished: dict[tuple[str, str], tuple[str, str | None]] = field(default_factory=dict)
    again_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    refunds: dict[UUID, Refund] = field(default_factory=dict)
    disputes: dict[UUID, Dispute] = field(default_factory=dict)
    plans: dict[UUID, PaymentPlan] = field(default_factory=dict)
    retry_days: dict[ProviderId, tuple[int, ...]] = field(default_factory=dict)
    journal: dict[UUID, JournalEntry] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def copy(self) -> "Store":
        return Store(**{name: type(value)(value) for name, value in vars(self).items()})


class Database:
    """Committed state and the clock; ``open_transactions`` shows whether somebody is inside one."""

    def __init__(self, clock: SetClock) -> None:
        self.store = Store()
        self.clock = clock
        self.open_transactions = 0

    def open_work(self) -> "FakeWork":
        return FakeWork(self)


class FakeWork:
    """One object plays all repositories."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def tenants(self) -> "FakeTenants":
        return FakeTenants(self.store)

    @property
    def accounts(self) -> "FakeAccounts":
        return FakeAccounts(self.store)

    @property
    def methods(self) -> "FakeMethods":
        return FakeMethods(self.store)

    @property
    def invoices(self) -> "FakeInvoices":
        return FakeInvoices(self.store)

    @property
    def payments(self) -> "FakePayments":
        return FakePayments(self.store)

    @property
    def attempts(self) -> "FakeAttempts":
        return FakeAttempts(self.store)

    @property
    def webhooks(self) -> "FakeWebhooks":
        return FakeWebhooks(self.store)

    @property
    def refunds(self) -> "FakeRefunds":
        return FakeRefunds(self.store)

    @property
    def disputes(self) -> "FakeDisputes":
        return FakeDisputes(self.store)

    @property
    def books(self) -> "FakeBooks":
        return FakeBooks(self.store)

    @property
    def plans(self) -> "FakePlans":
        return FakePlans(self.store)

    async def __aenter__(self) -> Self:
        assert self._database.open_transactions == 0, "the fake knows one transaction at a time"
        self._database.open_transactions += 1
        self.store = self._database.store.copy()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.open_transactions -= 1
        if kind is None:
            self._database.store = self.store

    async def remember_trace(self, provider_id: ProviderId, name: str) -> None:
        """Traces are the real thing's business."""

    async def continue_trace(self, provider_id: ProviderId, name: str) -> None:
        """Traces are the real thing's business."""

    async def now(self, provider_id: ProviderId) -> datetime:
        return self._database.clock.now()

    def system_now(self) -> datetime:
        return self._database.clock.now()

    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None:
        self._database.clock.at = now

    async def lock_tenant(self, tenant_id: TenantId) -> None:
        """One transaction at a time is lock enough."""

    async def post(self, entry: JournalEntry) -> None:
        assert entry.entry_id not in self.store.journal, "booked twice"
        self.store.journal[entry.entry_id] = entry

    def emit(self, event: Event, *, time: datetime, event_id: EventId | None = None) -> None:
        self.store.events.append(event)


@dataclass
class Part:
    store: Store


class FakeTenants(Part):
    async def get(self, provider_id: ProviderId, tenant_id: TenantId) -> Tenant | None:
        held = self.store.tenants.get(tenant_id)
        return held if held is not None and held.provider_id == provider_id else None

    async def put(self, tenant: Tenant) -> None:
        self.store.tenants[tenant.tenant_id] = tenant


class FakeAccounts(Part):
    async def know(self, provider_id: ProviderId) -> None:
        self.store.accounts.setdefault(provider_id, "")

    async def of(self, provider_id: ProviderId) -> str:
        return self.store.accounts.get(provider_id, "")

    async def put(self, provider_id: ProviderId, account: str) -> None:
        self.store.accounts[provider_id] = account

    async def all(self) -> list[str]:
        return sorted({"", *self.store.accounts.values()})

    async def providers_of(self, account: str) -> list[ProviderId]:
        return sorted(one for one, held in self.store.accounts.items() if held == account)

    async def connect(self, provider_id: ProviderId, account: str) -> str:
        self.store.accounts[provider_id] = self.store.accounts.get(provider_id) or account
        return self.store.accounts[provider_id]

    async def retry_days(self, provider_id: ProviderId) -> tuple[int, ...] | None:
        return self.store.retry_days.get(provider_id)

    async def put_retry_days(self, provider_id: ProviderId, days: tuple[int, ...] | None) -> None:
        if days is None:
            self.store.retry_days.pop(provider_id, None)
        else:
            self.store.retry_days[provider_id] = days

    async def customer(self, tenant_id: TenantId, account: str) -> str | None:
        return self.store.customers.get((tenant_id, account))

    async def add_customer(
        self, provider_id: ProviderId, tenant_id: TenantId, account: str, customer: str
    ) -> str:
        return self.store.customers.setdefault((tenant_id, account), customer)


class FakeMethods(Part):
    async def saved(self, tenant_id: TenantId, account: str) -> list[Method]:
        found = [
            one
            for one in self.store.methods.values()
            if (one.tenant_id, one.account) == (tenant_id, account) and one.removed_at is None
        ]
        return sorted(found, key=lambda one: (one.saved_at, one.method_id))

    async def find(self, account: str, stripe_method: str) -> Method | None:
        return next(
            (
                one
                for one in self.store.methods.values()
                if (one.account, one.facts.stripe_method) == (account, stripe_method)
            ),
            None,
        )

    async def add(self, method: Method) -> bool:
        if method.method_id in self.store.methods:
            return False
        self.store.methods[method.method_id] = method
        return True

    async def update(self, method: Method) -> None:
        self.store.methods[method.method_id] = method
        defaults = [(m.tenant_id, m.account) for m in self.store.methods.values() if m.is_default]
        assert len(defaults) == len(set(defaults)), "two defaults"

    async def auto_pay(self, tenant_id: TenantId) -> AutoPay | None:
        return next((one for one in reversed(self.store.auto_pay) if one.tenant_id == tenant_id), None)

    async def put_auto_pay(self, auto_pay: AutoPay) -> None:
        self.store.auto_pay.append(auto_pay)

    async def expiring(self, system_now: datetime, limit: int) -> list[Method]:
        return []

    async def to_detach(self, limit: int) -> list[Method]:
        gone = [one for one in self.store.methods.values() if one.removed_at is not None]
        return [one for one in gone if not one.detached][:limit]


class FakeInvoices(Part):
    async def get(self, tenant_id: TenantId, invoice_id: InvoiceId) -> OpenInvoice | None:
        held = self.store.invoices.get(invoice_id)
        return held if held is not None and held.tenant_id == tenant_id else None

    async def put(self, invoice: OpenInvoice) -> None:
        self.store.invoices[invoice.invoice_id] = invoice

    async def open_of(self, tenant_id: TenantId) -> list[OpenInvoice]:
        found = [one for one in self.store.invoices.values() if one.tenant_id == tenant_id]
        return sorted(
            (one for one in found if one.standing == "open"), key=lambda one: (one.due_on, one.number)
        )

    async def due(self, system_now: datetime, limit: int) -> list[tuple[TenantId, InvoiceId]]:
        found = self.store.invoices.values()
        due = [one for one in found if one.collect_at is not None and one.collect_at <= system_now]
        return [(one.tenant_id, one.invoice_id) for one in due][:limit]


class FakePayments(Part):
    async def get(self, tenant_id: TenantId, payment_id: PaymentId) -> Payment | None:
        held = self.store.payments.get(payment_id)
        return held if held is not None and held.tenant_id == tenant_id else None

    async def by_request(self, tenant_id: TenantId, request_id: str) -> Payment | None:
        found = [one for one in self.store.payments.values() if one.tenant_id == tenant_id]
        return next((one for one in found if one.request_id == request_id), None)

    async def add(self, payment: Payment) -> None:
        self.store.payments[payment.payment_id] = payment

    async def update(self, payment: Payment) -> None:
        self.store.payments[payment.payment_id] = payment

    async def page(self, tenant_id: TenantId, before: PaymentId | None, limit: int) -> list[Payment]:
        found = [one for one in self.store.payments.values() if one.tenant_id == tenant_id]
        shown = [one for one in found if one.state is not State.CANCELED or one.reason is not None]
        older = [one for one in shown if before is None or one.payment_id < before]
        return sorted(older, key=lambda one: one.payment_id, reverse=True)[:limit]

    async def collected(
        self, tenant_id: TenantId, invoice_ids: Collection[InvoiceId]
    ) -> dict[InvoiceId, int]:
        sums: dict[InvoiceId, int] = {}
        for payment in self.store.payments.values():
            for share in payment.shares if payment.state is State.SUCCEEDED else ():
                sums[share.invoice_id] = sums.get(share.invoice_id, 0) + share.amount_minor
        for dispute in self.store.disputes.values():
            for share in dispute.shares if dispute.takes else ():
                sums[share.invoice_id] = sums.get(share.invoice_id, 0) - share.amount_minor
        return sums

    async def tries_since(self, tenant_id: TenantId, stripe_method: str, since: datetime) -> int:
        return sum(
            one.trigger in AUTOMATIC
            and one.method is not None
            and one.method.stripe_method == stripe_method
            and (
                one.state in OPEN
                or (one.state is State.FAILED and one.ended_at is not None and one.ended_at > since)
            )
            for one in self.store.payments.values()
        )


class FakeAttempts(Part):
    def _open(self) -> list[Attempt]:
        return [one for one in self.store.attempts.values() if one.is_open]

    async def add(self, attempt: Attempt) -> bool:
        if any(set(attempt.invoice_ids) & set(other.invoice_ids) for other in self._open()):
            return False
        self.store.attempts[attempt.attempt_id] = attempt
        return True

    async def get(self, tenant_id: TenantId, attempt_id: UUID) -> Attempt | None:
        return self.store.attempts.get(attempt_id)

    async def of_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> Attempt | None:
        return next((a for a in self.store.attempts.values() if a.payment_id == payment_id), None)

    async def by_intent(self, account: str, intent: str) -> Attempt | None:
        return next((a for a in self.store.attempts.values() if a.intent == intent), None)

    async def any_unnamed(self, account: str) -> bool:
        return any(
            one.state in (State.SUBMITTED, State.UNKNOWN) and one.intent is None and one.account == account
            for one in self.store.attempts.values()
        )

    async def open_on(self, tenant_id: TenantId, invoice_ids: Sequence[InvoiceId]) -> list[Attempt]:
        return [one for one in self._open() if set(one.invoice_ids) & set(invoice_ids)]

    async def update(self, attempt: Attempt) -> None:
        self.store.attempts[attempt.attempt_id] = attempt

    async def to_check(self, system_now: datetime, untouched_since: datetime, limit: int) -> list[Attempt]:
        def wants(one: Attempt) -> bool:
            if one.check_at is not None:
                return one.check_at <= system_now
            return one.state in (State.CREATED, State.SUBMITTED) and one.touched_at <= untouched_since

        return [one for one in self._open() if wants(one)][:limit]

    async def to_close(self, system_now: datetime, limit: int) -> list[Attempt]:
        failed = [one for one in self.store.attempts.values() if one.state is State.FAILED]
        left = [one for one in failed if one.intent is not None and not one.intent_closed]
        return [one for one in left if one.check_at is None or one.check_at <= system_now][:limit]


class FakeRefunds(Part):
    async def get(self, tenant_id: TenantId, refund_id: UUID) -> Refund | None:
        return self.store.refunds.get(refund_id)

    async def by_request(self, tenant_id: TenantId, request_id: str) -> Refund | None:
        return next((one for one in self.store.refunds.values() if one.request_id == request_id), None)

    async def by_stripe(self, account: str, stripe_refund: str) -> Refund | None:
        return next((one for one in self.store.refunds.values() if one.stripe_refund == stripe_refund), None)

    async def of_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> list[Refund]:
        found = [one for one in self.store.refunds.values() if one.payment_id == payment_id]
        return sorted(found, key=lambda one: one.refund_id)

    async def of_payments(self, tenant_id: TenantId, payment_ids: list[PaymentId]) -> list[Refund]:
        return [one for one in self.store.refunds.values() if one.payment_id in payment_ids]

    async def add(self, refund: Refund) -> None:
        self.store.refunds[refund.refund_id] = refund

    async def update(self, refund: Refund) -> None:
        self.store.refunds[refund.refund_id] = refund

    async def to_check(self, system_now: datetime, untouched_since: datetime, limit: int) -> list[Refund]:
        def wants(one: Refund) -> bool:
            if one.check_at is not None:
                return one.check_at <= system_now
            return one.state in (RefundState.CREATED, RefundState.SUBMITTED) and (
                one.touched_at <= untouched_since
            )

        unsettled = [one for one in self.store.refunds.values() if one.state in UNSETTLED]
        return [one for one in unsettled if wants(one)][:limit]


class FakeDisputes(Part):
    async def get(self, tenant_id: TenantId, dispute_id: UUID) -> Dispute | None:
        return self.store.disputes.get(dispute_id)

    async def of_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> list[Dispute]:
        return [one for one in self.store.disputes.values() if one.payment_id == payment_id]

    async def of_payments(self, tenant_id: TenantId, payment_ids: list[PaymentId]) -> list[Dispute]:
        return [one for one in self.store.disputes.values() if one.payment_id in payment_ids]

    async def opened(self, tenant_id: TenantId) -> list[Dispute]:
        mine = [one for one in self.store.disputes.values() if one.tenant_id == tenant_id]
        return sorted(
            (one for one in mine if one.state is DisputeState.OPENED),
            key=lambda one: (one.opened_at, one.dispute_id),
        )

    async def add(self, dispute: Dispute) -> None:
        assert dispute.dispute_id not in self.store.disputes
        self.store.disputes[dispute.dispute_id] = dispute

    async def update(self, dispute: Dispute) -> None:
        self.store.disputes[dispute.dispute_id] = dispute


class FakePlans(Part):
    async def get(self, tenant_id: TenantId, plan_id: UUID) -> PaymentPlan | None:
        return self.store.plans.get(plan_id)

    async def by_request(self, tenant_id: TenantId, request_id: str) -> PaymentPlan | None:
        return next((one for one in self.store.plans.values() if one.request_id == request_id), None)

    async def of_tenant(self, tenant_id: TenantId) -> list[PaymentPlan]:
        return sorted(self.store.plans.values(), key=lambda one: one.plan_id, reverse=True)

    async def active_of(self, tenant_id: TenantId) -> list[PaymentPlan]:
        return [one for one in self.store.plans.values() if one.is_active]

    async def add(self, plan: PaymentPlan) -> None:
        held = [one for other in self.store.plans.values() if other.is_active for one in other.invoice_ids]
        assert not set(held) & set(plan.invoice_ids), "two active plans hold an invoice"
        self.store.plans[plan.plan_id] = plan

    async def update(self, plan: PaymentPlan) -> None:
        self.store.plans[plan.plan_id] = plan

    async def due(self, system_now: datetime, limit: int) -> list[tuple[TenantId, UUID]]:
        found = [one for one in self.store.plans.values() if one.step_at and one.step_at <= system_now]
        return [(one.tenant_id, one.plan_id) for one in found][:limit]


class FakeBooks(Part):
    """Reconciliation is tried on the real database alone."""

    async def of(self, account: str, since: datetime, until: datetime) -> Books:
        return Books()

    async def keep(self, run: Reconciliation) -> None:
        """Nobody reads it here."""

    async def newest(self, provider_id: ProviderId, limit: int) -> list[Reconciliation]:
        return []

    async def unreconciled_since(self, since: datetime) -> list[str]:
        return []


class FakeWebhooks(Part):
    async def add_all(self, events: Sequence[WebhookEvent]) -> int:
        def add(event: WebhookEvent) -> bool:
            return self.store.webhooks.setdefault((event.account, event.event_id), event) is event

        return sum([add(event) for event in events])

    async def waiting(self, system_now: datetime, limit: int) -> list[WebhookEvent]:
        def due(key: tuple[str, str]) -> bool:
            return key not in self.store.finished and self.store.again_at.get(key, system_now) <= system_now

        return [event for key, event in self.store.webhooks.items() if due(key)][:limit]

    async def finish(self, ends: Sequence[Finished], at: datetime) -> int:
        before = len(self.store.finished)
        for end in ends:
            self.store.finished.setdefault((end.event.account, end.event.event_id), (end.outcome, end.reason))
        return len(self.store.finished) - before

    async def postpone(self, event: WebhookEvent, reason: str, again_at: datetime) -> None:
        key = (event.account, event.event_id)
        self.store.again_at[key] = again_at
        self.store.webhooks[key] = replace(event, tries=event.tries + 1)

    async def purge(self, before: datetime) -> int:
        old = [key for key in self.store.finished if self.store.webhooks[key].received_at < before]
        for key in old:
            del self.store.webhooks[key], self.store.finished[key]
        return len(old)


def sums(store: Store) -> dict[str, int]:
    """Journal by currency."""
    found: dict[str, int] = {}
    for entry in store.journal.values():
        for posting in entry.postings:
            found[posting.amount.currency] = found.get(posting.amount.currency, 0) + posting.amount.minor
    return found
