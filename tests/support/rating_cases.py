"""Random periods of calls, given to the service's rating and to the slow one, and compared to the last fraction."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from services.usage.domain.call_rating import CalendarVersion, NoRate, RateBook, rate_placed_call
from services.usage.domain.deck import Deck, DeckRow, DeckVersion, write_terms
from services.usage.domain.included import PlanPart, Pools, build_pools
from services.usage.domain.metering import DayLine, Meter, Minutes, TimedCall, day_lines, meter_period
from services.usage.domain.rating import Override, RateTerms, Tariff
from services.usage.domain.tenants import Bundle, PlanTerms
from services.usage.domain.time_bands import Band, BandCalendar
from shared.ids import PlanId
from tests.support import slow_rating as slow

DECK = UUID(int=7)
# 31 days each, with the changes of the clock of all zones below.
STARTS = [date(2026, 3, 9) - timedelta(days=8), date(2026, 10, 3)]
CLOCK_CHANGES = [
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
]
INCREMENTS = [(6, 6), (1, 1), (30, 6), (60, 6), (60, 60), (0, 10), (0, 1), (7, 4)]
PREFIXES = ["1", "1212", "12125", "49", "4917", "493", "44", "447", "*"]
DECK_CLASSES = ["local", "international", "mobile", "toll_free"]
NUMBERS = ["+12125550147", "+12025550111", "+4917012345", "+493012345", "+44712345", "+33123456", "411"]
ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]


@dataclass
class Case:
    """One period: for the service and, in plain data, for the slow rating."""

    zone: ZoneInfo
    plans: list[PlanTerms]
    slow_plans: dict[str, slow.SlowPlan]
    parts: list[tuple[int, int]]
    share: Fraction
    book: RateBook
    slow_rows: list[slow.SlowRow]
    slow_bands: list[slow.SlowBand]
    holidays: set[date]
    calls: list[slow.SlowCall]


def _price(random: Random) -> Decimal:
    return random.choice([Decimal(0), Decimal(random.randrange(1, 2_000_000)) / 1_000_000, Decimal("0.02")])


def _tariff(random: Random) -> Tariff:
    steps: list[tuple[int, Decimal]] = []
    if random.random() < 0.25:
        steps.append((random.choice([30, 60, 90]), _price(random)))
        if random.random() < 0.3:
            steps.append((steps[0][0] + random.choice([30, 120]), _price(random)))
    return Tariff(_price(random), tuple(steps))


def _plain(tariff: Tariff) -> list[tuple[int | None, Fraction]]:
    steps: list[tuple[int | None, Fraction]] = [(up_to, Fraction(price)) for up_to, price in tariff.steps]
    return [*steps, (None, Fraction(tariff.last))]


def _deck(random: Random, bands: list[str], start: date) -> tuple[list[DeckRow], list[slow.SlowRow]]:
    rows, plain = [], []
    for direction in ("outbound", "inbound"):
        for prefix in PREFIXES:
            if random.random() < 0.3:
                continue
            fee = random.choice([Decimal(0), Decimal("0.05"), Decimal("0.123456")])
            named = [band for band in bands if random.random() < 0.6]
            fees = [band for band in bands if random.random() < 0.2]
            terms = RateTerms(
                tariff=_tariff(random),
                connect_fee=fee,
                bands=tuple((band, _tariff(random)) for band in named),
                band_fees=tuple((band, Decimal("0.07")) for band in fees),
                cap=Decimal("0.5") if random.random() < 0.25 else None,
            )
            minimum = increment = None
            if random.random() < 0.5:
                minimum, increment = random.choice(INCREMENTS)
                terms = RateTerms(
                    terms.tariff, fee, minimum, increment, terms.bands, terms.band_fees, terms.cap
                )
            destination = f"{direction} {random.choice(['east', 'west'])}"
            call_class = random.choice(DECK_CLASSES)
            rows.append(
                DeckRow(
                    "inbound" if direction == "inbound" else "outbound",
                    prefix,
                    start - timedelta(days=9),
                    destination,
                    call_class,
                    write_terms(terms),
                )
            )
            plain.append(
                slow.SlowRow(
                    prefix,
                    direction,
                    destination,
                    call_class,
                    {"": _plain(terms.tariff)} | {band: _plain(tariff) for band, tariff in terms.bands},
                    {"": Fraction(fee)} | {band: Fraction(Decimal("0.07")) for band in fees},
                    minimum,
                    increment,
                    None if terms.cap is None else Fraction(terms.cap),
                )
            )
    return rows, plain


def _plan(random: Random, number: int) -> tuple[PlanTerms, slow.SlowPlan]:
    minimum, increment = random.choice(INCREMENTS)
    by_deck = random.random() < 0.7
    price = _price(random)
    overrides: dict[str, Override] = {}
    for call_class in [*DECK_CLASSES, "internal", "external", "emergency"]:
        if random.random() < 0.15:
            other = random.choice([(None, None), *INCREMENTS])
            overrides[call_class] = Override(
                random.choice([None, _price(random)]), random.choice([None, Decimal("0.01")]), *other
            )
    bundles: list[Bundle] = []
    for position in range(random.choice([0, 1, 2, 3, 4])):
        classes = random.sample([*DECK_CLASSES, "external"], random.choice([0, 1, 2, 3]))
        own, pooled = random.random() < 0.4, random.random() < 0.5
        bundles.append(
            Bundle(f"b{9 - position}", tuple(classes), random.choice([0, 5, 30, 120, 300]), own, pooled)
        )
    terms = PlanTerms(
        plan_id=PlanId(UUID(int=number)),
        version=1,
        minimum_seconds=minimum,
        increment_seconds=increment,
        included_minutes=0,
        price_per_minute=price,
        class_prices={},
        rated_by_deck=by_deck,
        class_terms=overrides,
        bundles=tuple(bundles),
    )

    def exact(value: Decimal | None) -> Fraction | None:
        return None if value is None else Fraction(value)

    plain = slow.SlowPlan(
        str(number),
        minimum,
        increment,
        Fraction(price),
        by_deck,
        {
            name: (
                exact(one.price_per_minute),
                exact(one.connect_fee),
                one.minimum_seconds,
                one.increment_seconds,
            )
            for name, one in overrides.items()
        },
        [(one.name, one.classes, one.minutes, one.per_extension, one.pooled) for one in bundles],
    )
    return terms, plain


def make_case(random: Random, calls: int, longest_ms: int = 3_000_000) -> Case:
    """A period of 31 days with one or two plans, around a change of the clock in most zones."""
    zone, start = ZoneInfo(random.choice(ZONES)), random.choice(STARTS)
    bands = [
        Band("peak", frozenset({0, 1, 2, 3, 4}), 480, 1080),
        Band("night", frozenset(range(7)), random.choice([1320, 90]), random.choice([360, 150]), True),
        Band("feast", frozenset({6}), 0, 1440, True),
    ][: random.choice([0, 1, 2, 3])]
    holidays = {start + timedelta(days=random.randrange(31)) for _ in range(2)}
    rows, plain_rows = _deck(random, [band.name for band in bands], start)
    calendar = CalendarVersion(start - timedelta(days=9), 1, BandCalendar(zone, bands, holidays.__contains__))
    version = DeckVersion(DECK, "standard", 1, start - timedelta(days=9), len(rows))
    book = RateBook(zone, {"standard": [version]}, {DECK: Deck(DECK, rows)}, [calendar])
    plans = [_plan(random, number) for number in range(random.choice([1, 1, 2]))]
    days = [31] if len(plans) == 1 else [12, 19]
    begins = datetime.combine(start, time(), tzinfo=zone).astimezone(UTC)
    made = []
    for number in range(calls):
        at = begins + timedelta(microseconds=random.randrange(31 * 86_400 * 1_000_000 - 5 * 3_600_000_000))
        # Many at one instant, so that the id decides.
        if random.random() < 0.1:
            at = at.replace(minute=0, second=0, microsecond=0)
        if random.random() < 0.15:
            change = random.choice(CLOCK_CHANGES)
            if begins <= change < begins + timedelta(days=30):
                at = change + timedelta(seconds=random.randrange(-7200, 7200))
        elapsed = (at.astimezone(zone).date() - start).days
        known = random.choice(["external"] * 6 + ["toll_free", "internal", "emergency"])
        made.append(
            slow.SlowCall(
                number,
                at,
                random.choice([0, random.randrange(1, 90_000), random.randrange(1, longest_ms)]),
                random.choice(NUMBERS),
                random.choice(["outbound", "inbound"]),
                known,
                random.choice(["", "1001", "1002"]),
                str(0 if elapsed < days[0] else len(plans) - 1),
            )
        )
    return Case(
        zone=zone,
        plans=[one for one, _ in plans],
        slow_plans={one.name: one for _, one in plans},
        parts=[(each, random.randrange(4)) for each in days],
        share=Fraction(random.randrange(1, 32), 31),
        book=book,
        slow_rows=plain_rows,
        slow_bands=[slow.SlowBand(b.name, set(b.days), b.begins, b.ends, b.holidays) for b in bands],
        holidays=holidays,
        calls=made,
    )


def rated_by_service(case: Case) -> tuple[list[TimedCall], set[int]]:
    """(Billed calls, those without a rate)."""
    found: list[TimedCall] = []
    refused: set[int] = set()
    for call in case.calls:
        terms = case.plans[int(call.plan)]
        direction = "inbound" if call.direction == "inbound" else "outbound"
        try:
            rating = rate_placed_call(
                known_class=call.known_class,
                direction=direction,  # type: ignore[arg-type]
                number=call.number,
                talk_ms=call.talk_ms,
                answered_at=call.answered_at,
                terms=terms,
                book=case.book,
            )
        except NoRate:
            refused.add(call.call_id)
            continue
        if rating.rated.billed_seconds:
            found.append(
                TimedCall(
                    call.answered_at,
                    UUID(int=call.call_id),
                    terms.key,
                    rating.call_class,
                    direction,  # type: ignore[arg-type]
                    rating.destination or "",
                    call.extension if terms.has_own_minutes else "",
                    rating.rated,
                )
            )
    return found, refused


def rolled_up(case: Case, calls: list[TimedCall]) -> tuple[list[DayLine], dict[date, list[TimedCall]]]:
    """Rows as the rollup has them, and the calls of each day."""
    sums: dict[tuple[object, ...], list[DayLine]] = {}
    by_day: dict[date, list[TimedCall]] = {}
    for call in calls:
        day = call.answered_at.astimezone(case.zone).date()
        by_day.setdefault(day, []).append(call)
        for row in day_lines(day, call):
            key: tuple[object, ...] = (
                day,
                row.plan,
                row.call_class,
                row.direction,
                row.destination,
                row.price_per_minute,
            )
            key += (row.connect_fee, row.capped, row.chargeable, row.extension)
            sums.setdefault(key, []).append(row)
    rows = []
    for alike in sums.values():
        first = alike[0]
        rows.append(
            DayLine(
                first.day,
                first.plan,
                first.call_class,
                first.direction,
                first.destination,
                first.price_per_minute,
                first.connect_fee,
                first.capped,
                first.chargeable,
                first.extension,
                sum(one.calls for one in alike),
                sum(one.line_calls for one in alike),
                sum(one.billed_seconds for one in alike),
                sum((one.charge for one in alike), Decimal(0)),
            )
        )
    return rows, by_day


def pools_of(case: Case) -> Pools:
    return build_pools(
        [
            PlanPart(plan, days, extensions)
            for plan, (days, extensions) in zip(case.plans, case.parts, strict=True)
        ],
        case.share,
    )


def plain_lines(lines: tuple[Minutes, ...]) -> dict[tuple[object, ...], tuple[int, int, int, Fraction]]:
    """The service's lines in the slow rating's words."""
    return {
        (
            one.line.kind,
            one.line.call_class,
            one.line.direction,
            one.line.destination,
            str(one.line.plan_id.int),
            Fraction(one.line.price),
            one.line.capped,
        ): (one.calls, one.billed_seconds, one.included_seconds, one.exact)
        for one in lines
    }


def differences(case: Case, random: Random) -> list[str]:
    """What the two disagree on; calls and rows are given to the service in random order."""
    rated, refused = rated_by_service(case)
    slow_rated: list[slow.SlowRated] = []
    slow_refused: set[int] = set()
    for call in case.calls:
        try:
            one = slow.slow_rate(
                call,
                case.slow_plans[call.plan],
                case.slow_rows,
                case.zone,
                case.slow_bands,
                case.holidays,
            )
        except slow.SlowNoRate:
            if call.talk_ms > 0:
                slow_refused.add(call.call_id)
            continue
        slow_rated.append(one)
    found = []
    if refused != slow_refused:
        found.append(f"without a rate: {sorted(refused ^ slow_refused)}")
    plain_parts = [
        (case.slow_plans[str(position)], days, extensions)
        for position, (days, extensions) in enumerate(case.parts)
    ]
    expected, charges = slow.slow_meter(slow_rated, case.slow_plans, slow.slow_pools(plain_parts, case.share))
    wanted = {key: (one.calls, one.billed, one.included, one.charge) for key, one in expected.items()}
    random.shuffle(rated)
    rows, by_day = rolled_up(case, rated)
    random.shuffle(rows)
    pools = pools_of(case)
    got = plain_lines(meter_period(rows, by_day, pools))
    for key in sorted(wanted.keys() | got.keys(), key=str):
        if wanted.get(key) != got.get(key):
            found.append(f"{key}: expected {wanted.get(key)}, got {got.get(key)}")
    by_call = Meter(pools)
    by_call.take_calls(rated)
    if plain_lines(by_call.lines()) != got:
        found.append("walking through every call gives other lines than the rollup")
    if sum(charges.values()) != sum(one[3] for one in got.values()):
        found.append("charges of the calls do not sum to the lines")
    return found
