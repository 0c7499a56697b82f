"""Trunks, choices and suspicious records over HTTP."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.integration.usage.conftest import NOW, Api, World
from tests.integration.usage.test_quarantine import replay_until_done
from tests.unit.usage.records import ANSWER, leg, micros, posted
from tests.unit.usage.switch_legs import Leg, hold

pytestmark = pytest.mark.integration


async def test_a_trunk_is_mapped_by_api_and_what_waited_is_taken(api: Api, world: World) -> None:
    """Put, get, list, delete; a stranger's tenant is refused."""
    at = f"/v1/providers/{world.provider_id}/trunks"
    lost = Leg("k-b", False, True, "anonymous", "+33140000000", "", 0.0, 7.0)
    answer = await api.switch.post("/v1/cdrs/freeswitch", content=posted(lost.document()))
    assert (answer.status_code, answer.json()["quarantined"]) == (202, 1)
    refused = await api.internal.put(f"{at}/carrier", json={"tenant_id": str(uuid4())})
    assert refused.status_code == 404
    put = await api.internal.put(f"{at}/carrier", json={"tenant_id": str(world.tenant_id)})
    expected = {"name": "carrier", "tenant_id": str(world.tenant_id)}
    assert (put.status_code, put.json()) == (200, expected)
    assert (await api.internal.get(f"{at}/carrier")).json() == expected
    assert (await api.internal.get(at)).json() == [expected]
    await replay_until_done(world)
    answer = await api.switch.post("/v1/cdrs/freeswitch", content=posted(lost.document()))
    assert (answer.status_code, answer.json()["repeated"]) == (200, 1)
    assert (await api.internal.delete(f"{at}/carrier")).status_code == 204
    assert (await api.internal.delete(f"{at}/carrier")).status_code == 404
    assert (await api.stranger.get(at)).status_code in (401, 403)


async def test_a_provider_chooses_who_pays(api: Api, world: World) -> None:
    """Both tenants and the outbound leg by default; the choice is kept, nonsense refused."""
    at = f"/v1/providers/{world.provider_id}/intake-options"
    default = {"between_tenants": "both", "forwarded_calls": "outbound"}
    assert (await api.internal.get(at)).json() == default
    chosen = {"between_tenants": "caller", "forwarded_calls": "both"}
    assert (await api.internal.put(at, json=chosen)).json() == chosen
    assert (await api.internal.get(at)).json() == chosen
    assert (await api.internal.put(at, json={"between_tenants": "nobody"})).status_code == 422


async def test_suspicious_records_are_listed_and_billed(api: Api, world: World) -> None:
    """Hold over 90 %, an end after its receipt, an answer before the start, and over 24 h, which waits (R14)."""
    held = leg(domain=world.domain, talk_us=60_000_000, hold=hold((0.1, 60.0)))
    future = leg(domain=world.domain, answer=NOW + timedelta(hours=1))
    early = leg(domain=world.domain, variables={"start_uepoch": micros(ANSWER + timedelta(seconds=9))})
    long = leg(domain=world.domain, talk_us=25 * 3600 * 1_000_000, answer=NOW - timedelta(days=3))
    for one in (held, future, early, long, leg(domain=world.domain)):
        await api.switch.post("/v1/cdrs/freeswitch", content=posted(one))
    at = f"/v1/providers/{world.provider_id}/flagged"
    found = (await api.internal.get(at)).json()
    assert sorted((one["flags"], one["billed_seconds"]) for one in found["calls"]) == [
        (["answered_before_start"], 30),
        (["ended_after_receipt"], 30),
        (["hold_over_90_percent"], 6),
    ]
    assert len(found["waiting"]) == 1
    first = (await api.internal.get(at, params={"limit": 1})).json()
    rest = (await api.internal.get(at, params={"limit": 5, "cursor": first["next"]})).json()
    assert len(first["calls"]) + len(rest["calls"]) == 3
    only = (await api.internal.get(at, params={"flag": "hold_over_90_percent"})).json()
    assert [one["flags"] for one in only["calls"]] == [["hold_over_90_percent"]]
