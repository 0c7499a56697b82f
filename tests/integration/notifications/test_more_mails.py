"""The mails beyond invoice, payment and suspension; attachments; bounces; what is still due after credit."""

from collections.abc import Callable
from datetime import date
from email.message import EmailMessage
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from services.notifications.adapters.invoicing_http import HttpDocuments
from services.notifications.domain.facts import Kind, Receipt
from services.notifications.domain.mail import State
from services.notifications.entrypoints.http import make_router
from services.notifications.use_cases.send_mails import TRIES_FOR_DOCUMENT
from shared.errors import Transient
from shared.events import Event, invoicing, payments, suspension, usage
from shared.http import problems
from shared.ids import MethodId, PaymentId, new_id
from tests.integration.notifications.test_mails import House, house
from tests.support.mail import (
    INVOICE,
    NOON,
    OTHER_PROVIDER,
    PROVIDER,
    TENANT,
    Mailbox,
    envelope,
    invoice_issued,
    mail_server,
    payment_succeeded,
    tenant_changed,
)

pytestmark = pytest.mark.integration
__all__ = ["house"]
VISA = payments.MethodShown(
    method_id=MethodId(UUID(int=41)), kind="card", brand="visa", last4="4242", expires="12/2026"
)
KEYS = {"provider_id": PROVIDER, "tenant_id": TENANT}


def refunded() -> payments.PaymentRefunded:
    return payments.PaymentRefunded(
        **KEYS,
        payment_id=PaymentId(new_id()),
        refund_id=new_id(),
        amount_minor=2000,
        currency="USD",
        to="method",
        method=VISA,
        allocations=(payments.Allocation(invoice_id=INVOICE, number="KV-2026-01071", amount_minor=2000),),
        payment_fully_refunded=False,
        reason="Billed twice",
        by="ann",
        at=NOON,
    )


def plan(kind: type[payments.PaymentPlanAgreed | payments.PaymentPlanBroken]) -> payments.PaymentPlanAgreed:
    return kind(  # type: ignore[return-value]
        **KEYS,
        payment_plan_id=new_id(),
        currency="USD",
        invoice_ids=(INVOICE,),
        instalments=(
            payments.Instalment(due_on=date(2026, 11, 1), amount_minor=4500, paid_minor=1000),
            payments.Instalment(due_on=date(2026, 12, 1), amount_minor=4500),
        ),
        at=NOON,
        **({"by": "ann"} if kind is payments.PaymentPlanAgreed else {}),
    )


def plan_ended(why: str) -> payments.PaymentPlanEnded:
    return payments.PaymentPlanEnded(
        **KEYS,
        payment_plan_id=new_id(),
        currency="USD",
        invoice_ids=(INVOICE,),
        instalments=(
            payments.Instalment(due_on=date(2026, 11, 1), amount_minor=4500, paid_minor=4500),
            payments.Instalment(
                due_on=date(2026, 12, 1), amount_minor=4500, paid_minor=4500 * (why == "kept")
            ),
        ),
        at=NOON,
        why=why,
    )


def refund_failed() -> payments.RefundFailed:
    return payments.RefundFailed(
        **KEYS,
        payment_id=PaymentId(new_id()),
        refund_id=new_id(),
        amount_minor=2000,
        currency="USD",
        at=NOON,
    )


def disputed(state: str) -> payments.PaymentDisputed:
    return payments.PaymentDisputed(
        **KEYS,
        payment_id=PaymentId(new_id()),
        dispute_id=new_id(),
        state=state,
        amount_minor=17895,
        fee_minor=1500,
        currency="USD",
        method=VISA,
        allocations=(payments.Allocation(invoice_id=INVOICE, number="KV-2026-01071", amount_minor=17895),),
        at=NOON,
    )


def termination_proposed() -> suspension.TerminationProposed:
    owed = suspension.OwedInvoice(
        invoice_id=INVOICE, number="KV-2026-01071", due_on=date(2026, 10, 22), balance_minor=17895
    )
    return suspension.TerminationProposed(**KEYS, since=date(2026, 11, 5), currency="USD", invoices=(owed,))


def alert() -> usage.ThresholdReached:
    return usage.ThresholdReached(
        **KEYS,
        kind="included_minutes",
        subject="included",
        percent=80,
        used=144_000,
        limit=180_000,
        start_date=date(2026, 11, 1),
        end_date=date(2026, 12, 1),
        at=NOON,
    )


EVENTS: dict[Kind, tuple[Callable[[], Event], str]] = {
    Kind.REFUNDED: (refunded, "Kestrel Voice refunded $20.00 to Visa"),
    Kind.METHOD_EXPIRING: (
        lambda: payments.MethodExpiring(**KEYS, method=VISA, is_default=True),
        "expires at the end of 12/2026",
    ),
    Kind.PLAN_AGREED: (lambda: plan(payments.PaymentPlanAgreed), "$80.00 in 2 instalments"),
    Kind.PLAN_BROKEN: (lambda: plan(payments.PaymentPlanBroken), "instalment of $35.00 due on Nov 1, 2026"),
    Kind.PLAN_ENDED: (lambda: plan_ended("kept"), "to the end, $90.00 in all"),
    Kind.REFUND_FAILED: (refund_failed, "your bank did not take the money"),
    Kind.USAGE_ALERT: (alert, "2,400.0 min of 3,000.0 min: 80%"),
}


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\u00a0", " ")


@pytest.mark.parametrize("kind", EVENTS)
async def test_each_event_makes_its_mail_once_to_both_addresses(house: House, kind: Kind) -> None:
    """However often it comes; in the words of the tenant's language."""
    await house.know_people()
    await house.hear(invoice_issued())
    make, words = EVENTS[kind]
    event = make()
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        assert await house.hear(event)
        await house.sender(port)()
        found = [mail for mail in await house.mails() if mail.kind is kind]
        assert [mail.state for mail in found] == [State.SENT]
        assert set(found[0].taken) == {"books@acme.example", "ann@acme.example"}
        said = [text_of(message) for _, message in mailbox.taken]
    assert any(words in text for text in said), said


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: disputed("opened"), "disputes a payment of $178.95"),
        (lambda: disputed("won"), "Invoice KV-2026-01071 counts as paid again."),
        (lambda: disputed("lost"), "Invoice KV-2026-01071 stays open"),
        (termination_proposed, "Nothing happens by itself"),
    ],
)
async def test_what_the_provider_must_know_goes_to_the_provider_once(
    house: House, make: Callable[[], Event], words: str
) -> None:
    """In the provider's language, to its billing address; a repeat of the event makes no second mail."""
    await house.know_people()
    await house.hear(tenant_changed(locale="de-DE"))
    event = make()
    sent = envelope(event)
    assert [await house.hear(event, sent) for _ in range(2)] == [True, False]
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await house.sender(port)()
    ((reached, message),) = mailbox.taken
    assert reached == ("billing@kestrel.example",)
    assert words in text_of(message)
    assert "Acme Dental" in text_of(message)


async def test_a_returned_debit_opens_the_invoice_again_in_the_tenants_mail(house: House) -> None:
    """Paid in full, then returned: the mail names what is open now; before the invoice is known the event waits."""
    await house.know_people()
    with pytest.raises(Transient, match="KV-2026-01071"):
        await house.hear(disputed("returned"))
    await house.hear(invoice_issued())
    await house.hear(payment_succeeded())
    await house.hear(disputed("returned"))
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await house.sender(port)()
    ((reached, message),) = [one for one in mailbox.taken if "returned" in one[1]["Subject"]]
    assert reached == ("books@acme.example", "ann@acme.example")
    assert "Invoice KV-2026-01071 is open again. $178.95 is to be paid." in text_of(message)


async def test_a_plan_that_the_provider_cancelled_says_what_is_left(house: House) -> None:
    """One of two instalments was paid: the other is due."""
    await house.know_people()
    await house.hear(plan_ended("cancelled"))
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await house.sender(port)()
    assert "$45.00 of it is not paid" in text_of(mailbox.taken[0][1])


async def test_still_due_on_a_receipt_knows_of_credit_notes_credit_and_disputes(house: House) -> None:
    """178.95 asked; 20.00 credit note, 8.95 account credit later, 50.00 paid: 100.00 is left."""
    await house.know_people()
    await house.hear(invoice_issued())
    await house.hear(
        invoicing.CreditNoteIssued(
            **KEYS,
            credit_note_id=new_id(),
            number="KV-C-1",
            invoice_id=INVOICE,
            invoice_number="KV-2026-01071",
            currency="USD",
            amount_minor=3000,
            tax_minor=0,
            used_for={"open_balance": 2000, "account_credit": 1000},
            balance_minor=15895,
            reason="Billed twice",
            issued_on=date(2026, 11, 8),
        )
    )
    told = invoice_issued().model_dump(exclude={"usage"})
    credit = invoicing.InvoicePartiallyPaid(
        **{**told, "paid_minor": 895, "balance_minor": 15000, "credit_minor": 895}
    )
    assert await house.hear(credit)
    await house.hear(payment_succeeded(5000))
    assert await house.hear(
        payments.PaymentDisputed(
            **KEYS,
            payment_id=PaymentId(new_id()),
            dispute_id=new_id(),
            state="opened",
            amount_minor=3000,
            fee_minor=0,
            currency="USD",
            method=VISA,
            allocations=(payments.Allocation(invoice_id=INVOICE, number="KV-2026-01071", amount_minor=3000),),
            at=NOON,
        )
    )
    await house.hear(payment_succeeded(5000))
    receipts = [mail.facts for mail in await house.mails() if isinstance(mail.facts, Receipt)]
    left = sorted(one.balance.minor for receipt in receipts for one in receipt.still_due)
    assert left == [8000, 10000]


async def test_the_invoice_is_attached_and_its_absence_delays_the_mail_for_a_while_only(house: House) -> None:
    """Away: the mail waits and says why. Back: attached. Away for long: it goes without, and does not speak of it."""
    await house.know_people()
    answers = {"status": 503}

    def invoicing_service(request: httpx.Request) -> httpx.Response:
        assert str(request.url.path).endswith(f"/tenants/{TENANT}/invoices/{INVOICE}/pdf")
        return httpx.Response(answers["status"], content=b"%PDF-1.7 made up")

    client = httpx.AsyncClient(transport=httpx.MockTransport(invoicing_service))
    house.documents = HttpDocuments(client, "http://invoicing")
    await house.hear(invoice_issued())
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        send = house.sender(port)
        await send()
        mail = await house.one_mail()
        assert (mail.state, mail.attempts) == (State.WAITING, 1)
        assert "503" in (mail.problem or "")
        answers["status"] = 200
        house.clock.at = mail.due_at
        await send()
        ((_, message),) = mailbox.taken
        (attached,) = message.iter_attachments()
        assert attached.get_filename() == "KV-2026-01071.pdf"
        assert attached.get_content().startswith(b"%PDF")
        assert "attached as a PDF" in text_of(message)
        answers["status"] = 500
        await house.hear(invoice_issued(invoice_id=INVOICE, number="KV-2026-01072"))
        for _ in range(TRIES_FOR_DOCUMENT + 1):
            await send()
            waiting = [one for one in await house.mails() if one.state is State.WAITING]
            if waiting:
                house.clock.at = waiting[0].due_at
        assert len(mailbox.taken) == 2
        assert list(mailbox.taken[1][1].iter_attachments()) == []
        assert "attached" not in text_of(mailbox.taken[1][1])


async def test_a_bounce_is_recorded_on_the_mail_and_another_providers_is_a_404(house: House) -> None:
    """By HTTP; the same again changes nothing; an address that the mail never went to is refused."""
    await house.know_people()
    await house.hear(refunded())
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await house.sender(port)()
    mail = await house.one_mail()
    app = FastAPI()
    problems.install(app)
    app.include_router(make_router(house.open_work, lambda: None))
    path = f"/v1/providers/{PROVIDER}/mails/{mail.mail_id}/bounces"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://n") as client:
        body = {"address": "Books@acme.example", "reason": "550 user unknown"}
        for _ in range(2):
            answer = await client.post(path, json=body)
            assert answer.status_code == 201, answer.text
            assert answer.json()["refused_by"] == {"books@acme.example": "bounced: 550 user unknown"}
            assert answer.json()["state"] == "sent"
        other = path.replace(str(PROVIDER), str(OTHER_PROVIDER))
        assert (await client.post(other, json=body)).status_code == 404
        assert (
            await client.post(path.replace(str(mail.mail_id), str(uuid4())), json=body)
        ).status_code == 404
        stranger = await client.post(path, json={"address": "x@y.example"})
        assert stranger.status_code == 422
        assert stranger.json()["field"] == "address"


async def test_a_german_tenant_gets_german_mail(house: House) -> None:
    """The language is that of the contact when the mail is written."""
    await house.know_people()
    await house.hear(tenant_changed(locale="de-DE"))
    await house.hear(refunded())
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await house.sender(port)()
        assert mailbox.taken[0][1]["Subject"] == "Erstattung von 20,00\u00a0$"
