"""Which sections of the Billing page an event makes stale."""

Section = str
ALL_SECTIONS: frozenset[Section] = frozenset(
    {"balance", "subscription", "usage", "methods", "invoices", "payments", "standing"}
)
# Beginnings of event types, the longest that fits counts. What is not named changes nothing on the page.
_STALE: dict[str, frozenset[Section]] = {
    "invoicing.invoice.": frozenset({"balance", "invoices", "standing"}),
    "invoicing.credit_note.": frozenset({"balance", "invoices", "payments"}),
    "invoicing.tenant.": frozenset({"subscription", "usage"}),
    "invoicing.clock.": ALL_SECTIONS,
    "invoicing.provider.": ALL_SECTIONS,
    "payments.payment.": frozenset({"balance", "invoices", "payments", "standing"}),
    "payments.refund.": frozenset({"balance", "payments"}),
    "payments.payment_plan.": frozenset({"balance", "standing"}),
    "payments.method.": frozenset({"methods"}),
    "payments.auto_pay.": frozenset({"methods", "balance"}),
    "suspension.": frozenset({"standing", "balance", "subscription"}),
    "usage.calls.": frozenset({"usage"}),
    "usage.threshold.": frozenset({"usage", "standing"}),
}
# Beginnings of event types to listen for, as routing keys of a topic exchange.
ROUTING_KEYS = tuple(f"{start}#" for start in _STALE)


def stale_sections(event_type: str) -> frozenset[Section]:
    """The sections that show something else after this event."""
    fitting = [start for start in _STALE if event_type.startswith(start)]
    return _STALE[max(fitting, key=len)] if fitting else frozenset()
