"""What the mails say, in whose dress, and that strangers' words stay words."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage
from html.parser import HTMLParser
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.adapters.composing import MailComposer
from services.notifications.adapters.documents import from_document, to_document
from services.notifications.domain.facts import (
    FOR_PROVIDER,
    DebitReturned,
    Dispute,
    ExpiringMethod,
    Facts,
    FailedPayment,
    Instalment,
    IssuedInvoice,
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
from services.notifications.domain.wording import wording_for
from services.notifications.use_cases.ports import Composed
from shared.clock import SetClock
from shared.formats import LocalFormats
from shared.ids import EventId, InvoiceId
from shared.money import Currency, Money
from tests.support.mail import NOON, PROVIDER, TENANT

USD = Currency("USD")
VISA = Method("card", "visa", "4242")
BANK = Method("us_bank_account", "STRIPE TEST BANK", "6789")
NBSP = "\u00a0"


def usd(minor: int) -> Money:
    return Money(minor, USD)


OWED = OwedInvoice("KV-2026-01071", date(2026, 10, 22), usd(14894))
LATER = OwedInvoice("KV-2026-01102", date(2026, 11, 22), usd(7895))
ISSUED = IssuedInvoice("KV-2026-01102", usd(17895), usd(17895), date(2026, 11, 8), date(2026, 11, 22), True)
RECEIPT = Receipt(usd(10000), VISA, NOON, (PaidPart("KV-2026-01102", usd(10000)),), (LATER,))


OWED_TOO = OwedInvoice("KV-2026-01072", date(2026, 10, 22), usd(14894))
REFUND = Refunded(usd(2000), VISA, "method", NOON, ("KV-2026-01071",), "Billed twice")
EXPIRING = ExpiringMethod(Method("card", "visa", "4242", "12/2026"), True)
RATES = (Instalment(date(2026, 12, 1), usd(4500)), Instalment(date(2027, 1, 1), usd(4500)))
PLAN = PlanAgreed(("KV-2026-01071",), RATES, usd(9000))
BROKEN = PlanBroken(("KV-2026-01071",), RATES[:1], usd(9000))
KEPT = PlanEnded(("KV-2026-01071",), "kept", usd(9000))
FAILED_REFUND = RefundFailed(usd(2000), NOON)
RETURNED = DebitReturned(usd(14894), BANK, NOON, (OWED,))
DISPUTE = Dispute("opened", usd(14894), usd(1500), VISA, NOON, ("KV-2026-01071",))
TERMINATION = TerminationProposed(date(2026, 11, 5), usd(14894), (OWED,))
ALERT = UsageAlert(
    "included_minutes",
    "included",
    80,
    Decimal(2400),
    Decimal(3000),
    None,
    None,
    date(2026, 11, 1),
    date(2026, 12, 1),
)
SPENT = UsageAlert(
    "spend_limit", "", 100, None, None, usd(10050), usd(10000), date(2026, 11, 1), date(2026, 12, 1)
)


def failed(reason: str, method: Method = VISA, **values: object) -> FailedPayment:
    return FailedPayment(
        **{  # type: ignore[arg-type]
            "amount": usd(14894),
            "method": method,
            "at": NOON,
            "reason": reason,
            "by_auto_pay": True,
            "numbers": ("KV-2026-01071",),
            "next_retry_at": datetime(2026, 11, 13, 3, tzinfo=UTC),
            **values,
        }
    )


EVERY_KIND: list[Facts] = [
    ISSUED,
    RECEIPT,
    failed("no_funds"),
    Reminder(7, usd(14894), (OWED,), date(2026, 11, 5)),
    Suspended(True, NOON, usd(14894), (OWED,)),
    Restored(NOON),
    REFUND,
    EXPIRING,
    PLAN,
    BROKEN,
    KEPT,
    FAILED_REFUND,
    RETURNED,
    DISPUTE,
    TERMINATION,
    ALERT,
    SPENT,
]
LANGUAGES = ["en-US", "de-DE", "fr-FR", "es-ES"]
# Turns that a sentence takes by its facts.
TURNS: list[Facts] = [
    *EVERY_KIND,
    *(failed(reason) for reason in ("expired", "declined", "authentication", "no_method", "other")),
    failed("declined", by_auto_pay=True, next_retry_at=None),
    Reminder(-3, usd(14894), (OWED,), date(2026, 11, 5)),
    Reminder(0, usd(14894), (OWED,), None),
    Reminder(3, usd(37683), (OWED, OWED_TOO, LATER), date(2026, 11, 25)),
    Suspended(False, NOON, usd(0), (), "manual"),
    Suspended(False, NOON, usd(0), (), "spend_limit"),
    replace(REFUND, to="credit"),
    replace(EXPIRING, is_default=False),
    PlanAgreed((), RATES[:1], usd(4500)),
    replace(BROKEN, missed=RATES),
    replace(KEPT, why="cancelled"),
    replace(KEPT, why="cancelled", owed=usd(0)),
    replace(RETURNED, invoices=(OWED, LATER)),
    replace(RETURNED, invoices=()),
    replace(DISPUTE, numbers=("KV-1", "KV-2")),
    replace(DISPUTE, state="won", fee=usd(0)),
    replace(DISPUTE, state="lost", numbers=()),
    replace(TERMINATION, invoices=(OWED, LATER)),
    replace(ALERT, percent=100),
    replace(ALERT, kind="unusual_international"),
    IssuedInvoice(
        "KV-1", usd(500), usd(0), date(2026, 11, 8), date(2026, 11, 22), True, InvoiceId(UUID(int=5))
    ),
    IssuedInvoice("KV-1", usd(30), usd(30), date(2026, 11, 8), date(2026, 11, 22), False),
    Receipt(usd(12000), VISA, NOON, (PaidPart("KV-1", usd(10000)),), ()),
    Receipt(usd(12000), VISA, NOON, (PaidPart("KV-1", usd(6000)), PaidPart("KV-2", usd(6000))), ()),
    Receipt(usd(12000), BANK, NOON, (PaidPart("KV-1", usd(12000)),), (OWED, LATER)),
]


def compose(
    facts: Facts,
    *,
    tenant: str = "Acme Dental",
    provider: str = "Kestrel Voice",
    colour: str = "#FFB300",
    locale: str = "en-US",
) -> tuple[Composed, EmailMessage]:
    contact = Contact(
        PROVIDER, TENANT, tenant, locale, "America/New_York", "books@acme.example", "ann@acme.example"
    )
    sender = Sender(
        PROVIDER,
        provider,
        colour,
        provider,
        (provider,),
        "billing@kestrel.example",
        "+12125550100",
        locale,
        "America/New_York",
    )
    event_id = EventId(UUID(int=7))
    kind = kind_of(facts)
    mail = Mail(
        PROVIDER,
        mail_id_of(PROVIDER, event_id, kind),
        TENANT,
        kind,
        event_id,
        NOON,
        facts,
        created_at=NOON,
        due_at=NOON,
    )
    composer = MailComposer(
        mail_from="billing@tollgate.example",
        billing_url="https://billing.example/billing?a=1&b=2",
        clock=SetClock(NOON),
    )
    composed = composer.compose(mail, contact, sender)
    message = email.message_from_bytes(composed.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return composed, message


def words(facts: Facts) -> str:
    """The mail's text, spaces that may not break shown as plain ones."""
    return compose(facts)[0].text.replace(NBSP, " ")


class Elements(HTMLParser):
    """Every tag of a page and every attribute that runs or loads something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attributes:
            assert not name.startswith("on"), f"{tag} has a handler"
            if name in ("href", "src"):
                self.links.add(value or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def elements(html: str) -> Elements:
    parser = Elements()
    parser.feed(html)
    return parser


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            failed("no_funds"),
            "Your bank declined Visa •••• 4242: not enough funds. No money was taken. Choose another payment"
            " method or enter a smaller amount, then press Pay.",
        ),
        (
            failed("expired"),
            "Visa •••• 4242 has expired. No money was taken. Add a card or choose another payment method.",
        ),
        (
            failed("declined"),
            "Your bank declined Visa •••• 4242. No money was taken. Choose another payment method or call your"
            " bank.",
        ),
        (
            failed("authentication"),
            "Your bank wants you to confirm this payment. No money has moved. Open Billing, press Pay Now and"
            " follow your bank's steps.",
        ),
        (
            failed("other", BANK),
            "The payment with bank account •••• 6789 did not go through. No money was taken.",
        ),
        (failed("no_method"), "There is no payment method to charge. No money was taken."),
        (failed("declined"), "We will try again on Nov 12, 2026."),
        (failed("declined", next_retry_at=None), "Auto-pay will not try this payment again by itself"),
        (RECEIPT, "$100.00 paid. $78.95 is still due on Nov 22, 2026."),
        (
            Suspended(True, NOON, usd(14894), (OWED,)),
            "Your phone service is suspended. Invoice KV-2026-01071 was due on Oct 22, 2026 and has not been"
            " paid. Pay $148.94 to restore service; calls usually work again within minutes.",
        ),
        (
            Reminder(7, usd(14894), (OWED,), date(2026, 11, 5)),
            "Your phone service will be suspended on Nov 5, 2026 if this is not paid. To stop it, pay $148.94"
            " before then.",
        ),
        (
            Reminder(3, usd(22789), (OWED, LATER), None),
            "Invoice KV-2026-01102: $78.95 is due on Nov 22, 2026. You owe $227.89.",
        ),
        (
            Reminder(3, usd(29788), (OWED, OWED_TOO), None),
            "Invoices KV-2026-01071 and KV-2026-01072 have not been paid; the oldest was due on Oct 22, 2026."
            " You owe $297.88.",
        ),
        (REFUND, "Kestrel Voice refunded $20.00 to Visa •••• 4242."),
        (
            replace(REFUND, to="credit"),
            "Kestrel Voice credited $20.00. It comes off your next invoice.",
        ),
        (EXPIRING, "Visa •••• 4242 expires at the end of 12/2026."),
        (
            PLAN,
            "Kestrel Voice agreed that you pay $90.00 in 2 instalments, the last on Jan 1, 2027.",
        ),
        (
            BROKEN,
            "The instalment of $45.00 due on Dec 1, 2026 was not paid, so the plan has ended.",
        ),
        (KEPT, "You have paid your payment plan to the end, $90.00 in all."),
        (replace(KEPT, why="cancelled"), "Kestrel Voice has cancelled your payment plan."),
        (replace(KEPT, why="cancelled"), "$90.00 of it is not paid and is due as the invoices say."),
        (FAILED_REFUND, "Kestrel Voice tried to refund $20.00, but your bank did not take the money."),
        (FAILED_REFUND, "It is kept for you as account credit and comes off your next invoice."),
        (
            RETURNED,
            "Your bank returned the payment of $148.94 from bank account •••• 6789: the money went back to you.",
        ),
        (RETURNED, "Invoice KV-2026-01071 is open again. $148.94 is to be paid."),
        (DISPUTE, "The bank of Acme Dental disputes a payment of $148.94 by Visa •••• 4242."),
        (DISPUTE, "It brings no reminder and no suspension until the bank has decided."),
        (replace(DISPUTE, state="won"), "Invoice KV-2026-01071 counts as paid again."),
        (
            replace(DISPUTE, state="lost"),
            "Invoice KV-2026-01071 stays open, and reminders and suspension go on.",
        ),
        (TERMINATION, "Invoice KV-2026-01071 was due on Oct 22, 2026; $148.94 is open."),
        (TERMINATION, "Nothing happens by itself: close the tenant if the contract is to end"),
        (ALERT, "You have used 2,400.0 min of 3,000.0 min: 80% of your included minutes."),
        (
            SPENT,
            "Outbound calls that cost money are stopped so that no unexpected cost arises.",
        ),
        (
            Suspended(False, NOON, usd(0), (), "spend_limit"),
            "because usage came to its limit",
        ),
        (ISSUED, "$178.95 is due on Nov 22, 2026."),
    ],
)
def test_says_what_happened_whether_money_moved_and_what_to_do(facts: Facts, sentence: str) -> None:
    """The sentences of design/ui.md, with retry days in the tenant's own zone (Nov 13, 03:00 UTC is the 12th)."""
    assert sentence in words(facts)


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("facts", TURNS, ids=lambda facts: kind_of(facts).value)
def test_every_turn_is_said_in_every_language(facts: Facts, locale: str) -> None:
    """Nothing left unfilled, nothing left English, and the same figures in each language."""
    composed, message = compose(facts, locale=locale)
    assert message["Content-Language"] == locale[:2]
    assert not re.search(r"[{}]", composed.text)
    formats = LocalFormats(locale, "America/New_York")
    said = wording_for(locale).letter(facts, provider="Kestrel Voice", tenant="Acme Dental", formats=formats)
    english = wording_for("en").letter(facts, provider="Kestrel Voice", tenant="Acme Dental", formats=formats)
    assert len(said.paragraphs) == len(english.paragraphs)
    assert len(said.figures) == len(english.figures)
    if locale != "en-US":
        assert said.subject != english.subject
        assert not set(said.paragraphs) & set(english.paragraphs)
        assert (said.button is None) == (english.button is None) == (kind_of(facts) in FOR_PROVIDER)
        assert said.button is None or said.button != english.button


@pytest.mark.parametrize(
    ("facts", "locale", "sentence"),
    [
        (ISSUED, "de-DE", "178,95 $ sind am 22. Nov. 2026 fällig."),
        (ISSUED, "fr-FR", "178,95 $US est à payer au plus tard le 22 nov. 2026."),
        (ISSUED, "es-ES", "178,95 US$ vence el 22 nov 2026."),
        (PLAN, "de-DE", "in 2 Raten zahlen, die letzte am 1. Jan. 2027."),
        (PlanAgreed((), RATES[:1], usd(4500)), "fr-FR", "en 1 échéance, le 1 déc. 2026."),
        (
            Reminder(3, usd(29788), (OWED, OWED_TOO), None),
            "es-ES",
            "Las facturas KV-2026-01071 y KV-2026-01072 no se han pagado; la más antigua venció el 22 oct 2026.",
        ),
        (ISSUED, "ja-JP", "$178.95 is due on Nov 22, 2026."),
    ],
)
def test_plurals_money_and_dates_are_the_languages_own(facts: Facts, locale: str, sentence: str) -> None:
    """One and several, the currency's place, months in letters; a language without texts is English throughout."""
    assert sentence in compose(facts, locale=locale)[0].text.replace(NBSP, " ")


def test_a_reminder_speaks_of_each_invoice_by_its_own_day() -> None:
    """Overdue, due today and due later are told apart; what must be paid to keep service is what is due by then."""
    today = OwedInvoice("KV-2026-01090", date(2026, 10, 25), usd(1000))
    text = words(Reminder(3, usd(23789), (OWED, today, LATER), date(2026, 11, 5)))
    assert "Invoice KV-2026-01071 was due on Oct 22, 2026 and has not been paid." in text
    assert "Invoice KV-2026-01090: $10.00 is due today, Oct 25, 2026." in text
    assert "Invoice KV-2026-01102: $78.95 is due on Nov 22, 2026. You owe $237.89." in text
    assert "pay $158.94 before then" in text
    assert text.startswith("$148.94 is overdue")


@pytest.mark.parametrize(
    ("day", "subject"),
    [
        (-3, "Reminder: $148.94 is due on Oct 22, 2026"),
        (0, "Reminder: $148.94 is due today"),
        (12, "Reminder: $148.94 is overdue"),
    ],
)
def test_every_reminder_calls_itself_one(day: int, subject: str) -> None:
    """Before, on and after the due day (R46)."""
    assert compose(Reminder(day, usd(14894), (OWED,), date(2026, 11, 5)))[0].subject == subject


def test_a_payment_that_was_made_by_hand_promises_no_automatic_retry() -> None:
    """Pay Now is not repeated by anybody, so the mail does not speak of it."""
    text = words(failed("declined", by_auto_pay=False, next_retry_at=None))
    assert "try again" not in text
    assert "by itself" not in text


def test_an_invoice_that_needs_nothing_says_so() -> None:
    """Paid from credit, or too small for a card: no amount due, no Pay Now (R31, R37, R38)."""
    credited = IssuedInvoice("KV-1", usd(500), usd(0), date(2026, 11, 8), date(2026, 11, 22), True)
    small = IssuedInvoice("KV-1", usd(30), usd(30), date(2026, 11, 8), date(2026, 11, 22), False)
    assert "Account credit used: \u2212$5.00" in words(credited)
    for facts in (credited, small):
        assert "There is nothing you need to do." in words(facts)
        assert "Pay Now" not in words(facts)


def test_an_over_payment_is_told_as_credit() -> None:
    """What no invoice took comes off the next one (R52)."""
    text = words(Receipt(usd(12000), VISA, NOON, (PaidPart("KV-1", usd(10000)),), ()))
    assert "$20.00 was more than you owed. It is kept as account credit" in text
    assert "Invoice KV-1 is paid in full." in text


def test_a_suspension_by_hand_names_whom_to_ask() -> None:
    """No invoice, no amount: the provider did it."""
    text = words(Suspended(False, NOON, usd(0), ()))
    assert "contact Kestrel Voice to restore it" in text
    assert "$" not in text


@pytest.mark.parametrize("facts", EVERY_KIND, ids=lambda facts: kind_of(facts).value)
def test_text_and_html_tell_the_same(facts: Facts) -> None:
    """Every paragraph and figure of the text is in the HTML, and both lead to the Billing page."""
    composed, message = compose(facts)
    page = elements(composed.html)
    shown = " ".join(" ".join(page.text).split())
    letter = wording_for("en-US").letter(
        facts,
        provider="Kestrel Voice",
        tenant="Acme Dental",
        formats=LocalFormats("en-US", "America/New_York"),
    )
    for words_of_it in (*letter.paragraphs, *(figure.value for figure in letter.figures)):
        assert words_of_it in composed.text
        assert " ".join(words_of_it.split()) in shown
    for_provider = kind_of(facts) in FOR_PROVIDER
    assert page.links == (set() if for_provider else {"https://billing.example/billing?a=1&b=2"})
    assert ("billing.example" in composed.text) is not for_provider
    assert message.get_content_type() == "multipart/alternative"
    assert max(len(line) for line in composed.content.split(b"\r\n")) <= 998


@pytest.mark.parametrize("facts", EVERY_KIND, ids=lambda facts: kind_of(facts).value)
def test_facts_survive_their_document(facts: Facts) -> None:
    """What is stored is what was told, to the last cent and zone."""
    kind = kind_of(facts)
    assert from_document(kind, to_document(kind, facts)) == facts


_HOSTILE = st.one_of(
    st.sampled_from(
        [
            "Acme\r\nBcc: thief@evil.example",
            "Acme\nSubject: other\n\n<html>",
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "{{ 7 * 7 }}{% for x in y %}",
            "{name} {0} %s",
            "a\u2028b\u2029c\x85d\x0be\x00f",
            "\u202egnp.exe",
            "Zoë & Søn ☎ GmbH",
            ",;:<>@[]\\\"'()",
            "x" * 5000,
        ]
    ),
    st.text(min_size=1, max_size=200),
)


@settings(deadline=None)  # time says nothing on a busy machine
@given(tenant=_HOSTILE, provider=_HOSTILE, number=_HOSTILE, locale=st.sampled_from(LANGUAGES))
def test_strangers_words_stay_text(tenant: str, provider: str, number: str, locale: str) -> None:
    """Names with markup, templates or line breaks add no tag, no header and no recipient, in whatever mail they are."""
    method = Method("card", number, "4242")
    pairs: list[tuple[Facts, Facts]] = [
        (replace(ISSUED, number=number), ISSUED),
        (replace(DISPUTE, numbers=(number,), method=method), DISPUTE),
        (replace(TERMINATION, invoices=(replace(OWED, number=number),)), TERMINATION),
        (replace(RETURNED, method=method, invoices=(replace(OWED, number=number),)), RETURNED),
        (replace(REFUND, method=method, reason=number), REFUND),
    ]
    for facts, known in pairs:
        composed, message = compose(facts, tenant=tenant, provider=provider, locale=locale)
        harmless, plain = compose(known, locale=locale)
        assert sorted(message.keys()) == sorted(plain.keys())
        assert message["To"].addresses == plain["To"].addresses
        assert [address.addr_spec for address in message["From"].addresses] == ["billing@tollgate.example"]
        assert message.defects == []
        assert len(composed.text.splitlines()) <= len(harmless.text.splitlines())
        assert elements(composed.html).tags <= elements(harmless.html).tags
        assert elements(composed.html).links <= elements(harmless.html).links


@pytest.mark.parametrize("facts", EVERY_KIND, ids=lambda facts: kind_of(facts).value)
def test_a_name_from_right_to_left_moves_nothing_around_it(facts: Facts) -> None:
    """Subject, text and HTML keep it between isolates (UAX #9), so that amounts stay where they were written."""
    name = "שירותי טלפון 24 בע״מ"
    composed, message = compose(facts, tenant=name, provider=name)
    for where in (composed.text, " ".join(elements(composed.html).text), str(message["Subject"])):
        assert where.count("\u2068") == where.count("\u2069")
    greeting = f"Hello \u2068{name}\u2069,"
    assert greeting in composed.text
    assert greeting in composed.html
    assert "\u2068" not in compose(facts)[0].text


@pytest.mark.parametrize("facts", [DISPUTE, TERMINATION], ids=lambda facts: kind_of(facts).value)
def test_what_concerns_the_provider_goes_to_the_provider_alone(facts: Facts) -> None:
    """To its billing address and in its name; the tenant, whose name it carries, gets nothing."""
    _, message = compose(facts)
    assert [address.addr_spec for address in message["To"].addresses] == ["billing@kestrel.example"]
    assert message["Reply-To"] is None
    text = words(facts)
    assert "Hello Kestrel Voice," in text
    assert "Customer: Acme Dental" in text


def test_very_long_names_are_cut_and_break_within_the_card() -> None:
    """A name without a space is cut at 120 characters, and the page lets it break; a long figure is not kept in one line."""
    composed, message = compose(replace(REFUND, reason="r" * 500), tenant="T" * 5000, provider="P" * 5000)
    assert len(str(message["Subject"])) <= 120
    assert "T" * 119 + "…" in composed.text
    assert "T" * 120 not in composed.html
    assert "overflow-wrap:anywhere" in composed.html
    assert re.search(r'font-weight:600">r{119}…', composed.html)


@pytest.mark.parametrize("colour", ["red;background:url(https://evil.example)", '"><script>', "#12345", ""])
def test_a_colour_that_is_none_is_not_used(colour: str) -> None:
    """Only #RRGGBB enters a style; anything else is our own colour."""
    composed, _ = compose(ISSUED, colour=colour)
    assert "evil" not in composed.html
    assert "script" not in composed.html
    assert re.findall(r"background:(#[0-9A-F]{6});color:#[0-9A-F]{6};padding:16px", composed.html) == [
        "#1C5AA8"
    ]


def test_the_same_event_has_the_same_message_id() -> None:
    """By which a repeat can be known."""
    assert compose(ISSUED)[1]["Message-ID"] == compose(ISSUED)[1]["Message-ID"]
    assert compose(ISSUED)[1]["Message-ID"] != compose(RECEIPT)[1]["Message-ID"]
