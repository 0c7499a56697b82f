"""A mail of each kind with made-up facts, to look at the wording of a language."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from services.notifications.domain.facts import (
    DebitReturned,
    Dispute,
    ExpiringMethod,
    Facts,
    FailedPayment,
    Instalment,
    IssuedInvoice,
    Kind,
    Method,
    OwedInvoice,
    PaidPart,
    PlanAgreed,
    PlanBroken,
    PlanEnded,
    Receipt,
    Refunded,
    RefundFailed,
    Reminder,
    Restored,
    Suspended,
    TerminationProposed,
    UsageAlert,
    kind_of,
)
from services.notifications.domain.mail import Mail, mail_id_of
from services.notifications.domain.people import Contact, Sender
from shared.ids import EventId, ProviderId, TenantId
from shared.money import Currency, Money

_AT = datetime(2026, 11, 8, 17, 0, tzinfo=UTC)
_PROVIDER, _TENANT, _EVENT = ProviderId(UUID(int=1)), TenantId(UUID(int=2)), EventId(UUID(int=3))
_CARD = Method("card", "visa", "4242", "12/2026")
_BANK = Method("us_bank_account", "STRIPE TEST BANK", "6789")


def sample(kind: Kind, locale: str, code: Currency) -> tuple[Mail, Contact, Sender]:
    """A mail with its addressee and its sender; ``code`` is the currency of its amounts."""
    facts = next(one for one in _facts(code) if kind_of(one) is kind)
    mail = Mail(
        _PROVIDER,
        mail_id_of(_PROVIDER, _EVENT, kind),
        _TENANT,
        kind,
        _EVENT,
        _AT,
        facts,
        created_at=_AT,
        due_at=_AT,
    )
    contact = Contact(
        _PROVIDER, _TENANT, "Acme Dental", locale, "UTC", "books@acme.example", "ann@acme.example"
    )
    sender = Sender(
        _PROVIDER,
        "Kestrel Voice",
        "#0B5FA5",
        "Kestrel Voice LLC",
        ("120 Pier Street", "New York, NY 10038"),
        "billing@kestrelvoice.example",
        "+12125550100",
        locale,
        "UTC",
    )
    return mail, contact, sender


def _facts(code: Currency) -> tuple[Facts, ...]:
    def money(minor: int) -> Money:
        return Money(minor, code)

    owed = OwedInvoice("KV-2026-01071", date(2026, 10, 22), money(14894))
    later = OwedInvoice("KV-2026-01102", date(2026, 11, 22), money(7895))
    rest = (Instalment(date(2026, 12, 1), money(7447)), Instalment(date(2027, 1, 1), money(7447)))
    return (
        IssuedInvoice(later.number, money(17895), money(17895), date(2026, 11, 8), later.due_on, True),
        Receipt(money(10000), _CARD, _AT, (PaidPart(later.number, money(10000)),), (later,)),
        FailedPayment(money(14894), _CARD, _AT, "no_funds", True, (owed.number,), _AT),
        Reminder(7, money(22789), (owed, later), date(2026, 11, 5)),
        Suspended(True, _AT, money(14894), (owed,)),
        Restored(_AT),
        Refunded(money(2000), _CARD, "method", _AT, (owed.number,), "Billed twice"),
        ExpiringMethod(_CARD, True),
        PlanAgreed((owed.number,), rest, money(14894)),
        PlanBroken((owed.number,), rest[:1], money(14894)),
        PlanEnded((owed.number,), "kept", money(14894)),
        RefundFailed(money(2000), _AT),
        DebitReturned(money(14894), _BANK, _AT, (owed,)),
        Dispute("opened", money(14894), money(1500), _CARD, _AT, (owed.number,)),
        TerminationProposed(date(2026, 11, 5), money(14894), (owed,)),
        UsageAlert(
            "included_minutes",
            "included",
            80,
            Decimal(2400),
            Decimal(3000),
            None,
            None,
            date(2026, 11, 1),
            date(2026, 12, 1),
        ),
    )
