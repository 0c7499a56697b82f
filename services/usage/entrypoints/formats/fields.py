"""Reading single fields of call records: numbers, instants, text; a wrong one is named."""

from datetime import UTC, datetime
from decimal import Decimal, DecimalException, InvalidOperation
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from services.usage.domain.records import Unreadable

LONGEST_TEXT = 256
_OUT_OF_RANGE = "`{field}` is no instant between 2000 and 2100; check its unit and the clock."
# Calls outside are a broken clock or a wrong unit (milliseconds, Gregorian seconds), never a call: 2000 to 2100.
EARLIEST_US = 946_684_800_000_000
LATEST_US = 4_102_444_800_000_000
_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_ESCAPE = str.maketrans({"\x00": None})
SHOWN_NUL = "\\x00"


class WrongField(Exception):
    """A field that cannot be read; carries what to answer."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.unreadable = Unreadable(field=field, detail=detail)


def as_utf8(body: bytes) -> bytes:
    """The bytes as readers want them: without a byte order mark, and not in UTF-16, as Windows tools save files."""
    if body[:2] in _UTF_16:
        return body.decode("utf-16", "replace").encode()
    return body.removeprefix(_MARK)


def clean(value: str) -> str:
    """Text that the database can keep: without NUL, of bounded length."""
    # Looked for before it is taken out: nearly no text has one, and every text of every record comes by.
    if "\x00" in value:
        value = value.translate(_ESCAPE)
    return value.strip()[:LONGEST_TEXT]


def visible(value: str) -> str:
    """Text that the database can keep and an operator can see the fault in: a NUL is written ``\\x00``."""
    return value.replace("\x00", SHOWN_NUL)


def user_of(address: str) -> str:
    """The number or user of a SIP or tel address, ``"Ann" <sip:+1212...@host;user=phone>``; other text as it is."""
    if "@" not in address and ":" not in address:
        return address
    inner = address.partition("<")[2].partition(">")[0] or address
    scheme, colon, rest = inner.partition(":")
    if colon and scheme.lower() in ("sip", "sips", "tel"):
        inner = rest
    elif "@" not in inner:
        return address
    return clean(unquote(inner.partition("@")[0].partition(";")[0].partition(":")[0])) or address


def whole_number(field: str, value: str, *, most_digits: int = 19) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > most_digits:
        raise WrongField(field, f"`{field}` must be a whole number, not {value[:40]!r}.")
    return int(value)


def in_range(field: str, microseconds: int) -> int:
    """An instant between 2000 and 2100, else ``WrongField``: then the unit or the switch's clock is wrong."""
    if not EARLIEST_US <= microseconds < LATEST_US:
        raise WrongField(field, _OUT_OF_RANGE.format(field=field))
    return microseconds


def seconds_to_microseconds(field: str, value: str | int | float) -> int:
    """From seconds with a fraction, exactly as they were written; what is finer than a microsecond is cut."""
    whole, _, fraction = str(value).partition(".")
    # Plain digits, as nearly all are: the same figure as below at a tenth of the cost.
    if len(whole) <= 12 and whole.isascii() and whole.isdigit():
        if not fraction:
            return int(whole) * 1_000_000
        if fraction.isascii() and fraction.isdigit():
            return int(whole) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
    try:
        seconds = Decimal(str(value))
        if not seconds.is_finite() or seconds.copy_abs() > 10**12:
            raise InvalidOperation
    # An exponent of millions is no InvalidOperation but an Overflow.
    except DecimalException:
        raise WrongField(field, f"`{field}` must be a number of seconds, not {str(value)[:40]!r}.") from None
    return int(seconds * 1_000_000)


def stamp_to_microseconds(field: str, value: str, zone: ZoneInfo | None = None) -> int:
    """From RFC 3339, or a local time in ``zone`` where that is given."""
    try:
        # RFC 3339 allows small letters.
        at = datetime.fromisoformat(value.upper())
    except ValueError:
        raise WrongField(field, f"`{field}` is no date and time: {value[:40]!r}.") from None
    if at.tzinfo is None:
        if zone is None:
            raise WrongField(field, f"`{field}` needs a zone, like 2026-03-01T09:00:00Z.")
        at = at.replace(tzinfo=zone)
    # Compared as they are: in the first and the last year, the zone may lead out of the calendar.
    if not 1999 <= at.year <= 2100:
        raise WrongField(field, _OUT_OF_RANGE.format(field=field))
    since = at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return in_range(field, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
