"""Call History: filters, exports, and the invoice that counts a call."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from services.usage.domain.records import Received
from services.usage.entrypoints.formats.reading import received_freeswitch
from shared.events.invoicing import InvoiceIssued, PeriodEnded, UsageBilled
from tests.integration.usage.conftest import Api, World
from tests.integration.usage.test_intake import calls, usage
from tests.unit.usage.records import leg, posted

pytestmark = pytest.mark.integration
FIRST = datetime(2026, 3, 10, 15, tzinfo=UTC)


def one_leg(
    world: World, uuid: str, at: datetime, *, called: str = "+12125550147", talk_us: int = 60_000_000
) -> Received:
    document = leg(domain=world.domain, uuid=uuid, answer=at, called=called, talk_us=talk_us)
    (made,) = received_freeswitch(posted(document), None)
    return made


def issued(world: World, revision: int, number: str) -> InvoiceIssued:
    return InvoiceIssued.model_validate(
        {
            "provider_id": world.provider_id,
            "tenant_id": world.tenant_id,
            "invoice_id": uuid4(),
            "number": number,
            "currency": "USD",
            "total_minor": 100,
            "paid_minor": 0,
            "balance_minor": 100,
            "issued_on": date(2026, 4, 1),
            "due_on": date(2026, 4, 15),
            "overdue_at": datetime(2026, 4, 16, 4, tzinfo=UTC),
            "usage": (
                UsageBilled(start_date=date(2026, 3, 1), end_date=date(2026, 4, 1), revision=revision),
            ),
        }
    )


def march_ended(world: World) -> PeriodEnded:
    return PeriodEnded.model_validate(
        {
            "provider_id": world.provider_id,
            "tenant_id": world.tenant_id,
            "start_date": date(2026, 3, 1),
            "end_date": date(2026, 4, 1),
            "plan_id": world.plan_id,
            "plan_version": 1,
        }
    )


async def test_calls_are_found_by_class_and_day(api: Api, world: World) -> None:
    """Two classes on two days: each filter gives the calls that it names, a day being the tenant's."""
    late_evening = datetime(2026, 3, 11, 3, 30, tzinfo=UTC)  # still March 10 in New York
    await world.record(
        one_leg(world, "a", FIRST),
        one_leg(world, "b", late_evening, called="+18005550199"),
        one_leg(world, "c", FIRST + timedelta(days=2)),
    )
    tenth = await calls(api, world, start_date="2026-03-10", end_date="2026-03-11")
    assert [one["to"] for one in tenth["calls"]] == ["+18005550199", "+12125550147"]
    free = await calls(api, world, **{"class": "toll_free"})
    assert [one["call_class"] for one in free["calls"]] == ["toll_free"]


async def test_a_call_names_the_first_invoice_that_counts_it(api: Api, world: World) -> None:
    """A call in time is on the first invoice of its period, a late one on the invoice of the later revision."""
    await world.record(one_leg(world, "in time", FIRST))
    await world.hear(march_ended(world))
    await world.hear(issued(world, 1, "KV-1"))
    await world.record(one_leg(world, "late", FIRST + timedelta(hours=1)))
    before = await calls(api, world)
    assert [one["invoice"] and one["invoice"]["number"] for one in before["calls"]] == [None, "KV-1"]
    await world.hear(issued(world, 2, "KV-2"))
    await world.hear(issued(world, 2, "KV-2"))
    after = await calls(api, world)
    assert [one["invoice"]["number"] for one in after["calls"]] == ["KV-2", "KV-1"]
    assert [one["invoice"]["revision"] for one in after["calls"]] == [2, 1]


async def test_exports_hold_every_call_in_both_forms(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over several pieces, with the same filter, CSV and Parquet hold each call once, newest first."""
    monkeypatch.setattr("services.usage.entrypoints.call_export.CALLS_A_PIECE", 7)
    await world.record(*(one_leg(world, f"c{at}", FIRST + timedelta(minutes=at)) for at in range(20)))
    await world.record(one_leg(world, "other", FIRST, called="+18005550199"))
    path = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/calls/export"
    asked = {"start_date": "2026-03-01", "class": "external"}
    text = await api.internal.get(path, params=asked)
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(text.text)))
    assert [row["placed_at"] for row in rows] == [
        (FIRST + timedelta(minutes=at)).isoformat() for at in reversed(range(20))
    ]
    binary = await api.internal.get(path, params={**asked, "format": "parquet"})
    table = pq.read_table(io.BytesIO(binary.content))
    assert [str(one) for one in table.column("call_id").to_pylist()] == [row["call_id"] for row in rows]
    assert table.column("placed_at").to_pylist()[-1] == FIRST


async def test_further_fields_of_our_own_records_are_a_column_and_a_filter(api: Api, world: World) -> None:
    """What a platform sends beyond the fields that we read finds its calls again, in pages and in both files."""
    every: tuple[dict[str, object], ...] = (
        {"queue": "sales", "agent": 7},
        {"queue": "sales", "agent": 8},
        {"queue": "a\x00b"},
        {},
    )
    records = [
        {
            "id": f"x{at}",
            "tenant": world.domain,
            "from": "1001",
            "to": "+12125550147",
            "start_time": FIRST.timestamp() + at,
            "duration": 60,
            **further,
        }
        for at, further in enumerate(every)
    ]
    answer = await api.switch.post("/v1/cdrs", json=records)
    assert answer.json()["taken"] == len(records)
    path = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/calls"
    asked = {"start_date": "2026-03-01", "extra": ["queue=sales", "agent=8"]}
    page = (await api.internal.get(path, params=asked)).json()
    assert [one["extra"] for one in page["calls"]] == [{"queue": "sales", "agent": 8}]
    text = await api.internal.get(f"{path}/export", params={**asked, "extra": "queue=sales"})
    rows = list(csv.DictReader(io.StringIO(text.text)))
    assert [json.loads(row["extra"])["agent"] for row in rows] == [8, 7]
    binary = await api.internal.get(
        f"{path}/export", params={"start_date": "2026-03-01", "format": "parquet"}
    )
    column = pq.read_table(io.BytesIO(binary.content)).column("extra").to_pylist()
    assert [one and json.loads(one) for one in column] == [
        None,
        {"queue": "a\x00b"},
        {"queue": "sales", "agent": 8},
        {"queue": "sales", "agent": 7},
    ]
    refused = await api.internal.get(path, params={"extra": "sales"})
    assert refused.status_code == 422 and refused.json()["field"] == "extra"


async def test_an_export_of_nothing_is_an_empty_file(api: Api, world: World) -> None:
    """A head line, or a Parquet file without rows: both are files that open."""
    path = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/calls/export"
    text = await api.internal.get(path, params={"start_date": "2026-03-01"})
    assert text.text.startswith("call_id,placed_at") and text.text.count("\n") == 1
    binary = await api.internal.get(path, params={"start_date": "2026-03-01", "format": "parquet"})
    assert pq.read_table(io.BytesIO(binary.content)).num_rows == 0


async def test_an_export_is_not_a_formula(api: Api, world: World) -> None:
    """A caller's name that a spreadsheet would run is text in the file."""
    document = leg(domain=world.domain, uuid="evil", answer=FIRST, caller='=HYPERLINK("http://x")')
    await world.record(*received_freeswitch(posted(document), None))
    path = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/calls/export"
    text = await api.internal.get(path, params={"start_date": "2026-03-01"})
    (row,) = csv.DictReader(io.StringIO(text.text))
    assert row["from"].startswith("'=")


async def test_an_export_has_a_beginning_and_a_tenant(api: Api, world: World) -> None:
    """Without a first day it is refused; another provider's tenant is not found."""
    path = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/calls/export"
    assert (await api.internal.get(path)).status_code == 422
    foreign = f"/v1/providers/{uuid4()}/tenants/{world.tenant_id}/calls/export"
    assert (await api.internal.get(foreign, params={"start_date": "2026-03-01"})).status_code == 404


async def test_usage_is_told_by_day_and_class(api: Api, world: World) -> None:
    """Two classes on one day: their figures apart, summing to the day, at once after they were recorded."""
    await world.record(
        one_leg(world, "paid", FIRST),
        one_leg(world, "free", FIRST, called="+18005550199", talk_us=30_000_000),
    )
    shown = await usage(api, world)
    apart = {one["call_class"]: (one["calls"], one["billed_seconds"]) for one in shown["by_class"]}
    assert apart == {"external": (1, 60), "toll_free": (1, 30)}
    (day,) = shown["days"]
    assert (day["calls"], day["billed_seconds"]) == (2, 90)


async def test_totals_are_of_all_calls_that_the_filters_find(api: Api, world: World) -> None:
    """More calls than a page: the totals are their sum, and follow the same filters, own hold included."""
    await world.record(*(one_leg(world, f"t{at}", FIRST + timedelta(minutes=at)) for at in range(5)))
    await world.record(one_leg(world, "free", FIRST, called="+18005550199"))
    path = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/calls/totals"
    month = {"start_date": "2026-03-01", "end_date": "2026-04-01"}
    whole = (await api.internal.get(path, params=month)).json()
    listed = (await calls(api, world, **month))["calls"]
    assert whole["calls"] == len(listed) == 6
    assert whole["billed_calls"] == 6
    for name in ("billed_seconds", "talk_ms", "hold_ms"):
        assert whole[name] == sum(one[name] for one in listed)
    some = (await api.internal.get(path, params={**month, "class": "external"})).json()
    assert (some["calls"], some["billed_seconds"]) == (5, 300)
    none = (await api.internal.get(path, params={**month, "number": "999"})).json()
    assert none == {"calls": 0, "billed_calls": 0, "billed_seconds": 0, "talk_ms": 0, "hold_ms": 0}


@pytest.mark.parametrize(
    ("asked", "field"),
    [({}, "start_date"), ({"start_date": "2020-01-01", "end_date": "2026-01-01"}, "end_date")],
)
async def test_totals_want_bounds(api: Api, world: World, asked: dict[str, str], field: str) -> None:
    """Without them a whole history would be added up for one page."""
    path = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/calls/totals"
    answer = await api.internal.get(path, params=asked)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
