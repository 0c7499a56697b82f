"""Decks over HTTP, calls by deck and plan, re-rating, limits: on a real database."""

import asyncio
import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.usage.adapters.numbering import PhoneNumbers
from services.usage.domain.records import Received
from services.usage.entrypoints.formats.reading import read_record, received_own
from services.usage.entrypoints.scheduler import meter_dirty_periods, re_rating_step, replay_step
from services.usage.use_cases.provision_resources import Provision
from shared.events.invoicing import ClockAdvanced, PeriodEnded, TenantChanged
from tests.integration.usage.conftest import LATE_WINDOW, NOW, Api, World
from tests.integration.usage.test_periods import march, meter_until_done, said

pytestmark = pytest.mark.integration

HEAD = "prefix,destination,class,price_per_minute,connect_fee,minimum,increment,direction,effective_from,cap,price_peak\n"
DECK = HEAD + (
    "1,United States,national,0.01,,,,,,,\n"
    "44,United Kingdom,international,0.05,0.10,60,60,,,,\n"
    "447,UK mobile,mobile,0.20,0.10,,,,,0.50,\n"
    "*,Own numbers,local,0.005,,,,inbound,,,\n"
)
MARCH_10 = NOW.replace(month=3, day=10, hour=12)


def call(world: World, number: str, seconds: float, at: Any = MARCH_10, **changed: Any) -> Received:
    """One of our own records, outbound from extension 1001."""
    import orjson

    body = {
        "id": str(uuid4()),
        "tenant": world.domain,
        "direction": "outbound",
        "from": "1001",
        "to": number,
        "start_time": at.isoformat(),
        "end_time": (at + timedelta(seconds=seconds)).isoformat(),
        "duration": seconds,
    }
    (one,) = received_own(orjson.dumps(body | changed))
    return one


async def upload(api: Api, world: World, content: str = DECK, **query: Any) -> Any:
    return await api.internal.post(
        f"/v1/providers/{world.provider_id}/decks/standard",
        content=content,
        params={"effective": "2026-01-01"} | query,
        headers={"Content-Type": "text/csv"},
    )


async def by_deck(world: World, **changed: Any) -> None:
    """Gives the tenant version 2 of its plan, rated by deck, from the beginning."""
    await world.hear(world.plan(version=2, rated_by_deck=True, **changed))
    newer = TenantChanged.model_validate(world.tenant(plan_version=2).model_dump())
    await world.hear(newer, time=NOW + timedelta(minutes=1))


def march_by(world: World, **changed: Any) -> PeriodEnded:
    return march(world).model_copy(update={"plan_version": 2} | changed)


def figures(event: dict[str, Any]) -> dict[tuple[str, str], tuple[int, int, Decimal]]:
    return {
        (one["kind"], one["destination"]): (one["calls"], one["charged_seconds"], Decimal(one["charge"]))
        for one in event["minutes"]
    }


async def test_a_deck_is_tried_taken_and_listed(world: World, api: Api) -> None:
    """A dry run changes nothing; the same file twice is one version; wrong lines are named and nothing is taken."""
    tried = await upload(api, world, dry_run=True)
    assert (tried.status_code, tried.json()["added"], tried.json()["kept"]) == (200, 4, False)
    first, again = await upload(api, world), await upload(api, world)
    assert (first.status_code, again.json()["version"]) == (201, first.json()["version"])
    dearer = await upload(api, world, DECK.replace("0.01,", "0.02,").replace("447,UK mobile", "448,UK"))
    assert [dearer.json()[key] for key in ("added", "removed", "changed", "price_up")] == [1, 1, 1, 1]
    wrong = await upload(api, world, DECK + "4x,Nowhere,mobile,1,,,,,,,\n49,DE,mobile,-1,,,,,,,\n")
    assert wrong.status_code == 422
    assert [one["line"] for one in wrong.json()["errors"]] == [6, 7]
    path = f"/v1/providers/{world.provider_id}/decks"
    assert [one["number"] for one in (await api.internal.get(path)).json()] == [1, 2]
    rows = (await api.internal.get(f"{path}/standard/1", params={"prefix": "44"})).json()
    assert [one["destination"] for one in rows] == ["United Kingdom", "UK mobile"]
    assert (await api.switch.get(path)).status_code == 401
    assert (
        await api.internal.post(f"/v1/providers/{uuid4()}/decks/standard", content=DECK)
    ).status_code == 422


async def test_calls_take_class_price_and_increment_from_the_deck(world: World, api: Api) -> None:
    """Longest prefix, connect fees as lines of their own, the cap of a call, internal and emergency calls free."""
    await upload(api, world)
    await by_deck(world, class_terms={"mobile": {"increment_seconds": 60, "minimum_seconds": 60}})
    await world.record(
        call(world, "+12125550147", 61),
        call(world, "+442071234567", 61),
        call(world, "+447123456789", 61),
        call(world, "+447123456789", 600),
        call(world, "911", 60),
        call(world, "+15552000100", 10, direction="inbound"),
    )
    await world.hear(march_by(world))
    (event,) = await said(world)
    others = {key: one for key, one in figures(event).items() if key != ("minutes", "UK mobile")}
    assert others == {
        ("minutes", None): (1, 60, Decimal(0)),
        ("minutes", "United States"): (1, 66, Decimal("0.011")),
        ("minutes", "United Kingdom"): (1, 120, Decimal("0.1")),
        ("connect_fees", "United Kingdom"): (1, 0, Decimal("0.1")),
        ("connect_fees", "UK mobile"): (2, 0, Decimal("0.2")),
        ("minutes", "Own numbers"): (1, 12, Decimal("0.001")),
    }
    mobile = [
        one for one in event["minutes"] if one["destination"] == "UK mobile" and one["kind"] == "minutes"
    ]
    assert sorted((one["charged_seconds"], Decimal(one["charge"])) for one in mobile) == [
        (120, Decimal("0.4")),
        (600, Decimal("0.4")),
    ]
    assert {one["plan_version"] for one in event["minutes"]} == {2}
    assert len({one["key"] for one in event["minutes"]}) == len(event["minutes"])


async def test_a_destination_without_a_rate_waits_until_a_deck_has_one(world: World, api: Api) -> None:
    """Never free (R7); after an upload it is taken by itself."""
    await upload(api, world)
    await by_deck(world)
    (outcome,) = await world.record(call(world, "+4917012345678", 30))
    assert (outcome.status, outcome.reason) == ("quarantined", "no_rate")
    assert outcome.detail is not None and "+4917012345678" in outcome.detail
    assert [one.status for one in await world.record(call(world, "+4917012345678", 0))] == ["taken"]
    await upload(api, world, DECK + "49,Germany,international,0.03,,,,,,,\n")
    assert await replay_step(world.work, PhoneNumbers(), read_record, late_window=LATE_WINDOW) == 1
    await world.hear(march_by(world))
    (event,) = await said(world)
    assert figures(event)["minutes", "Germany"] == (1, 30, Decimal("0.015"))


async def test_a_call_over_a_band_is_split(world: World, api: Api) -> None:
    """Peak from 08:00 in the provider's zone; both prices are lines, their seconds add up to the call (R9)."""
    await upload(api, world, DECK.replace("0.01,,,,,,,\n", "0.01,,,,,,,0.04\n"))
    await by_deck(world)
    at = MARCH_10.replace(hour=11, minute=59, second=50)
    (waits,) = await world.record(call(world, "+12125550147", 30, at=at))
    assert waits.reason == "no_rate"
    bands = {
        "effective_from": "2026-01-01",
        "bands": [{"name": "peak", "days": ["mon", "tue"], "from": "08:00", "to": "18:00"}],
        "holidays": {"country": "US", "region": "NY"},
    }
    path = f"/v1/providers/{world.provider_id}/time-bands"
    wrong = await api.internal.put(path, json=bands | {"holidays": {"country": "XX"}})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "holidays")
    assert (await api.internal.put(path, json=bands)).status_code == 200
    await replay_step(world.work, PhoneNumbers(), read_record, late_window=LATE_WINDOW)
    await world.hear(march_by(world))
    (event,) = await said(world)
    lines = [(one["price_per_minute"], one["billed_seconds"], one["calls"]) for one in event["minutes"]]
    assert lines == [("0.01", 12, 1), ("0.04", 18, 1)]


async def test_bundles_cover_their_classes_and_say_their_parts(world: World, api: Api) -> None:
    """Narrowest first, per extension by the part's peak, days held; the parts say which plan held (R16, R17, R19)."""
    await upload(api, world)
    await by_deck(
        world,
        included_minutes=1,
        bundles=({"bundle": "uk", "classes": ("international",), "minutes": 1, "per_extension": True},),
    )
    await world.provision(
        Provision("extension", "1001", NOW.replace(month=3, day=1, hour=12), None),
        Provision("extension", "1002", NOW.replace(month=3, day=30, hour=12), None),
    )
    await world.record(
        call(world, "+442071234567", 170), call(world, "+12125550147", 60, at=MARCH_10 + timedelta(days=1))
    )
    await world.hear(march_by(world))
    (event,) = await said(world)
    assert figures(event) == {
        ("minutes", "United Kingdom"): (1, 0, Decimal(0)),
        ("minutes", "United States"): (1, 60, Decimal("0.01")),
    }
    (part,) = event["parts"]
    assert (part["extensions_peak"], part["extension_days"], part["did_days"]) == (2, 31 + 2, 0)


async def test_a_period_is_rated_again_by_a_corrected_deck(world: World, api: Api) -> None:
    """A new revision with the reason; the old rating is kept for the old one; asked twice it is one re-rating."""
    await upload(api, world)
    await by_deck(world, included_minutes=1)
    calls = [call(world, "+12125550147", 30 + n, at=MARCH_10 + timedelta(minutes=n)) for n in range(7)]
    await world.record(*calls, call(world, "+442071234567", 61, at=MARCH_10 + timedelta(days=1)))
    await world.hear(march_by(world))
    corrected = DECK.replace("1,United States,national,0.01", "1212,New York,local,0.03")
    assert (await upload(api, world, corrected)).status_code == 201
    path = f"/v1/providers/{world.provider_id}/re-ratings"
    body = {"tenant": "all", "start_date": "2026-03-01", "end_date": "2026-04-01", "reason": "Wrong price"}
    asked = [(await api.internal.post(path, json=body)).json() for _ in range(2)]
    assert asked[0]["re_rating_id"] == asked[1]["re_rating_id"]
    assert await re_rating_step(world.work) > 0
    assert (await api.internal.get(f"{path}/{asked[0]['re_rating_id']}")).json()["state"] == "done"
    await meter_until_done(world)
    first, second = await said(world)
    assert (second["revision"], second["reason"], second["reason_text"]) == (2, "re_rated", "Wrong price")
    assert figures(first)["minutes", "United States"][:2] == (7, 246 - 60)
    assert figures(second)["minutes", "New York"] == (7, 246 - 60, Decimal("0.03") * (246 - 60) / 60)
    async with world.engine.connect() as connection:
        kept = await connection.execute(
            text(
                "SELECT until_revision, rating ->> 'price_per_minute' AS price FROM rated_before WHERE tenant_id = :t"
            ),
            {"t": world.tenant_id},
        )
        assert {(row.until_revision, row.price) for row in kept} == {(2, "0.01")}
        (days,) = await connection.execute(
            text(
                "SELECT sum(billed_calls) AS calls FROM day_total WHERE tenant_id = :t AND call_class = 'local'"
            ),
            {"t": world.tenant_id},
        )
    assert days.calls == 7
    # Once more, for another reason: nothing is different, so nothing is said.
    await api.internal.post(path, json=body | {"reason": "Again"})
    await re_rating_step(world.work)
    await meter_until_done(world)
    assert len(await said(world)) == 2
    wrong = await api.internal.post(path, json=body | {"end_date": "2026-03-01"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "end_date")


async def test_calls_that_came_before_their_plan_are_rated_by_it(world: World) -> None:
    """A plan change that is told after the calls of its day: the same lines as told before (R8)."""
    await world.record(
        call(world, "+12125550147", 60), call(world, "+12125550147", 60, at=MARCH_10 - timedelta(days=5))
    )
    await world.hear(world.plan(version=2, price_per_minute="0.08", minimum_seconds=90))
    changed = world.tenant(plan_version=2, plan_from=date(2026, 3, 10)).model_dump()
    await world.hear(TenantChanged.model_validate(changed), time=NOW + timedelta(minutes=1))
    async with world.work() as work:
        rows = await work.lines.of_period(world.tenant_id, date(2026, 3, 1), date(2026, 4, 1))
    assert sorted((row.plan[1], row.billed_seconds, row.price_per_minute) for row in rows) == [
        (1, 60, Decimal("0.02")),
        (2, 90, Decimal("0.08")),
    ]


async def april(api: Api, world: World) -> dict[str, Any]:
    """The usage of April as the Billing page reads it."""
    asked = {"start_date": "2026-04-01", "end_date": "2026-05-01", "plan_id": str(world.plan_id)}
    path = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/usage"
    found: dict[str, Any] = (await api.internal.get(path, params={**asked, "plan_version": 2})).json()
    return found


async def test_limits_are_said_once_also_in_a_race(world: World, api: Api) -> None:
    """50, 80, 100 % of included minutes, the alert, and the spend limit that stops; then released, and a new period."""
    await world.hear(world.plan(version=2, included_minutes=10, spend_alert_minor=10, spend_limit_minor=20))
    changed = world.tenant(plan_version=2, anchor_day=1).model_dump()
    await world.hear(TenantChanged.model_validate(changed), time=NOW + timedelta(minutes=1))
    at = NOW.replace(hour=6)
    await world.record(call(world, "+12125550147", 293, at=at))
    assert await said(world, "usage.threshold.reached.v1") == []
    await asyncio.gather(*(world.record(call(world, "+12125550147", 60, at=at)) for _ in range(8)))
    reached = await said(world, "usage.threshold.reached.v1")
    assert [(one["kind"], one["percent"]) for one in reached] == [
        ("included_minutes", 50),
        ("included_minutes", 80),
        ("included_minutes", 100),
    ]
    await asyncio.gather(*(world.record(call(world, "+12125550147", 60, at=at)) for _ in range(12)))
    reached = (await said(world, "usage.threshold.reached.v1"))[3:]
    kinds = [(one["kind"], one["percent"]) for one in reached]
    assert sorted(kinds) == [("spend", 100), ("spend_limit", 50), ("spend_limit", 80), ("spend_limit", 100)]
    stop = next(one for one in reached if (one["kind"], one["percent"]) == ("spend_limit", 100))
    assert (stop["limit"], stop["currency"], stop["start_date"]) == (20, "USD", "2026-04-01")
    stopped = await april(api, world)
    # 293 s rounded up to 294, then 20 minutes of which 306 s are included: 894 s x 0.02 = 29.8 cents.
    assert stopped["spending"] == {
        "spend_minor": 29, "alert_minor": 10, "limit_minor": 20, "currency": "USD", "holds": True, "released": False
    }  # fmt: skip
    assert stopped["warnings"] == [
        {"kind": "included_minutes", "subject": "included", "percent": 100, "used": 600, "limit": 600},
        {"kind": "spend", "subject": "usage", "percent": 100, "used": 29, "limit": 10},
        {"kind": "spend_limit", "subject": "usage", "percent": 100, "used": 29, "limit": 20},
    ]
    (bundle,) = stopped["bundles"]
    assert (bundle["name"], bundle["seconds"], bundle["used_seconds"]) == ("included", 600, 600)
    (day,) = stopped["days"]
    assert (day["used_seconds"], day["charged_seconds"]) == (1494, 894)
    path = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/spend-limit/release"
    low = await api.internal.post(path, json={"by": "ann", "limit_minor": 5})
    assert (low.status_code, low.json()["field"]) == (422, "limit_minor")
    assert (await api.internal.post(path, json={"by": "ann", "limit_minor": 40})).status_code == 200
    assert (await api.internal.post(path, json={"by": "ann"})).status_code == 409
    await world.record(*(call(world, "+12125550147", 60, at=at) for _ in range(12)))
    assert [(one["kind"], one["percent"], one["limit"]) for one in (await said(world, "usage.threshold.reached.v1"))[7:]] == [
        ("spend_limit", 50, 40), ("spend_limit", 80, 40), ("spend_limit", 100, 40)
    ]  # fmt: skip
    later = NOW + timedelta(days=31)
    await world.hear(ClockAdvanced(provider_id=world.provider_id, now=later))
    released = (await april(api, world))["spending"]
    assert (released["limit_minor"], released["holds"], released["released"]) == (40, True, True)
    await world.hear(march_by(world, start_date=date(2026, 4, 1), end_date=date(2026, 5, 1)))
    cleared = await said(world, "usage.threshold.cleared.v1")
    assert [(one["why"], one["by"]) for one in cleared] == [("released", "ann"), ("new_period", None)]


async def test_a_higher_limit_lets_a_tenant_call_again(world: World) -> None:
    """The plan's new version has a higher limit: cleared, whichever of its two events comes last."""
    await world.hear(world.plan(version=2, spend_limit_minor=2))
    changed = world.tenant(plan_version=2, anchor_day=1).model_dump()
    await world.hear(TenantChanged.model_validate(changed), time=NOW + timedelta(minutes=1))
    await world.record(call(world, "+12125550147", 60, at=NOW.replace(hour=6)))
    raised = world.tenant(plan_version=3, anchor_day=1).model_dump()
    await world.hear(TenantChanged.model_validate(raised), time=NOW + timedelta(minutes=2))
    assert await said(world, "usage.threshold.cleared.v1") == []
    await world.hear(world.plan(version=3, spend_limit_minor=200))
    assert [one["why"] for one in await said(world, "usage.threshold.cleared.v1")] == ["limit_changed"]


async def test_sudden_international_traffic_is_said(world: World, api: Api) -> None:
    """Above an hour, and three times the busiest of the tenant's own 28 days; once a day."""
    await upload(api, world)
    await by_deck(world)
    before = NOW - timedelta(days=5)
    await world.record(
        *(call(world, "+442071234567", 1800, at=before + timedelta(minutes=n)) for n in range(2))
    )
    at = NOW.replace(hour=6)
    await world.record(*(call(world, "+442071234567", 3600, at=at + timedelta(minutes=n)) for n in range(3)))
    assert await said(world, "usage.threshold.reached.v1") == []
    for _ in range(2):
        await world.record(call(world, "+442071234567", 60, at=at))
    (event,) = await said(world, "usage.threshold.reached.v1")
    assert (event["kind"], event["subject"], event["used"], event["limit"]) == (
        "unusual_international", "2026-04-01", 181, 180
    )  # fmt: skip


async def test_two_hundred_thousand_prefixes_in_seconds(world: World, api: Api) -> None:
    """Uploaded whole and used by the next call; the time is printed, and bounded loosely for a busy machine."""
    rows = "".join(
        f"{number},Place {number % 977},international,0.0{number % 89 + 10},,,,,,,\n"
        for number in range(200_000, 400_000)
    )
    began = time.monotonic()
    answer = await upload(api, world, HEAD + rows)
    uploaded = time.monotonic() - began
    assert (answer.status_code, answer.json()["version"]["rows"]) == (201, 200_000)
    await by_deck(world)
    began = time.monotonic()
    assert [one.status for one in await world.record(call(world, "+35312345678", 6))] == ["taken"]
    print(f"200,000 prefixes: upload {uploaded:.1f} s, first use {time.monotonic() - began:.1f} s")
    assert uploaded < 60
    await meter_dirty_periods(world.work)
