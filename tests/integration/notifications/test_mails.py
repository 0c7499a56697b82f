"""Mails against real PostgreSQL and a real SMTP server of the test's own."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi import Depends, FastAPI
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from services.notifications.__main__ import cli
from services.notifications.adapters.composing import MailComposer
from services.notifications.adapters.invoicing_http import HttpDocuments
from services.notifications.adapters.smtp import postman_opener
from services.notifications.adapters.tables import metadata
from services.notifications.adapters.work import Work
from services.notifications.domain.mail import LEASE, Mail, State
from services.notifications.entrypoints.consumers import HANDLERS
from services.notifications.entrypoints.http import make_router
from services.notifications.entrypoints.scheduler import mail_server_note, own_work_of
from services.notifications.main import MIGRATIONS
from services.notifications.use_cases.ports import Documents, MailFilter
from services.notifications.use_cases.send_mails import SendMails
from shared.clock import SetClock
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.errors import Transient
from shared.events import Envelope, Event, invoicing
from shared.http import problems
from shared.messaging.broker import make_broker
from shared.messaging.consumers import Consumers
from tests.conftest import FreshDatabase
from tests.support.mail import (
    NOON,
    OTHER_PROVIDER,
    PROVIDER,
    TENANT,
    Mailbox,
    envelope,
    free_port,
    invoice_issued,
    mail_server,
    payment_succeeded,
    provider_changed,
    settings,
    tenant_changed,
    tenant_opened,
)

pytestmark = pytest.mark.integration


class House:
    """The service's parts around one database, with a clock that stands."""

    def __init__(self, engine: AsyncEngine, url: str) -> None:
        self.engine = engine
        self.url = url
        self.clock = SetClock(NOON)
        self.documents: Documents = HttpDocuments(httpx.AsyncClient(), None)
        self.consumers = Consumers(
            "notifications",
            make_broker("amqp://nobody:nothing@127.0.0.1:1/", prefetch=1),
            self.open_work,
            HANDLERS,
        )

    def open_work(self) -> Work:
        return Work(self.engine, source="tollgate/notifications", clock=self.clock)

    async def hear(self, event: Event, as_sent: Envelope | None = None) -> bool:
        """As from the broker: one transaction with its inbox row."""
        return await self.consumers.handle(type(event), (as_sent or envelope(event)).to_bytes())

    async def know_people(self) -> None:
        await self.hear(provider_changed())
        await self.hear(tenant_opened())

    async def mails(self) -> list[Mail]:
        async with self.open_work() as work:
            return list(await work.mails.list(MailFilter(PROVIDER), 100))

    async def one_mail(self) -> Mail:
        (mail,) = await self.mails()
        return mail

    def sender(self, port: int) -> SendMails:
        wanted = settings(port)
        composer = MailComposer(mail_from=wanted.mail_from, billing_url=wanted.billing_url, clock=self.clock)
        return SendMails(
            self.open_work, composer, postman_opener(wanted), lambda _: nullcontext(), self.documents
        )


@pytest.fixture
async def house(fresh_database: FreshDatabase) -> AsyncIterator[House]:
    url = await fresh_database("notifications")
    await migrate(url, MIGRATIONS)
    engine = make_engine(url, pool=5)
    yield House(engine, url)
    await engine.dispose()


async def test_migrations_make_the_tables_that_the_code_expects(house: House) -> None:
    """The migrated schema and the metadata do not differ."""

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with house.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_an_event_makes_one_mail_however_often_it_comes(house: House) -> None:
    """Repeats do nothing, neither through the inbox nor, when that has forgotten, through the mail's own key."""
    await house.know_people()
    event = invoice_issued()
    sent = envelope(event)
    assert [await house.hear(event, sent) for _ in range(3)] == [True, False, False]
    async with house.engine.begin() as connection:
        await connection.execute(text("DELETE FROM inbox"))
    assert await house.hear(event, sent)
    assert len(await house.mails()) == 1


async def test_the_same_event_at_two_replicas_at_once_makes_one_mail(house: House) -> None:
    """The database decides, not a look before the insert."""
    await house.know_people()
    event = invoice_issued()
    sent = envelope(event)
    assert sorted(await asyncio.gather(*(house.hear(event, sent) for _ in range(4)))) == [
        False,
        False,
        False,
        True,
    ]
    assert len(await house.mails()) == 1


async def test_a_mail_waits_for_tenant_provider_and_invoice(house: House) -> None:
    """Each missing prerequisite is Transient, so that the event is tried again and nothing is written meanwhile."""
    paid, issued = payment_succeeded(), invoice_issued()
    with pytest.raises(Transient, match="tenant"):
        await house.hear(issued)
    await house.hear(tenant_opened())
    with pytest.raises(Transient, match="provider"):
        await house.hear(issued)
    await house.hear(provider_changed())
    with pytest.raises(Transient, match="invoice KV-2026-01071"):
        await house.hear(paid)
    assert await house.mails() == []
    await house.hear(issued)
    await house.hear(paid)
    assert sorted(mail.kind for mail in await house.mails()) == ["invoice_issued", "receipt"]


async def test_a_closed_tenant_must_have_been_opened(house: House) -> None:
    """Closed before opened waits; afterwards the day is kept, whatever changes come late."""
    closed = invoicing.TenantClosed(provider_id=PROVIDER, tenant_id=TENANT, closed_on=date(2026, 12, 1))
    with pytest.raises(Transient):
        await house.hear(closed)
    await house.hear(tenant_opened())
    await house.hear(closed)
    await house.hear(tenant_changed(), envelope(tenant_changed(), sent_at=NOON + timedelta(hours=1)))
    async with house.open_work() as work:
        contact = await work.contacts.find(PROVIDER, TENANT)
    assert contact is not None
    assert contact.closed_on == date(2026, 12, 1)


async def test_the_last_word_about_a_tenant_wins_in_every_order(house: House) -> None:
    """Opened, changed and changed again give the same contact in all six orders."""
    said: list[Event] = [
        tenant_opened(billing_email="first@acme.example"),
        tenant_changed(billing_email="second@acme.example"),
        tenant_changed(billing_email="third@acme.example"),
    ]
    letters = [
        (event, envelope(event, sent_at=NOON + timedelta(seconds=place))) for place, event in enumerate(said)
    ]
    for order in itertools.permutations(letters):
        async with house.engine.begin() as connection:
            await connection.execute(text("TRUNCATE contact, inbox"))
        for event, sent in order:
            await house.hear(event, sent)
        async with house.open_work() as work:
            contact = await work.contacts.find(PROVIDER, TENANT)
        assert contact is not None
        assert contact.billing_email == "third@acme.example"


async def test_a_receipt_says_what_is_still_due(house: House) -> None:
    """Two part payments: the first leaves a rest, the second none; a repeat counts nothing twice."""
    await house.know_people()
    await house.hear(invoice_issued())
    first, second = payment_succeeded(10000), payment_succeeded(7895)
    await house.hear(first)
    await house.hear(first)
    await house.hear(second)
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await house.sender(port)()
    texts = [
        message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        for _, message in mailbox.taken
        if message["Subject"].startswith("Receipt")
    ]
    assert len(texts) == 3
    assert sum("$100.00 paid. $78.95 is still due on Nov 22, 2026." in text for text in texts) == 2
    assert sum("Invoice KV-2026-01071 is paid in full." in text for text in texts) == 1


async def test_a_mail_reaches_both_addresses_in_the_providers_name(house: House) -> None:
    """One message to billing and admin; From shows the provider, Reply-To leads to it; nobody's robot answers."""
    await house.know_people()
    await house.hear(invoice_issued())
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        assert await house.sender(port)() == 1
    ((recipients, message),) = mailbox.taken
    assert recipients == ("books@acme.example", "ann@acme.example")
    assert message["From"] == "Kestrel Voice <billing@tollgate.example>"
    assert message["Reply-To"] == "Kestrel Voice <billing@kestrel.example>"
    assert message["Subject"] == "Invoice KV-2026-01071: $178.95 due on Nov 22, 2026"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    mail = await house.one_mail()
    assert (mail.state, mail.taken, mail.attempts) == (State.SENT, recipients, 1)


async def test_equal_addresses_get_one_copy(house: House) -> None:
    """Billing and admin are one person: one recipient."""
    await house.hear(provider_changed())
    await house.hear(tenant_opened(billing_email="Ann@acme.example", admin_email="ann@acme.example"))
    await house.hear(invoice_issued())
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await house.sender(port)()
    assert [recipients for recipients, _ in mailbox.taken] == [("Ann@acme.example",)]


async def test_a_mail_server_that_is_away_delays_and_loses_nothing(house: House) -> None:
    """Away: everything is put off, readiness says so, the test clock goes on. Back: one success releases all."""
    await house.know_people()
    for number in range(3):
        await house.hear(invoice_issued(invoice_id=UUID(int=100 + number), number=f"KV-{number}"))
    own_work, note = own_work_of(house.open_work), mail_server_note(house.open_work)
    port = free_port()
    send = house.sender(port)
    assert await own_work(PROVIDER) == (3, None)
    assert await send() == 0
    assert await own_work(PROVIDER) == (0, None)
    assert [mail.state for mail in await house.mails()] == [State.WAITING] * 3
    assert (await note() or "").startswith("3 mails wait for the mail server")
    mailbox = Mailbox()
    async with mail_server(mailbox, port):
        assert await send() == 0  # not yet due again
        await house.hear(invoice_issued(invoice_id=UUID(int=103), number="KV-3"))
        assert await send() == 4  # the fresh one finds the server back and releases the others
    assert len(set(mailbox.message_ids)) == len(mailbox.message_ids) == 4
    assert {mail.state for mail in await house.mails()} == {State.SENT}
    assert await note() is None


async def test_waiting_for_the_server_doubles_up_to_a_minute(house: House) -> None:
    """Pauses of 2, 4, 8 … 60 seconds; never given up."""
    await house.know_people()
    await house.hear(invoice_issued())
    send = house.sender(free_port())
    pauses = []
    for _ in range(8):
        await send()
        due_at = (await house.one_mail()).due_at
        pauses.append((due_at - house.clock.at).total_seconds())
        house.clock.at = due_at
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_permanent_refusal_is_recorded_and_can_be_retried(house: House) -> None:
    """550 for both addresses: refused, with the server's words; an operator's retry sends it after the repair."""
    await house.know_people()
    await house.hear(invoice_issued())
    mailbox = Mailbox(
        replies={"books@acme.example": "550 no such user", "ann@acme.example": "550 no such user"}
    )
    async with mail_server(mailbox) as port:
        send = house.sender(port)
        await send()
        refused = await house.one_mail()
        assert (refused.state, dict(refused.refused)) == (
            State.REFUSED,
            {"books@acme.example": "550 no such user", "ann@acme.example": "550 no such user"},
        )
        mailbox.replies.clear()
        house.clock.forward(timedelta(days=1))
        assert await send() == 0
        await _mails_command(house, port, "retry", str(refused.mail_id))
        house.clock.forward(timedelta(days=3650))
        assert await send() == 1
    assert (await house.one_mail()).state is State.SENT


async def test_a_retry_for_one_address_leaves_the_other_alone(house: House) -> None:
    """451 for one of two: only that one is tried again, a minute later."""
    await house.know_people()
    await house.hear(invoice_issued())
    mailbox = Mailbox(replies={"ann@acme.example": "451 try later"})
    async with mail_server(mailbox) as port:
        send = house.sender(port)
        await send()
        assert (await house.one_mail()).state is State.WAITING
        house.clock.forward(timedelta(seconds=59))
        assert await send() == 0
        mailbox.replies.clear()
        house.clock.forward(timedelta(seconds=1))
        assert await send() == 1
    assert [recipients for recipients, _ in mailbox.taken] == [("books@acme.example",), ("ann@acme.example",)]
    assert (await house.one_mail()).state is State.SENT


async def test_refused_content_is_final_and_deferred_content_is_given_up_after_days(house: House) -> None:
    """554 after DATA refuses the mail; 452 tries on for five days from the first deferral, then refuses it."""
    await house.know_people()
    await house.hear(invoice_issued())
    mailbox = Mailbox(data_reply="554 not here")
    async with mail_server(mailbox) as port:
        send = house.sender(port)
        await send()
        assert (await house.one_mail()).state is State.REFUSED
        await house.hear(payment_succeeded())
        mailbox.data_reply = "452 disk full"
        while (waiting := [m for m in await house.mails() if m.state is State.WAITING]) and waiting[
            0
        ].attempts < 200:
            house.clock.at = waiting[0].due_at
            await send()
    receipt = next(mail for mail in await house.mails() if mail.kind == "receipt")
    assert receipt.state is State.REFUSED
    assert "given up after 5 days" in (receipt.problem or "")
    assert house.clock.at - NOON >= timedelta(days=5)


async def test_a_tenant_without_a_usable_address_is_recorded(house: House) -> None:
    """No address can be used: refused with what to do, and no SMTP command was made of it."""
    await house.hear(provider_changed())
    bad = "a@b.example>\r\nDATA"
    await house.hear(tenant_opened(billing_email=bad, admin_email="nobody"))
    await house.hear(invoice_issued())
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await house.sender(port)()
    assert mailbox.taken == []
    mail = await house.one_mail()
    assert (mail.state, mail.problem) == (
        State.REFUSED,
        "The tenant has no address that can be used; correct it, then retry.",
    )


async def test_a_crash_after_sending_repeats_under_the_same_message_id(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the server's answer and our note: nothing for the length of the lease, then the same mail."""
    await house.know_people()
    await house.hear(invoice_issued())

    class Killed(BaseException):
        pass

    async def die(*_: object) -> None:
        raise Killed

    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        send = house.sender(port)
        with monkeypatch.context() as patch:
            patch.setattr("services.notifications.adapters.mails.SqlMails.settle", die)
            with pytest.raises(Killed):
                await send()
        house.clock.forward(LEASE - timedelta(seconds=1))
        assert await send() == 0
        house.clock.forward(timedelta(seconds=1))
        assert await send() == 1
    assert len(mailbox.taken) == 2
    assert len(set(mailbox.message_ids)) == 1
    assert (await house.one_mail()).state is State.SENT


async def test_two_replicas_never_hold_the_same_mail(house: House) -> None:
    """Eight claims at once over five mails: each mail to one of them."""
    await house.know_people()
    for number in range(5):
        await house.hear(invoice_issued(invoice_id=UUID(int=100 + number), number=f"KV-{number}"))

    async def claim() -> UUID | None:
        async with house.open_work() as work:
            mail = await work.mails.claim(house.clock.now())
            await asyncio.sleep(0.01)
            return mail.mail_id if mail else None

    claimed = [found for found in await asyncio.gather(*(claim() for _ in range(8))) if found]
    assert len(claimed) == len(set(claimed)) <= 5
    claimed += [found for found in [await claim() for _ in range(6)] if found]
    assert len(claimed) == len(set(claimed)) == 5


async def test_a_mail_that_cannot_be_sent_does_not_stop_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in one text keeps that mail waiting; the next one goes out."""
    await house.know_people()
    await house.hear(invoice_issued())
    house.clock.forward(timedelta(seconds=1))
    await house.hear(payment_succeeded())
    monkeypatch.setattr(
        "services.notifications.domain.wording.letters.Letters._issued",
        lambda *_: (_ for _ in ()).throw(KeyError("due")),
    )
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        assert await house.sender(port)() == 2
    states = {mail.kind: (mail.state, mail.problem) for mail in await house.mails()}
    assert states == {
        "invoice_issued": (State.WAITING, "cannot be sent: KeyError: 'due'"),
        "receipt": (State.SENT, None),
    }


async def test_the_list_shows_a_provider_its_own_mails_page_by_page(house: House) -> None:
    """Newest first by cursor; another provider sees nothing; a broken cursor is a 422 that names the field."""
    await house.know_people()
    for number in range(3):
        house.clock.forward(timedelta(seconds=1))
        await house.hear(invoice_issued(invoice_id=UUID(int=100 + number), number=f"KV-{number}"))

    def nobody_asks() -> None:
        return None

    app = FastAPI(dependencies=[Depends(nobody_asks)])
    problems.install(app)
    app.include_router(make_router(house.open_work, nobody_asks))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://notifications"
    ) as client:
        path = f"/v1/providers/{PROVIDER}/mails"
        first = (await client.get(path, params={"limit": 2, "tenant": str(TENANT)})).json()
        rest = (await client.get(path, params={"limit": 2, "cursor": first["next"]})).json()
        other = (await client.get(f"/v1/providers/{OTHER_PROVIDER}/mails")).json()
        broken = await client.get(path, params={"cursor": "x"})
    shown = [*first["mails"], *rest["mails"]]
    assert [mail["mail_id"] for mail in shown] == [str(mail.mail_id) for mail in await house.mails()]
    assert [mail["state"] for mail in shown] == ["waiting"] * 3
    assert rest["next"] is None
    assert other == {"mails": [], "next": None}
    assert (broken.status_code, broken.json()["field"]) == (422, "cursor")


async def test_an_operator_lists_and_previews_mails(house: House) -> None:
    """`mails list` shows the state, `mails preview` the words, an unknown id one line."""
    await house.know_people()
    await house.hear(invoice_issued())
    mail = await house.one_mail()
    listed = await _mails_command(house, 1, "list", "--state", "waiting")
    assert "invoice_issued" in listed
    previewed = await _mails_command(house, 1, "preview", str(mail.mail_id))
    assert "$178.95 is due on Nov 22, 2026." in previewed
    unknown = await _mails_command(house, 1, "preview", str(UUID(int=9)), status=1)
    assert "No mail" in unknown


async def _mails_command(house: House, port: int, *arguments: str, status: int = 0) -> str:
    known = settings(port)
    environment = {
        "TOLLGATE_DATABASE_URL": house.url,
        "TOLLGATE_BROKER_URL": "amqp://unused",
        "TOLLGATE_HTTP_PORT": "0",
        "TOLLGATE_INTERNAL_TOKEN": "internal-token-of-tests",
        "TOLLGATE_AUTH_ISSUER": known.auth_issuer,
        "TOLLGATE_AUTH_JWKS": known.auth_jwks,
        "TOLLGATE_SMTP_HOST": known.smtp_host,
        "TOLLGATE_SMTP_PORT": str(port),
        "TOLLGATE_SMTP_TLS": "none",
        "TOLLGATE_MAIL_FROM": known.mail_from,
        "TOLLGATE_BILLING_URL": known.billing_url,
        "COLUMNS": "300",
    }
    # In a thread of its own: the command runs an event loop.
    result = await asyncio.to_thread(CliRunner(env=environment).invoke, cli, ["mails", *arguments])
    assert result.exit_code == status, result.output
    return result.output
