"""Reads bounces: delivery status notifications as mail servers send them (RFC 3464)."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import Message
from uuid import UUID

_MESSAGE_ID = re.compile(r"<?([0-9a-f]{32})@[^>\s]+>?")


@dataclass(frozen=True, slots=True)
class Bounce:
    """``mail_id`` from our own Message-ID; ``reply`` the words of the server that refused."""

    mail_id: UUID
    address: str
    reply: str


def read_bounces(raw: bytes) -> list[Bounce]:
    """The addresses that a notification says have failed for good; none for anything else, like a delay."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    mail_id = _original(message)
    if mail_id is None:
        return []
    found = []
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            # The first block is about the notification itself, each other one about an address.
            for block in blocks[1:] if isinstance(blocks, list) else []:
                bounce = _bounce(mail_id, block)
                if bounce is not None:
                    found.append(bounce)
    return found


def _original(message: Message) -> UUID | None:
    """The returned mail, or its header, lies in the notification."""
    for part in message.walk():
        if part is message:
            continue
        kind, payload = part.get_content_type(), part.get_payload()
        text = ""
        if kind == "text/rfc822-headers" and isinstance(payload, str):
            text = str(email.message_from_string(payload).get("Message-ID", ""))
        elif kind == "message/rfc822" and isinstance(payload, list) and isinstance(payload[0], Message):
            text = str(payload[0].get("Message-ID", ""))
        match = _MESSAGE_ID.fullmatch(text.strip())
        if match is not None:
            return UUID(match[1])
    return None


def _bounce(mail_id: UUID, block: object) -> Bounce | None:
    if not isinstance(block, Message) or str(block.get("Action", "")).strip().lower() != "failed":
        return None
    recipient = str(block.get("Original-Recipient") or block.get("Final-Recipient") or "")
    address = recipient.rpartition(";")[2].strip()
    said = str(block.get("Diagnostic-Code", "")).partition(";")[2] or str(block.get("Status", ""))
    return Bounce(mail_id, address, " ".join(said.split())) if address else None
