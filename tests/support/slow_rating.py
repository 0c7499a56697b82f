"""Rating and metering again, slow and obviously right, to compare the service with. Shares no code with it.

Everything is walked second by second and call by call, with fractions; nothing is cut, summed ahead or cached.
Times are wall clock of the bands' zone, found for each increment by asking the zone.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo


@dataclass
class SlowRow:
    """A deck row in plain data: price text by band ('' is the rest), fees by band."""

    prefix: str
    direction: str
    destination: str
    call_class: str
    prices: dict[str, list[tuple[int | None, Fraction]]]
    fees: dict[str, Fraction]
    minimum: int | None = None
    increment: int | None = None
    cap: Fraction | None = None


@dataclass
class SlowBand:
    """Weekdays (0 Monday), minutes after midnight, whether it holds on holidays."""

    name: str
    days: set[int]
    begins: int
    ends: int
    holidays: bool


@dataclass
class SlowPlan:
    """Class terms: (price, fee, minimum, increment) or None; bundles: (name, classes, minutes, per_extension, pooled)."""

    name: str
    minimum: int
    increment: int
    price: Fraction
    by_deck: bool
    class_terms: dict[str, tuple[Fraction | None, Fraction | None, int | None, int | None]]
    bundles: list[tuple[str, tuple[str, ...], int, bool, bool]]


@dataclass
class SlowCall:
    """A call in plain data. ``known_class`` is internal, emergency, toll_free or external."""

    call_id: int
    answered_at: datetime
    talk_ms: int
    number: str
    direction: str
    known_class: str
    extension: str
    plan: str


@dataclass
class SlowRated:
    """One price for each billed second."""

    call: SlowCall
    call_class: str
    destination: str
    seconds: list[Fraction]
    fee: Fraction
    cap: Fraction | None
    free: bool


class SlowNoRate(Exception):
    """No row and no price."""


def find_row(rows: list[SlowRow], number: str, direction: str) -> SlowRow | None:
    """Tries every row; the longest prefix wins, `*` only where no other fits."""
    fitting = [
        row
        for row in rows
        if row.direction == direction and (row.prefix == "*" or number.startswith("+" + row.prefix))
    ]
    fitting.sort(key=lambda row: -1 if row.prefix == "*" else len(row.prefix))
    return fitting[-1] if fitting else None


def band_of(at: datetime, zone: ZoneInfo, bands: list[SlowBand], holidays: set[Any]) -> str:
    """Asks each band about this wall clock time."""
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute

    def on(band: SlowBand, day: Any) -> bool:
        return band.holidays if day in holidays else day.weekday() in band.days

    for band in bands:
        if band.begins < band.ends:
            if on(band, local.date()) and band.begins <= minute < band.ends:
                return band.name
        else:
            if on(band, local.date()) and minute >= band.begins:
                return band.name
            if on(band, local.date() - timedelta(days=1)) and minute < band.ends:
                return band.name
    return ""


def slow_billed(talk_ms: int, minimum: int, increment: int) -> list[tuple[int, int]]:
    """The increments of a call as (begins at, length) in seconds, one after the other until the talk is covered."""
    if talk_ms <= 0:
        return []
    made = []
    reached = 0
    if minimum > 0:
        made.append((0, minimum))
        reached = minimum
    while reached * 1000 < talk_ms:
        made.append((reached, increment))
        reached += increment
    return made


def slow_rate(
    call: SlowCall,
    plan: SlowPlan,
    rows: list[SlowRow],
    zone: ZoneInfo,
    bands: list[SlowBand],
    holidays: set[Any],
) -> SlowRated:
    """A price for each billed second of a call. Raises ``SlowNoRate``."""
    row = None
    if plan.by_deck and call.known_class not in ("internal", "emergency"):
        row = find_row(rows, call.number, call.direction)
    call_class = row.call_class if row else call.known_class
    own = plan.class_terms.get(call_class, (None, None, None, None))
    free_class = call_class in ("internal", "emergency")
    if free_class or (row is None and not plan.by_deck):
        start = Fraction(0) if free_class else plan.price
        row = SlowRow("", call.direction, "", call_class, {"": [(None, start)]}, {"": Fraction(0)})
    if row is None and own[0] is not None:
        row = SlowRow("", call.direction, "", call_class, {"": [(None, own[0])]}, {"": Fraction(0)})
    if row is None:
        raise SlowNoRate
    prices, fees = row.prices, row.fees
    if own[0] is not None and call_class != "emergency":
        prices = {"": [(None, own[0])]}
    if own[1] is not None and call_class != "emergency":
        fees = {"": own[1]}
    minimum = next(one for one in (own[2], row.minimum, plan.minimum) if one is not None)
    increment = next(one for one in (own[3], row.increment, plan.increment) if one is not None)
    seconds: list[Fraction] = []
    fee = Fraction(0)
    for begins, length in slow_billed(call.talk_ms, minimum, increment):
        band = band_of(call.answered_at + timedelta(seconds=begins), zone, bands, holidays)
        if begins == 0:
            fee = fees.get(band, fees[""])
        price = None
        for up_to, each in prices.get(band, prices[""]):
            if up_to is None or begins < up_to:
                price = each
                break
        assert price is not None
        seconds += [price] * length
    costs = fee > 0 or any(price > 0 for price in seconds)
    if plan.by_deck:
        free = not costs or call_class == "emergency"
    else:
        free = call_class == "emergency" or (call_class == "internal" and own[0] is None)
    return SlowRated(call, call_class, row.destination, seconds, fee, row.cap, free)


def slow_charge(rated: SlowRated, covered: int) -> tuple[Fraction, Fraction, bool]:
    """(Charge for time, connect fee, whether the cap bit) of a call whose first ``covered`` seconds are included."""
    if covered >= len(rated.seconds):
        return Fraction(0), Fraction(0), False
    time = sum((price * often / 60 for price, often in Counter(rated.seconds[covered:]).items()), Fraction(0))
    if rated.cap is not None and time + rated.fee > rated.cap:
        return rated.cap - rated.fee, rated.fee, True
    return time, rated.fee, False


@dataclass
class SlowLine:
    """What a line holds."""

    calls: int = 0
    billed: int = 0
    included: int = 0
    charge: Fraction = field(default_factory=Fraction)


def slow_pools(
    parts: list[tuple[SlowPlan, int, int]], share: Fraction
) -> dict[tuple[tuple[str, ...], bool], int]:
    """Seconds by (classes, each extension's own); parts are (plan, days, most extensions)."""
    sums: dict[tuple[tuple[str, ...], bool], Fraction] = {}
    days = sum(part[1] for part in parts)
    for plan, of_part, extensions in parts:
        for _, classes, minutes, per_extension, pooled in plan.bundles:
            key = (tuple(sorted(set(classes))), per_extension and not pooled)
            times = extensions if per_extension and pooled else 1
            sums[key] = sums.get(key, Fraction(0)) + Fraction(minutes * 60 * times * of_part, days) * share
    # Half up to whole seconds.
    return {key: int((seconds * 2 + 1) // 2) for key, seconds in sums.items()}


def slow_meter(
    calls: list[SlowRated], plans: dict[str, SlowPlan], pools: dict[tuple[tuple[str, ...], bool], int]
) -> tuple[dict[tuple[Any, ...], SlowLine], dict[int, Fraction]]:
    """(Lines by (kind, class, direction, destination, plan, price, capped), each call's charge)."""
    used: dict[tuple[Any, ...], int] = {}
    lines: dict[tuple[Any, ...], SlowLine] = {}
    charges: dict[int, Fraction] = {}
    narrow = sorted(pools, key=lambda key: (key[0] == (), len(key[0]), not key[1], key[0]))
    for rated in sorted(calls, key=lambda one: (one.call.answered_at, one.call.call_id)):
        call = rated.call
        billed, covered = len(rated.seconds), 0
        if billed == 0:
            continue
        named = {
            (tuple(sorted(set(classes))), per_extension and not pooled)
            for _, classes, _, per_extension, pooled in plans[call.plan].bundles
        }
        for pool in narrow:
            classes, own = pool
            if rated.free or pool not in named or (classes and rated.call_class not in classes):
                continue
            if own and not call.extension:
                continue
            purse = (pool, call.extension if own else "")
            now = min(billed - covered, pools[pool] - used.get(purse, 0))
            used[purse] = used.get(purse, 0) + now
            covered += now
        time, fee, capped = slow_charge(rated, covered)
        charges[call.call_id] = time + fee
        whole_capped = slow_charge(rated, 0)[2] and covered >= billed
        base = (rated.call_class, call.direction, rated.destination, call.plan)
        if capped or whole_capped:
            line = lines.setdefault(("minutes", *base, rated.seconds[0], True), SlowLine())
            line.calls += 1
            line.billed += billed
            line.included += covered
            line.charge += time
        else:
            for price, often in Counter(rated.seconds).items():
                line = lines.setdefault(("minutes", *base, price, False), SlowLine())
                line.calls += 1
                line.billed += often
                line.included += rated.seconds[:covered].count(price)
                line.charge += price * rated.seconds[covered:].count(price) / 60
        if fee > 0:
            line = lines.setdefault(("connect_fees", *base, fee, False), SlowLine())
            line.calls += 1
            line.charge += fee
    return lines, charges
