"""What a call costs: increments, bands, tariffs, caps, connect fee (R4, R9 to R12); decks and their files (R5 to R8)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.usage.adapters.band_calendars import read_calendar
from services.usage.domain.deck import (
    Deck,
    DeckVersion,
    carry_over,
    compare,
    read_terms,
    version_on,
    write_terms,
)
from services.usage.domain.deck_file import BadDeck, read_deck
from services.usage.domain.rating import RateTerms, Tariff, charge_after, rate_call, shown
from services.usage.domain.time_bands import BandCalendar

APRIL = date(2026, 4, 1)
HEAD = "prefix,destination,class,price_per_minute,connect_fee,minimum,increment,direction,effective_from,cap,price_peak"
NEW_YORK = {
    "bands": [
        {"name": "peak", "days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00",
         "holidays": False},
    ],
    "holidays": {"country": "US", "region": "NY"},
    "own_holidays": ["2026-04-24"],
}  # fmt: skip


def calendar() -> BandCalendar:
    return read_calendar(NEW_YORK, "America/New_York")


def terms(price: str, **changed: object) -> RateTerms:
    values: dict[str, object] = {
        "tariff": Tariff(Decimal(price)),
        "minimum_seconds": 6,
        "increment_seconds": 6,
    }
    return RateTerms(**(values | changed))  # type: ignore[arg-type]


def local(day: int, hour: int, minute: int = 0, second: int = 0, month: int = 4) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=ZoneInfo("America/New_York"))


def seconds_by_band(at: datetime, talk_seconds: int, **changed: object) -> list[tuple[str, int]]:
    rated = rate_call(
        talk_seconds * 1000,
        terms("0.01", bands=(("peak", Tariff(Decimal("0.03"))),), **changed),
        answered_at=at,
        calendar=calendar(),
    )
    return [(one.band, one.seconds) for one in rated.segments]


@pytest.mark.parametrize(
    ("minimum", "increment", "talk_ms", "billed"),
    [
        (6, 6, 1, 6),
        (1, 1, 61_001, 62),
        (30, 6, 31_000, 36),
        (60, 6, 60_001, 66),
        (60, 60, 60_001, 120),
        (60, 60, 0, 0),
    ],
)
def test_increments_of_a_plan_or_deck(minimum: int, increment: int, talk_ms: int, billed: int) -> None:
    """6/6, 1/1, 30/6, 60/6, 60/60 (R4); no talk is no call to bill (R3)."""
    rated = rate_call(talk_ms, terms("0.02", minimum_seconds=minimum, increment_seconds=increment))
    assert rated.billed_seconds == billed
    assert rated.charge == Fraction(2, 100) * billed / 60


def test_each_increment_takes_the_band_in_which_it_begins() -> None:
    """A call over 08:00 is split at the first increment that begins in the new band (R9)."""
    assert seconds_by_band(local(1, 7, 59, 50), 30) == [("", 12), ("peak", 18)]
    assert seconds_by_band(local(1, 7, 59, 50), 30, minimum_seconds=60) == [("", 60)]
    assert seconds_by_band(local(1, 17, 59, 0), 120, minimum_seconds=60, increment_seconds=60) == [
        ("peak", 60), ("", 60)
    ]  # fmt: skip
    assert seconds_by_band(local(1, 8, 0, 0), 6) == [("peak", 6)]


def test_public_and_own_holidays_are_no_weekdays() -> None:
    """Memorial Day of the United States, and a day of the provider's own."""
    assert seconds_by_band(local(25, 12, month=5), 6) == [("", 6)]
    assert seconds_by_band(local(24, 12), 6) == [("", 6)]
    assert seconds_by_band(local(23, 12), 6) == [("peak", 6)]


def test_bands_follow_the_wall_clock_over_a_change_of_the_clock() -> None:
    """Berlin goes from 03:00 back to 02:00: a night rate from 02:30 on begins, stops, and begins again."""
    body = {
        "bands": [{"name": "night", "days": ["sun"], "from": "02:30", "to": "06:00", "holidays": True}],
        "holidays": None,
        "time_zone": "Europe/Berlin",
    }
    rated = rate_call(
        2 * 3600 * 1000,
        terms("0.60", bands=(("night", Tariff(Decimal("0.06"))),)),
        answered_at=datetime(2026, 10, 25, 0, 0, tzinfo=UTC),
        calendar=read_calendar(body, "UTC"),
    )
    assert [(one.band, one.seconds) for one in rated.segments] == [
        ("", 1800), ("night", 1800), ("", 1800), ("night", 1800)
    ]  # fmt: skip
    assert rated.charge == Fraction("0.60") * 60 + Fraction("0.06") * 60


def test_first_minute_at_one_price_then_another_with_a_cap() -> None:
    """An increment takes the step in which it begins; the cap is of the whole call, fee in it (R11)."""
    steps = Tariff(Decimal("0.02"), ((60, Decimal("0.05")),))
    rated = rate_call(90_000, terms("0", tariff=steps, connect_fee=Decimal("0.10")))
    assert rated.charge == Fraction("0.05") + Fraction("0.01") + Fraction("0.10")
    capped = rate_call(90_000, terms("0", tariff=steps, connect_fee=Decimal("0.10"), cap=Decimal("0.12")))
    assert (capped.capped, capped.charge) == (True, Fraction("0.12"))
    assert charge_after(capped, 60).total == Fraction("0.11")


def test_a_connect_fee_is_owed_unless_the_call_is_wholly_covered() -> None:
    """R10; a call's charge is exact and shown to 6 places, half up (R12)."""
    rated = rate_call(60_000, terms("0.02", connect_fee=Decimal("0.05")))
    assert charge_after(rated, 60).total == 0
    assert charge_after(rated, 54).total == Fraction("0.05") + Fraction("0.002")
    assert shown(Fraction(1, 3)) == Decimal("0.333333")
    assert shown(Fraction(5, 10_000_000)) == Decimal("0.000001")


def test_the_longest_prefix_rates_a_number() -> None:
    """Outbound by the called number, inbound rows apart (R6); short codes as dialled; `*` is everything else."""
    rows = read_deck(
        [
            HEAD,
            "44,United Kingdom,international,0.02,,,,,,,",
            "+447,UK mobile,mobile,0.10,0.05,60,60,outbound,,,",
            "=411,Directory,premium,1.99,,,,,,,",
            "*,Own numbers,local,0.01,,,,inbound,,,",
        ],
        APRIL,
    )
    deck = Deck(UUID(int=1), rows)

    def found(number: str, direction: str = "outbound") -> str | None:
        rate = deck.rate(number, direction, APRIL)  # type: ignore[arg-type]
        return rate.destination if rate else None

    assert found("+447123456789") == "UK mobile"
    assert found("+442071234567") == "United Kingdom"
    assert found("411") == "Directory"
    assert found("+411") is None
    assert found("+15552000100") is None
    assert found("+15552000100", "inbound") == "Own numbers"
    mobile = deck.rate("+447123456789", "outbound", APRIL)
    assert mobile is not None
    assert (mobile.terms.minimum_seconds, mobile.terms.connect_fee) == (60, Decimal("0.05"))


def test_terms_are_the_same_after_being_written() -> None:
    """Every figure of a row."""
    one = terms(
        "0.02",
        connect_fee=Decimal("0.05"),
        cap=Decimal("2"),
        bands=(("peak", Tariff(Decimal("0.03"), ((60, Decimal("0.04")),))),),
        band_fees=(("peak", Decimal("0.01")),),
    )
    assert read_terms(write_terms(one)) == one


@pytest.mark.parametrize(
    ("line", "field", "word"),
    [
        ("44,UK,international,-1,,,,,,,", "price_per_minute", "not negative"),
        ("44,UK,international,0.0000001,,,,,,,", "price_per_minute", "6 places"),
        ("44,UK,international,,,,,,,,", "price_per_minute", "missing"),
        ("44,UK,international,60:0.05,,,,,,,", "price_per_minute", "no price"),
        ("4a,UK,international,0.1,,,,,,,", "prefix", "15 digits"),
        ("44,UK,emergency,0.1,,,,,,,", "class", "need no rate"),
        ("44,UK,international,0.1,,,,sideways,,,", "direction", "inbound or both"),
        ("44,UK,international,0.1,,,0,,,,", "increment", "whole seconds"),
        ("44,UK,international,0.1,,,,,01.05.2026,,", "effective_from", "2026-04-01"),
        ("44,UK,international,0.1,,,,,2026-03-01,,", "effective_from", "earlier"),
        ("44,UK,international,0.1,0.5,,,,,0.2,", "cap", "connect fee"),
        ("44,UK,international,0.1", "line", "cells"),
        ("44,,international,0.1,,,,,,,", "destination", "Name"),
    ],
)
def test_a_wrong_line_is_named_with_what_to_do(line: str, field: str, word: str) -> None:
    """The deck is refused as a whole; the head line is line 1."""
    with pytest.raises(BadDeck) as caught:
        read_deck([HEAD, "1,US,national,0.01,,,,,,,", line], APRIL)
    (problem,) = caught.value.problems
    assert (problem.line, problem.field) == (3, field)
    assert word in problem.detail


def test_a_prefix_twice_and_a_wrong_head_are_refused() -> None:
    """With the line of the first, or the columns that there are."""
    with pytest.raises(BadDeck) as caught:
        read_deck([HEAD, "44,UK,mobile,1,,,,,,,", "+44,UK,mobile,2,,,,,,,"], APRIL)
    assert "line 2" in caught.value.problems[0].detail
    for head in ("prefix;class", "prefix,destination,class,price_per_minute,color", "", "prefix,prefix"):
        with pytest.raises(BadDeck) as caught:
            read_deck([head], APRIL)
        assert caught.value.problems[0].field == "head"
    with pytest.raises(BadDeck):
        read_deck([HEAD], APRIL)


def test_an_upload_says_what_it_changes_and_keeps_what_begins_later() -> None:
    """Added, removed, dearer, cheaper; a price of May leaves the old one until then (R8)."""
    old = Deck(
        UUID(int=1),
        read_deck(
            [HEAD, "1,US,national,0.01,,,,,,,", "44,UK,mobile,0.1,,,,,,,", "7,RU,mobile,1,,,,,,,"], APRIL
        ),
    )
    rows = read_deck(
        [HEAD, "1,US,national,0.02,,,,,,,", "44,UK,mobile,0.05,,,,,2026-05-01,,", "49,DE,mobile,1,,,,,,,"],
        APRIL,
    )
    new = Deck(UUID(int=2), carry_over(old, rows, APRIL))
    changes = compare(old, new, APRIL)
    assert (changes.added, changes.removed, changes.changed, changes.unchanged) == (1, 1, 1, 1)
    assert (changes.price_up, changes.price_down) == (1, 0)
    prices = [
        rate.terms.tariff.last
        for day in (APRIL, date(2026, 4, 30), date(2026, 5, 1))
        if (rate := new.rate("+447", "outbound", day))
    ]
    assert prices == [Decimal("0.1"), Decimal("0.1"), Decimal("0.05")]


def test_the_latest_effective_date_holds_and_of_equal_ones_the_newest_upload() -> None:
    """A correction of the past leaves a later version alone."""

    def version(number: int, day: int) -> DeckVersion:
        return DeckVersion(UUID(int=number), "standard", number, date(2026, 4, day), 1)

    versions = [version(1, 1), version(2, 20), version(3, 10), version(4, 1)]
    found = [version_on(versions, date(2026, 4, day)) for day in (1, 10, 25)]
    assert [one.number for one in found if one] == [4, 3, 2]
    assert version_on(versions, date(2026, 3, 31)) is None
