"""The contract between the services: one module per publishing service, frozen models, additive changes only."""

from shared.events import invoicing, payments, suspension, usage
from shared.events.envelope import Envelope, Event

ALL: tuple[type[Event], ...] = (
    usage.CallsRecorded,
    usage.PeriodMetered,
    usage.ThresholdReached,
    usage.ThresholdCleared,
    invoicing.ClockAdvanced,
    invoicing.ProviderChanged,
    invoicing.PlanChanged,
    invoicing.TenantOpened,
    invoicing.TenantChanged,
    invoicing.TenantClosed,
    invoicing.PeriodEnded,
    invoicing.PeriodParked,
    invoicing.InvoiceIssued,
    invoicing.InvoicePartiallyPaid,
    invoicing.InvoicePaid,
    invoicing.InvoiceOverdue,
    invoicing.InvoiceCancelled,
    invoicing.InvoiceReopened,
    invoicing.CreditNoteIssued,
    payments.PaymentSucceeded,
    payments.PaymentFailed,
    payments.PaymentProcessing,
    payments.PaymentRefunded,
    payments.RefundFailed,
    payments.PaymentDisputed,
    payments.PaymentPlanAgreed,
    payments.PaymentPlanBroken,
    payments.PaymentPlanEnded,
    payments.MethodSaved,
    payments.MethodExpiring,
    payments.MethodRemoved,
    payments.AutoPayChanged,
    suspension.ReminderDue,
    suspension.TenantSuspended,
    suspension.TenantRestored,
    suspension.TerminationProposed,
)

BY_TYPE: dict[str, type[Event]] = {event.TYPE: event for event in ALL}

__all__ = ["ALL", "BY_TYPE", "Envelope", "Event"]
