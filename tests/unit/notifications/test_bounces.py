"""Bounces as mail servers write them, and what they make of a mail."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.adapters.bounces import Bounce, read_bounces
from services.notifications.domain.facts import Kind
from services.notifications.domain.mail import State, after_bounce, message_id
from services.notifications.domain.samples import sample
from services.notifications.domain.wording import LANGUAGES
from shared.money import Currency

MAIL = UUID(int=7)


def notification(*, action: str = "failed", headers: str = "text/rfc822-headers") -> bytes:
    """A notification like Postfix's, about two addresses."""
    return f"""From: MAILER-DAEMON@mx.example
To: billing@tollgate.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
Message-ID: <aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@mx.example>

--b
Content-Type: text/plain

This is the mail system at host mx.example.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; books@acme.example
Original-Recipient: rfc822;books@acme.example
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <books@acme.example>:
    user unknown

Final-Recipient: rfc822; ann@acme.example
Action: delayed
Status: 4.4.1

--b
Content-Type: {headers}

From: billing@tollgate.example
Message-ID: {message_id(MAIL, "tollgate.example")}
Subject: Invoice

--b--
""".replace("\n", "\r\n").encode()


@pytest.mark.parametrize("headers", ["text/rfc822-headers", "message/rfc822"])
def test_a_bounce_names_mail_address_and_reason(headers: str) -> None:
    """Only what failed for good; the mail is known by our own Message-ID."""
    assert read_bounces(notification(headers=headers)) == [
        Bounce(MAIL, "books@acme.example", "550 5.1.1 <books@acme.example>: user unknown")
    ]


def test_a_delay_is_no_bounce() -> None:
    """Nor is a mail that only looks like one."""
    assert read_bounces(notification(action="delayed")) == []
    assert read_bounces(b"Subject: out of office\r\n\r\nback on Monday") == []


@given(st.binary(max_size=400))
def test_no_bytes_upset_the_reader(raw: bytes) -> None:
    """Anybody can send mail to the bounce address."""
    read_bounces(raw)
    read_bounces(notification()[:-200] + raw)


def test_a_bounced_address_did_not_take_the_mail() -> None:
    """Of two addresses one bounces: sent to the other. Both: refused. The same again: nothing more."""
    mail, _, _ = sample(Kind.RECEIPT, "en-US", Currency("USD"))
    object.__setattr__(mail, "state", State.SENT)
    object.__setattr__(mail, "taken", ("books@acme.example", "ann@acme.example"))
    once = after_bounce(mail, "books@acme.example", "550 user unknown")
    assert (once.state, once.taken) == (State.SENT, ("ann@acme.example",))
    assert once.refused == {"books@acme.example": "bounced: 550 user unknown"}
    assert after_bounce(once, "books@acme.example", "550 user unknown") == once
    assert after_bounce(once, "ann@acme.example", "552 full").state is State.REFUSED


@pytest.mark.parametrize("kind", Kind)
def test_there_is_a_sample_of_every_kind(kind: Kind) -> None:
    """For the preview command."""
    assert len(LANGUAGES) == 4
    assert sample(kind, "de-DE", Currency("EUR"))[0].kind is kind
