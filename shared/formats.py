"""Numbers and dates in a tenant's locale and zone, by Babel (design/ui.md, Numbers and dates)."""

import re
from copy import copy
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal, format_percent

from shared.clock import local_date
from shared.money import Currency, Money, exponent

MINUS = "\u2212"
NBSP = "\u00a0"
_FALLBACK = "en_US"
# CLDR's minimumGroupingDigits of 2, which Babel does not know: four digits stand together (1234,50).
_GROUPS_FROM_FIVE_DIGITS = frozenset({"es", "pl", "pt"})
_LETTER_BY_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


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
    """Documents and mails write by it; a language's catalogue sees it as a protocol of its own."""

    def __init__(self, locale: str, time_zone: str = "UTC") -> None:
        self._locale = locale_of(locale)
        self._zone = zone_of(time_zone)
        self._patterns: dict[int, NumberPattern] = {}
        self._days: dict[date, str] = {}

    def money(self, amount: Money) -> str:
        """``$1,234.50``; minus is U+2212 and no space is one at which a line may end.

        Always with all places of the currency's minor unit (ISO 4217; CLDR shows fewer for some).
        """
        return self._currency(amount.decimal, amount.currency, exponent(amount.currency))

    def price(self, value: Decimal, currency: Currency) -> str:
        """A unit price in major units: every digit that it has, at least the currency's."""
        places = max(_places(value), exponent(currency))
        return self._currency(value, currency, places)

    def _currency(self, value: Decimal, currency: Currency, places: int) -> str:
        pattern = self._patterns.get(places)
        if pattern is None:
            pattern = self._patterns[places] = copy(self._locale.currency_formats["standard"])
            pattern.frac_prec = (places, places)
        text: str = pattern.apply(
            value, self._locale, currency=currency, currency_digits=False, group_separator=self._groups(value)
        )
        return _unbroken(text)

    def _groups(self, value: Decimal) -> bool:
        return self._locale.language not in _GROUPS_FROM_FIVE_DIGITS or abs(value) >= 10_000

    def number(self, value: Decimal | int, places: int | None = None) -> str:
        """``3,612.4``; all digits that it has, or ``places`` of them."""
        exact = Decimal(value)
        shown = format_decimal(
            exact,
            "#,##0." + "0" * (max(_places(exact), 0) if places is None else places),
            locale=self._locale,
            group_separator=self._groups(exact),
        )
        return _unbroken(shown)

    def percent(self, rate: Decimal) -> str:
        """``8.875%`` of a rate in percent."""
        shown = format_percent(rate.normalize() / 100, locale=self._locale, decimal_quantization=False)
        return _unbroken(shown)

    def days(self, start: date, end: date) -> str:
        """``Oct 1, 2026 – Oct 31, 2026`` of a half-open range: periods end on their last day."""
        last = end - timedelta(days=1)
        return self.day(start) if last <= start else f"{self.day(start)} – {self.day(last)}"

    def day(self, day: date) -> str:
        """``Nov 5, 2026``, ``5. Nov. 2026``: months in letters."""
        if day not in self._days:
            self._days[day] = self._day(day)
        return self._days[day]

    def _day(self, day: date) -> str:
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


def _places(value: Decimal) -> int:
    return -int(value.normalize().as_tuple().exponent)


def _unbroken(text: str) -> str:
    """Also parts a currency's letters from the figure (``KWD 1.500``; CLDR's currencySpacing, which Babel leaves out)."""
    text = _LETTER_BY_DIGIT.sub(NBSP, text)
    return "".join(_unbreakable(character) for character in text)


def _unbreakable(character: str) -> str:
    if character == "-":
        return MINUS
    # No-break thin space (French thousands) stays; every space that may break does not.
    return NBSP if character.isspace() and character != "\u202f" else character
