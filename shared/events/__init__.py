"""The contract between the services: one module per publishing service, frozen models, additive changes only."""

from shared.events import invoicing, payments, suspension, usage
from shared.events.envelope import Envelope, Event

ALL: tuple[type[Event], ...] = (
    usage.CallsRecorded,
    usage.PeriodMetered,
    invoicing.ClockAdvanced,
    invoicing.ProviderChanged,
    invoicing.PlanChanged,
    invoicing.TenantOpened,
    invoicing.TenantChanged,
    invoicing.TenantClosed,
    invoicing.PeriodEnded,
    invoicing.InvoiceIssued,
    invoicing.InvoicePartiallyPaid,
    invoicing.InvoicePaid,
    invoicing.InvoiceOverdue,
    invoicing.InvoiceCancelled,
    payments.PaymentSucceeded,
    payments.PaymentFailed,
    payments.PaymentProcessing,
    payments.MethodSaved,
    payments.MethodRemoved,
    payments.AutoPayChanged,
    suspension.ReminderDue,
    suspension.TenantSuspended,
    suspension.TenantRestored,
)

BY_TYPE: dict[str, type[Event]] = {event.TYPE: event for event in ALL}

__all__ = ["ALL", "BY_TYPE", "Envelope", "Event"]
