"""What the use cases need from the outside."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from services.payments.domain import reconciliation
from services.payments.domain.disputes import Dispute, DisputeFacts
from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.methods import AutoPay, Method
from services.payments.domain.outcome import MethodFacts, Outcome
from services.payments.domain.payment_plans import PaymentPlan
from services.payments.domain.payments import Attempt, Payment
from services.payments.domain.refunds import Refund, RefundState
from services.payments.domain.tenants import Tenant, WebhookEvent
from shared.errors import TollgateError
from shared.events.envelope import Event
from shared.ids import EventId, InvoiceId, PaymentId, ProviderId, TenantId
from shared.journal import JournalEntry


class GatewayUnreachable(TollgateError):
    """Stripe gave no answer that settles whether the request was done: time-out, broken line, 5xx, 409, 429.

    ``replayed`` is true when Stripe answered with the fault that it keeps for this key (5xx): the request that it
    answered so is over, and sending it again does nothing any more.
    """

    def __init__(self, message: str, *, replayed: bool = False) -> None:
        super().__init__(message)
        self.replayed = replayed


class GatewayRefused(TollgateError):
    """Stripe refused the request as such; nothing was done. ``code`` is Stripe's."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class SetupIntent:
    """Stripe's record of a method being saved. ``finished``: the method is attached to ``customer``.
    ``awaits_deposit``: a typed bank account, which a small deposit must verify first.
    """

    intent: str
    finished: bool
    customer: str | None
    method: MethodFacts | None
    client_secret: str | None
    awaits_deposit: bool = False


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """A refund as Stripe tells it. ``stripe_refund`` None: Stripe gave none."""

    stripe_refund: str | None
    state: RefundState


class Gateway(Protocol):
    """Stripe. ``account`` is the connected account, '' for the platform's own.

    Every call may raise ``GatewayUnreachable``, and ``GatewayRefused`` where Stripe says that the request is
    wrong. No call is made inside a database transaction.
    """

    @property
    def publishable_key(self) -> str: ...

    async def create_customer(self, account: str, tenant: Tenant) -> str: ...

    async def create_setup_intent(
        self, account: str, customer: str, tenant: Tenant, *, key: str
    ) -> SetupIntent: ...

    async def read_setup_intent(self, account: str, intent: str) -> SetupIntent: ...

    async def charge(self, attempt: Attempt) -> Outcome:
        """Creates the attempt's PaymentIntent under its key; a decline is an outcome, not an error."""

    async def read_intent(self, account: str, intent: str) -> Outcome: ...

    async def cancel_intent(self, account: str, intent: str, *, key: str) -> Outcome:
        """Cancels, or answers the state that no longer lets it be canceled."""

    async def find_intent(self, attempt: Attempt) -> Outcome | None:
        """By listing the customer's PaymentIntents; None: Stripe has none of this attempt."""

    async def detach_method(self, account: str, stripe_method: str) -> None: ...

    async def refund(self, refund: Refund) -> RefundFacts:
        """Creates it under its key."""

    async def read_refund(self, account: str, stripe_refund: str) -> RefundFacts: ...

    async def find_refund(self, refund: Refund) -> RefundFacts | None:
        """By listing the refunds of its payment; None: Stripe has none of this one."""

    async def read_dispute(self, account: str, stripe_dispute: str) -> DisputeFacts: ...


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What Stripe says a connected account may do."""

    charges_enabled: bool
    payouts_enabled: bool
    details_submitted: bool


class AccountsGateway(Protocol):
    """Connect: accounts of providers, made and told about at Stripe."""

    async def create_account(self, provider_id: ProviderId, country: str, email: str) -> str: ...
    async def onboarding_link(
        self, account: str, return_url: str, refresh_url: str
    ) -> tuple[str, datetime]: ...
    async def read_account(self, account: str) -> AccountFacts: ...


class BooksGateway(Protocol):
    """Stripe's books, to read only."""

    async def read(self, account: str, since: datetime, until: datetime) -> reconciliation.Books: ...
    async def payouts(self, account: str, since: datetime) -> list[reconciliation.Payout]: ...
    async def payout_entries(self, account: str, payout: str) -> list[reconciliation.Entry]: ...
    async def undelivered(self, account: str, since: datetime, types: Iterable[str]) -> list[bytes]:
        """Events that no endpoint of ours has taken, as they would have been posted; oldest first."""


class Tenants(Protocol):
    async def get(self, provider_id: ProviderId, tenant_id: TenantId) -> Tenant | None: ...
    async def put(self, tenant: Tenant) -> None: ...


class Accounts(Protocol):
    async def know(self, provider_id: ProviderId) -> None:
        """The provider exists; until told otherwise it uses the platform's own account."""

    async def of(self, provider_id: ProviderId) -> str: ...
    async def put(self, provider_id: ProviderId, account: str) -> None: ...
    async def all(self) -> list[str]:
        """Every Stripe account in use, each once."""

    async def providers_of(self, account: str) -> list[ProviderId]:
        """Who collects in an account."""

    async def connect(self, provider_id: ProviderId, account: str) -> str:
        """Gives the provider the account unless it has one; answers the one it has."""

    async def retry_days(self, provider_id: ProviderId) -> tuple[int, ...] | None:
        """The provider's own ladder of retries; None: the default one."""

    async def put_retry_days(self, provider_id: ProviderId, days: tuple[int, ...] | None) -> None: ...
    async def customer(self, tenant_id: TenantId, account: str) -> str | None: ...
    async def add_customer(
        self, provider_id: ProviderId, tenant_id: TenantId, account: str, customer: str
    ) -> str:
        """Keeps the first one; answers the one that is kept."""


class Methods(Protocol):
    async def saved(self, tenant_id: TenantId, account: str) -> list[Method]:
        """Those not removed, oldest first."""

    async def find(self, account: str, stripe_method: str) -> Method | None: ...
    async def add(self, method: Method) -> bool: ...
    async def update(self, method: Method) -> None: ...
    async def auto_pay(self, tenant_id: TenantId) -> AutoPay | None: ...
    async def put_auto_pay(self, auto_pay: AutoPay) -> None: ...
    async def to_detach(self, limit: int) -> list[Method]: ...
    async def expiring(self, system_now: datetime, limit: int) -> list[Method]:
        """Saved cards whose expiry is at the end of next month or sooner and was not told of; marks them as told."""


class Invoices(Protocol):
    async def get(self, tenant_id: TenantId, invoice_id: InvoiceId) -> OpenInvoice | None: ...
    async def put(self, invoice: OpenInvoice) -> None: ...
    async def open_of(self, tenant_id: TenantId) -> list[OpenInvoice]: ...
    async def due(self, system_now: datetime, limit: int) -> list[tuple[TenantId, InvoiceId]]: ...


class Payments(Protocol):
    async def get(self, tenant_id: TenantId, payment_id: PaymentId) -> Payment | None: ...
    async def by_request(self, tenant_id: TenantId, request_id: str) -> Payment | None: ...
    async def add(self, payment: Payment) -> None: ...
    async def update(self, payment: Payment) -> None: ...
    async def page(self, tenant_id: TenantId, before: PaymentId | None, limit: int) -> list[Payment]:
        """Newest first, without those that ended with nothing said or done (canceled)."""

    async def collected(
        self, tenant_id: TenantId, invoice_ids: Collection[InvoiceId]
    ) -> dict[InvoiceId, int]:
        """Sums of the succeeded payments by invoice, less what banks took back by disputes."""

    async def tries_since(self, tenant_id: TenantId, stripe_method: str, since: datetime) -> int:
        """How many automatic charges of a method failed, or are on their way and may."""


class Attempts(Protocol):
    async def add(self, attempt: Attempt) -> bool:
        """False when another open attempt holds one of its invoices (partial unique index): nothing was added."""

    async def get(self, tenant_id: TenantId, attempt_id: UUID) -> Attempt | None: ...
    async def of_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> Attempt | None: ...
    async def by_intent(self, account: str, intent: str) -> Attempt | None: ...
    async def any_unnamed(self, account: str) -> bool:
        """Whether some were sent in this account and their PaymentIntent is not known yet."""

    async def open_on(self, tenant_id: TenantId, invoice_ids: Sequence[InvoiceId]) -> list[Attempt]: ...
    async def update(self, attempt: Attempt) -> None: ...
    async def to_check(self, system_now: datetime, untouched_since: datetime, limit: int) -> list[Attempt]:
        """Created or submitted and left alone since then, or open with ``check_at`` passed."""

    async def to_close(self, system_now: datetime, limit: int) -> list[Attempt]:
        """Failed ones whose PaymentIntent is still to be canceled."""


class Refunds(Protocol):
    async def get(self, tenant_id: TenantId, refund_id: UUID) -> Refund | None: ...
    async def by_request(self, tenant_id: TenantId, request_id: str) -> Refund | None: ...
    async def by_stripe(self, account: str, stripe_refund: str) -> Refund | None: ...
    async def of_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> list[Refund]:
        """Oldest first."""

    async def of_payments(self, tenant_id: TenantId, payment_ids: list[PaymentId]) -> list[Refund]: ...
    async def add(self, refund: Refund) -> None: ...
    async def update(self, refund: Refund) -> None: ...
    async def to_check(self, system_now: datetime, untouched_since: datetime, limit: int) -> list[Refund]:
        """Created or submitted and left alone since then, or unsettled with ``check_at`` passed."""


class Disputes(Protocol):
    async def get(self, tenant_id: TenantId, dispute_id: UUID) -> Dispute | None: ...
    async def of_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> list[Dispute]:
        """Oldest first."""

    async def of_payments(self, tenant_id: TenantId, payment_ids: list[PaymentId]) -> list[Dispute]: ...
    async def opened(self, tenant_id: TenantId) -> list[Dispute]:
        """Those that nobody has decided yet, oldest first."""

    async def add(self, dispute: Dispute) -> None: ...
    async def update(self, dispute: Dispute) -> None: ...


class Plans(Protocol):
    async def get(self, tenant_id: TenantId, plan_id: UUID) -> PaymentPlan | None: ...
    async def by_request(self, tenant_id: TenantId, request_id: str) -> PaymentPlan | None: ...
    async def of_tenant(self, tenant_id: TenantId) -> list[PaymentPlan]:
        """Newest first."""

    async def active_of(self, tenant_id: TenantId) -> list[PaymentPlan]: ...
    async def add(self, plan: PaymentPlan) -> None: ...
    async def update(self, plan: PaymentPlan) -> None: ...
    async def due(self, system_now: datetime, limit: int) -> list[tuple[TenantId, UUID]]: ...


class OurBooks(Protocol):
    async def of(self, account: str, since: datetime, until: datetime) -> reconciliation.Books: ...
    async def keep(self, run: reconciliation.Reconciliation) -> None: ...
    async def newest(self, provider_id: ProviderId, limit: int) -> list[reconciliation.Reconciliation]: ...
    async def unreconciled_since(self, since: datetime) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """A webhook event that was dealt with: ``processed``, ``ignored`` or ``failed``."""

    event: WebhookEvent
    outcome: str
    reason: str | None


class Webhooks(Protocol):
    async def add_all(self, events: Sequence[WebhookEvent]) -> int:
        """How many were new."""

    async def waiting(self, system_now: datetime, limit: int) -> list[WebhookEvent]: ...
    async def finish(self, ends: Sequence[Finished], at: datetime) -> int:
        """How many were not finished before."""

    async def postpone(self, event: WebhookEvent, reason: str, again_at: datetime) -> None: ...
    async def purge(self, before: datetime) -> int:
        """Drops what was dealt with before that."""


class Work(Protocol):
    """One transaction."""

    @property
    def tenants(self) -> Tenants: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def methods(self) -> Methods: ...
    @property
    def invoices(self) -> Invoices: ...
    @property
    def payments(self) -> Payments: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def refunds(self) -> Refunds: ...
    @property
    def disputes(self) -> Disputes: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def books(self) -> OurBooks: ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    async def remember_trace(self, provider_id: ProviderId, name: str) -> None: ...
    async def continue_trace(self, provider_id: ProviderId, name: str) -> None: ...
    async def now(self, provider_id: ProviderId) -> datetime: ...
    def system_now(self) -> datetime: ...
    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None: ...
    async def lock_tenant(self, tenant_id: TenantId) -> None: ...
    async def post(self, entry: JournalEntry) -> None: ...
    def emit(self, event: Event, *, time: datetime, event_id: EventId | None = None) -> None: ...


OpenWork = Callable[[], Work]
