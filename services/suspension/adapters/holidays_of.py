"""Weekends and public holidays of countries and regions (the library ``holidays``)."""

from datetime import date
from functools import lru_cache

import holidays

from services.suspension.domain.days import WorkingDays
from shared.errors import Invalid

_SATURDAY_SUNDAY = frozenset({5, 6})


def _split(place: str) -> tuple[str, str | None]:
    country, _, region = place.partition("-")
    return country, region or None


@lru_cache(maxsize=2048)
def _dates(place: str, year: int) -> frozenset[date]:
    country, region = _split(place)
    return frozenset(holidays.country_holidays(country, subdiv=region, years=year))


@lru_cache(maxsize=512)
def _weekend(place: str) -> frozenset[int]:
    country, region = _split(place)
    return frozenset(holidays.country_holidays(country, subdiv=region).weekend)


def is_weekend(place: str | None, day: date) -> bool:
    """By the country's own weekend; Saturday and Sunday where no country is given."""
    return day.weekday() in (_weekend(place) if place else _SATURDAY_SUNDAY)


def is_holiday(place: str, day: date) -> bool:
    return day in _dates(place, day.year)


WORKING_DAYS = WorkingDays(is_weekend, is_holiday)


def check_place(place: str) -> None:
    """Raises ``Invalid`` for a country or region whose holidays are not known."""
    try:
        country, region = _split(place)
        if not country.isascii() or not country.isupper() or place.endswith("-"):
            raise NotImplementedError
        holidays.country_holidays(country, subdiv=region)
    except (NotImplementedError, AttributeError, KeyError, TypeError) as error:
        raise Invalid(
            "Give a country or country-region whose holidays are known, like US, US-NY, DE-BY or GB-SCT.",
            field="holidays",
        ) from error
