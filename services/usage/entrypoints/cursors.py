"""Page cursors: opaque to the caller, checked when they come back."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

from shared.errors import Invalid


def write_cursor(at: datetime, key: UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {key}".encode()).decode()


def read_cursor(text: str) -> tuple[datetime, UUID]:
    """Raises ``Invalid`` for anything that ``write_cursor`` did not make."""
    try:
        at, _, key = base64.urlsafe_b64decode(text).decode().partition(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, UUID(key)
    except (ValueError, binascii.Error, UnicodeDecodeError):
        raise Invalid("`cursor` is not one of ours; start from the first page.", field="cursor") from None
