"""Where a page of a list ends, as text that a caller only hands back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from services.invoicing.domain.settlement import Invoice
from shared.errors import Invalid
from shared.ids import PlanId


def write(place: str) -> str:
    return urlsafe_b64encode(place.encode()).decode()


def _unreadable() -> Invalid:
    return Invalid(
        "The cursor cannot be read; use `next` of the page before, or leave it out.", field="cursor"
    )


def read(cursor: str | None) -> str | None:
    """Raises ``Invalid`` for what ``write`` never made."""
    if cursor is None:
        return None
    try:
        place = urlsafe_b64decode(cursor).decode()
    except ValueError as error:
        raise _unreadable() from error
    if write(place) != cursor or "\x00" in place:
        raise _unreadable()
    return place


def read_plan(cursor: str | None) -> tuple[PlanId, int] | None:
    """Raises ``Invalid``."""
    place = read(cursor)
    if place is None:
        return None
    plan_id, _, version = place.partition(" ")
    try:
        number = int(version)
        if not 0 <= number < 2**31:
            raise _unreadable()
        return PlanId(UUID(plan_id)), number
    except ValueError as error:
        raise _unreadable() from error


def write_invoice(one: Invoice) -> str:
    return write(f"{one.issued_at.isoformat()} {one.invoice_id}")


def read_invoice(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Raises ``Invalid``."""
    place = read(cursor)
    if place is None:
        return None
    at, _, invoice_id = place.partition(" ")
    try:
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise _unreadable()
        return instant, UUID(invoice_id)
    except ValueError as error:
        raise _unreadable() from error
