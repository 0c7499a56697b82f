"""Any line of any revision opens into exactly the calls that make it up, and their shares sum to it."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.usage.adapters.numbering import PhoneNumbers
from services.usage.domain.calls import instant
from services.usage.domain.records import CallRecord, Received
from services.usage.entrypoints.scheduler import meter_dirty_periods
from services.usage.use_cases.open_line import LineAsked, OpenedCall, OpenedLine, open_line
from services.usage.use_cases.re_rate_periods import ask_re_rating, re_rate_step
from services.usage.use_cases.record_calls import record_calls
from shared.errors import NotFound
from shared.events.usage import MeteredMinutes
from tests.integration.usage.conftest import LATE_WINDOW, Api, World
from tests.integration.usage.test_history import FIRST, march_ended, one_leg
from tests.integration.usage.test_intake import calls

pytestmark = pytest.mark.integration
MARCH = date(2026, 3, 1)
CALLED = ("+12125550147", "+18005550199", "911", "+442079460123", "1002")


def some_legs(world: World, seed: int, count: int) -> list[Received]:
    """Random calls of March of every class, an hour or less long, several at one instant."""
    chosen = random.Random(seed)
    begins = datetime(2026, 3, 1, 5, tzinfo=UTC)
    return [
        one_leg(
            world,
            f"{seed}-{at}",
            begins + timedelta(minutes=chosen.randrange(30 * 1440)),
            called=chosen.choice(CALLED),
            talk_us=chosen.choice([0, 1, 59_999_999, chosen.randrange(3_600_000_000)]),
        )
        for at in range(count)
    ]


async def said_lines(world: World, revision: int) -> list[MeteredMinutes]:
    async with world.work() as work:
        said = await work.said.period(world.tenant_id, MARCH, revision)
    assert said is not None
    return list(said.lines)


async def opened(
    world: World, key: str, revision: int, *, since: int | None = None, limit: int = 500
) -> tuple[OpenedLine, list[OpenedCall]]:
    """All pages of a line."""
    found: list[OpenedCall] = []
    asked = LineAsked(MARCH, key, revision, since, None, limit)
    while True:
        async with world.work() as work:
            page = await open_line(work, world.provider_id, world.tenant_id, asked)
        found += page.calls
        if not page.more:
            return page, found
        last = page.calls[-1].history.call
        asked = LineAsked(MARCH, key, revision, since, (last.placed_at, last.call_id), limit)


def exact(calls_of_line: list[OpenedCall]) -> Decimal:
    total = sum((one.share.charge for one in calls_of_line), Fraction(0))
    return Decimal(total.numerator) / Decimal(total.denominator)


async def check_revision(world: World, revision: int, *, limit: int = 500) -> dict[str, set[UUID]]:
    """Opens every line of a revision and compares sums; which calls each has."""
    members: dict[str, set[UUID]] = {}
    for line in await said_lines(world, revision):
        assert line.key is not None
        _, found = await opened(world, line.key, revision, limit=limit)
        assert exact(found) == line.charge, line.key
        assert sum(one.share.billed_seconds for one in found) == line.billed_seconds
        assert sum(one.share.included_seconds for one in found) == line.included_seconds
        ids = [one.history.call.call_id for one in found]
        assert len(ids) == len(set(ids)) == line.calls
        members[line.key] = set(ids)
    return members


async def billed_calls(world: World) -> int:
    async with world.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT count(*) FROM call WHERE tenant_id = :tenant_id AND billed_seconds > 0"),
            {"tenant_id": world.tenant_id},
        )
        return int(found.scalar_one())


def bundles(world: World) -> Any:
    """A plan with included minutes of several kinds, prices by class and a fee that a covered call does not pay."""
    return world.plan(
        version=2,
        included_minutes=90,
        class_prices_per_minute={"toll_free": "0.017", "internal": "0.003"},
        class_terms={"external": {"price_per_minute": "0.023", "connect_fee": "0.05"}},
        bundles=({"bundle": "free phone", "classes": ("toll_free",), "minutes": 40},),
    )


async def with_bundles(world: World) -> None:
    await world.hear(bundles(world))
    # The newest of two changes holds.
    await world.hear(world.tenant(plan_version=2), time=world.clock.now() + timedelta(seconds=1))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_line_is_the_sum_of_its_calls(world: World, seed: int) -> None:
    """Random calls, minutes that run out in the middle: each line opens into calls that sum to it; none is left out."""
    await with_bundles(world)
    await world.record(*some_legs(world, seed, 120))
    await world.hear(march_ended(world).model_copy(update={"plan_version": 2}))
    members = await check_revision(world, 1)
    timed = set().union(*(ids for key, ids in members.items() if key.startswith("minutes")))
    assert len(timed) == await billed_calls(world) > 50


async def test_pages_are_the_same_calls(world: World) -> None:
    """Page by page, from the middle of a day in which minutes run out: the same shares as in one page."""
    await with_bundles(world)
    await world.record(*some_legs(world, 7, 80))
    await world.hear(march_ended(world).model_copy(update={"plan_version": 2}))
    for line in await said_lines(world, 1):
        assert line.key is not None
        whole = (await opened(world, line.key, 1))[1]
        paged = (await opened(world, line.key, 1, limit=3))[1]
        assert [(one.history.call.call_id, one.share) for one in paged] == [
            (one.history.call.call_id, one.share) for one in whole
        ]


async def test_late_calls_open_as_the_difference(world: World) -> None:
    """A late call early in the month takes included minutes from later ones: the difference line opens into all of
    them, and the first revision still opens as it was."""
    await with_bundles(world)
    await world.record(*some_legs(world, 11, 60))
    await world.hear(march_ended(world).model_copy(update={"plan_version": 2}))
    first = await check_revision(world, 1)
    await world.record(*some_legs(world, 12, 10))
    await meter_dirty_periods(world.work)
    assert await check_revision(world, 1) == first
    second = await check_revision(world, 2)
    before = {line.key: line for line in await said_lines(world, 1)}
    for line in await said_lines(world, 2):
        assert line.key is not None
        page, found = await opened(world, line.key, 2, since=1)
        had = before.get(line.key)
        assert (page.line, page.line_before) == (line, had)
        total = sum((one.share.charge for one in found), Fraction(0))
        now, _ = await opened(world, line.key, 2)
        assert sum(one.share.billed_seconds for one in found) == line.billed_seconds - (
            had.billed_seconds if had else 0
        )
        both = [(await opened(world, line.key, number))[1] for number in (1, 2)] if had else []
        if both:
            sums = [sum((one.share.charge for one in each), Fraction(0)) for each in both]
            assert total == sums[1] - sums[0]
        assert now.line == line
    assert sum(len(ids) for ids in second.values()) > sum(len(ids) for ids in first.values())


async def test_a_re_rated_period_still_opens_as_it_was_said(world: World) -> None:
    """After a plan's correction the old revision has its old prices and the new one the new: both sum."""
    await world.record(*some_legs(world, 21, 40))
    await world.hear(march_ended(world))
    first = await check_revision(world, 1)
    await with_bundles(world)
    async with world.work() as work:
        await ask_re_rating(
            work,
            world.provider_id,
            tenant_id=world.tenant_id,
            start=MARCH,
            end=date(2026, 4, 1),
            reason="The plan was wrong",
        )
    for _ in range(20):
        async with world.work() as work:
            if not await re_rate_step(work):
                break
    await meter_dirty_periods(world.work)
    assert await check_revision(world, 1) == first
    second = await check_revision(world, 2)
    assert set(first) != set(second)


async def test_over_http_a_line_is_opened_page_by_page(api: Api, world: World) -> None:
    """The line as it was said stands beside its calls; exact fractions sum to it; each call names its invoice."""
    await world.record(*(one_leg(world, f"h{at}", FIRST + timedelta(minutes=at)) for at in range(5)))
    await world.hear(march_ended(world))
    (line,) = await said_lines(world, 1)
    assert line.key is not None
    page = await calls(api, world, start_date="2026-03-01", line=line.key, revision="1", limit="3")
    rest = await calls(
        api, world, start_date="2026-03-01", line=line.key, revision="1", limit="3", cursor=page["next"]
    )
    assert rest["next"] is None
    shares = [one["share"] for one in (*page["calls"], *rest["calls"])]
    assert sum(Fraction(one["exact"]) for one in shares) == Fraction(line.charge)
    assert page["line"]["key"] == line.key
    assert [one["charge"] for one in shares] == ["0.020000"] * 5


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (LineAsked(MARCH, "minutes|no|such", 1), "line"),
        (LineAsked(MARCH, "minutes|no|such", 9), "revision"),
        (LineAsked(date(2026, 2, 1), "minutes|no|such"), "start_date"),
    ],
)
async def test_what_is_not_there_is_not_found(world: World, asked: LineAsked, field: str) -> None:
    """A line, a revision or a period that there is not is named."""
    await world.record(one_leg(world, str(uuid4()), FIRST))
    await world.hear(march_ended(world))
    async with world.work() as work:
        with pytest.raises(NotFound) as error:
            await open_line(work, world.provider_id, world.tenant_id, asked)
    assert error.value.field == field


async def test_a_call_that_a_later_leg_took_out_stays_in_the_old_revision(world: World) -> None:
    """A revision counted a call that a further leg has changed since: the old line still opens into it."""
    legs = some_legs(world, 31, 30)
    await world.record(*legs)
    await world.hear(march_ended(world))
    first = await check_revision(world, 1)
    gone = next(
        one.record
        for one in legs
        if isinstance(one.record, CallRecord) and one.record.key in set().union(*first.values())
    )
    async with world.work() as work:
        place = (world.tenant_id, instant(gone.placed_us), gone.key)
        removed = await work.calls.remove(world.provider_id, [place])
        assert [call.call_key for call in removed] == [gone.key]
        await record_calls(
            work, PhoneNumbers(), world.provider_id, [], late_window=LATE_WINDOW, removed=removed
        )
    await meter_dirty_periods(world.work)
    assert await check_revision(world, 1) == first
    second = await check_revision(world, 2)
    assert set().union(*first.values()) - set().union(*second.values()) == {gone.key}
