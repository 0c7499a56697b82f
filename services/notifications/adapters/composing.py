"""Dresses a letter as a mail: text and HTML, the provider's name and colour, headers that nobody can add to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import phonenumbers
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.notifications.domain.address import isolated, one_line, our_line, usable_address
from services.notifications.domain.brand import colours
from services.notifications.domain.facts import FOR_PROVIDER, IssuedInvoice
from services.notifications.domain.letter import Figure, Frame, Letter
from services.notifications.domain.mail import Mail, message_id
from services.notifications.domain.people import Contact, Sender, recipients
from services.notifications.domain.wording import shown_locale, wording_for
from services.notifications.use_cases.ports import Attachment, Composed
from shared.clock import Clock
from shared.formats import NBSP, LocalFormats

_TEMPLATES = Path(__file__).parent / "templates"


def _environment(*, html: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        # Plain text has no markup to escape into; HTML always escapes.
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class MailComposer:
    """Writes mails from ``mail_from`` that lead to ``billing_url``. The same mail has the same Message-ID."""

    def __init__(self, *, mail_from: str, billing_url: str, clock: Clock) -> None:
        self._mail_from = mail_from
        self._domain = mail_from.rpartition("@")[2]
        self._billing_url = billing_url
        self._clock = clock
        self._text = _environment(html=False).get_template("letter.txt")
        self._html = _environment(html=True).get_template("letter.html")

    def compose(
        self, mail: Mail, contact: Contact, sender: Sender, attachments: Sequence[Attachment] = ()
    ) -> Composed:
        """The message to all of the addressee's addresses. It speaks of a document only if that is attached."""
        to_provider = mail.kind in FOR_PROVIDER
        provider = one_line(sender.brand_name) or one_line(sender.legal_name)
        reader = sender if to_provider else contact
        wording = wording_for(reader.locale)
        formats = LocalFormats(shown_locale(reader.locale), reader.time_zone)
        facts = mail.facts
        if isinstance(facts, IssuedInvoice) and not attachments:
            facts = replace(facts, invoice_id=None)
        tenant = one_line(contact.name)
        letter = wording.letter(facts, provider=isolated(provider), tenant=isolated(tenant), formats=formats)
        frame = wording.frame(provider=isolated(provider), to_provider=to_provider)
        values = {
            **self._values(letter, frame, sender),
            "language": wording.language,
            "brand_name": provider,
            "greeting": frame.greeting.format(name=isolated(provider if to_provider else tenant)),
        }
        text, html = self._text.render(values), self._html.render(values)
        message = self._message(mail, contact, sender, letter, provider)
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        for attached in attachments:
            message.add_attachment(
                attached.content,
                maintype="application",
                subtype="pdf",
                filename=one_line(attached.name, longest=100),
            )
        # After the parts: a header about content would wander into the first one.
        message["Content-Language"] = wording.language
        return Composed(str(message["Subject"]), text, html, message.as_bytes(policy=SMTP))

    def _values(self, letter: Letter, frame: Frame, sender: Sender) -> dict[str, object]:
        address = usable_address(sender.billing_email)
        phone = _phone(sender.support_phone)
        ways = [address] if address else []
        ways += [f"{frame.phone} {phone}" if address else phone] if phone else []
        return {
            "subject": our_line(letter.subject),
            "heading": our_line(letter.heading),
            "paragraphs": [our_line(paragraph, longest=2000) for paragraph in letter.paragraphs],
            "figures": [Figure(our_line(row.label), our_line(row.value)) for row in letter.figures],
            "button": letter.button,
            "billing_url": self._billing_url,
            "colours": colours(sender.colour),
            "frame": frame,
            "contact_line": " ".join(ways),
            "imprint": [one_line(line) for line in (sender.legal_name, *sender.address) if one_line(line)],
        }

    def _message(
        self,
        mail: Mail,
        contact: Contact,
        sender: Sender,
        letter: Letter,
        provider: str,
    ) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["Message-ID"] = message_id(mail.mail_id, self._domain)
        message["Date"] = format_datetime(_whole_second(self._clock.now()))
        message["From"] = Address(display_name=provider, addr_spec=self._mail_from)
        # The provider's own address is no place to answer the provider's mail to itself.
        reply_to = None if mail.kind in FOR_PROVIDER else usable_address(sender.billing_email)
        if reply_to is not None:
            message["Reply-To"] = Address(display_name=provider, addr_spec=reply_to)
        message["To"] = [Address(addr_spec=recipient) for recipient in recipients(mail.kind, contact, sender)]
        message["Subject"] = our_line(letter.subject)
        # RFC 3834, section 5; the second one is what Exchange heeds.
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        return message


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _phone(number: str) -> str:
    """``+1 212-555-0100``, in one piece; what cannot be read stays as it is."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return one_line(number, longest=40)
    shown: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown.replace(" ", NBSP)
