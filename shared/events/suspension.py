"""Events of suspension: reminders, call service stopped and given back."""

from datetime import date, datetime
from typing import ClassVar, Literal

from shared.events.envelope import Event, Payload
from shared.ids import InvoiceId, TenantId


class OwedInvoice(Payload):
    """An unpaid invoice that counts for the ladder."""

    invoice_id: InvoiceId
    number: str
    due_on: date
    balance_minor: int


class ReminderDue(Event):
    """A reminder of the ladder is due: ``day`` days from the due day, negative before it (R46)."""

    TYPE: ClassVar[str] = "suspension.reminder.due.v1"

    tenant_id: TenantId
    day: int
    currency: str
    invoices: tuple[OwedInvoice, ...]
    suspends_on: date | None


class TenantSuspended(Event):
    """Calls are barred from now on."""

    TYPE: ClassVar[str] = "suspension.tenant.suspended.v1"

    tenant_id: TenantId
    stage: Literal["outbound_barred", "both_barred"]
    why: Literal["unpaid", "manual", "spend_limit"] = "unpaid"
    since: datetime
    currency: str
    invoices: tuple[OwedInvoice, ...]


class TenantRestored(Event):
    """Calls are allowed again."""

    TYPE: ClassVar[str] = "suspension.tenant.restored.v1"

    tenant_id: TenantId
    at: datetime


class TerminationProposed(Event):
    """The ladder's last stage is reached: the provider is asked whether to end the contract; nothing happens by itself."""

    TYPE: ClassVar[str] = "suspension.termination.proposed.v1"

    tenant_id: TenantId
    since: date
    currency: str
    invoices: tuple[OwedInvoice, ...]
