"""Numbers and dates in a tenant's locale and zone, by Babel (design/ui.md, Numbers and dates)."""

from copy import copy
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.lists import format_list

from shared.clock import local_date
from shared.money import Money, exponent

MINUS = "\u2212"
NBSP = "\u00a0"
_FALLBACK = "en_US"
# CLDR's minimumGroupingDigits of 2, which Babel does not know: four digits stand together (1234,50).
_GROUPS_FROM_FIVE_DIGITS = frozenset({"es", "pl", "pt"})


def locale_of(tag: str) -> Locale:
    """The locale of a BCP 47 tag; American English for one that nobody knows."""
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale.parse(_FALLBACK)


def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


class LocalFormats:
    """What ``domain.letter.Formats`` asks for."""

    def __init__(self, locale: str, time_zone: str) -> None:
        self._locale = locale_of(locale)
        self._zone = zone_of(time_zone)

    def money(self, amount: Money) -> str:
        """``$1,234.50``; minus is U+2212 and no space is one at which a line may end.

        Always with all places of the currency's minor unit (ISO 4217; CLDR shows fewer for some).
        """
        places = exponent(amount.currency)
        grouped = self._locale.language not in _GROUPS_FROM_FIVE_DIGITS or abs(amount.decimal) >= 10_000
        pattern = copy(self._locale.currency_formats["standard"])
        pattern.frac_prec = (places, places)
        text: str = pattern.apply(
            amount.decimal,
            self._locale,
            currency=amount.currency,
            currency_digits=False,
            group_separator=grouped,
        )
        return "".join(_unbreakable(character) for character in text)

    def day(self, day: date) -> str:
        """``Nov 5, 2026``, ``5. Nov. 2026``: months in letters."""
        if self._locale.language == "en" and self._locale.territory in (None, "US"):
            return format_date(day, "MMM d, y", locale=self._locale)
        return format_skeleton("yMMMd", day, locale=self._locale)

    def day_of(self, at: datetime) -> str:
        return self.day(self.local_day(at))

    def local_day(self, at: datetime) -> date:
        return local_date(at, self._zone)

    def moment(self, at: datetime) -> str:
        """``Nov 5, 2026, 2:05 PM EST``."""
        local = at.astimezone(self._zone)
        time = format_time(local, "short", tzinfo=self._zone, locale=self._locale)
        zone = get_timezone_name(local, width="short", locale=self._locale)
        return f"{self.day(local.date())}, {time} {zone}".replace("\u202f", NBSP)

    def listed(self, items: tuple[str, ...]) -> str:
        return format_list(list(items), locale=self._locale)


def _unbreakable(character: str) -> str:
    if character == "-":
        return MINUS
    # No-break thin space (French thousands) stays; every space that may break does not.
    return NBSP if character.isspace() and character != "\u202f" else character
