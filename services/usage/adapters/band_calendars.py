"""Time bands as a provider sets them, with public holidays by country and region (python-holidays)."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from services.usage.domain.time_bands import DAYS, Band, BandCalendar, minutes_of
from shared.errors import Invalid


@lru_cache(maxsize=512)
def _public_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    found = holidays.country_holidays(country, subdiv=region, years=year, observed=True)
    # An observed day may fall into the neighbouring year, whose own list has it as well.
    return frozenset(day for day in found if day.year == year)


def check_holidays(country: str, region: str | None) -> None:
    """Raises ``Invalid`` for a country or region that has no known public holidays."""
    try:
        _public_holidays(country, region, 2026)
    except NotImplementedError:
        raise Invalid(
            f"No public holidays are known for {country}{'-' + region if region else ''}; give an ISO 3166 country and"
            " region like US and NY, or list the days in `own_holidays`.",
            field="holidays",
        ) from None


def _is_holiday(body: Mapping[str, Any]) -> Callable[[date], bool]:
    own = frozenset(date.fromisoformat(day) for day in body.get("own_holidays") or ())
    working = frozenset(date.fromisoformat(day) for day in body.get("working_days") or ())
    where = body.get("holidays")

    def is_holiday(day: date) -> bool:
        if day in own:
            return True
        if where is None or day in working:
            return False
        return day in _public_holidays(where["country"], where.get("region"), day.year)

    return is_holiday


def read_calendar(body: Mapping[str, Any], zone: str) -> BandCalendar:
    """The calendar of a kept body; ``zone`` is the provider's, where the body names none."""
    bands = [
        Band(
            name=one["name"],
            days=frozenset(DAYS.index(day) for day in one["days"]),
            begins=minutes_of(one["from"]),
            ends=minutes_of(one["to"]),
            holidays=one["holidays"],
        )
        for one in body["bands"]
    ]
    return BandCalendar(ZoneInfo(body.get("time_zone") or zone), bands, _is_holiday(body))
