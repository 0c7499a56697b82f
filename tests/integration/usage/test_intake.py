"""Calls come in over HTTP as switches send them, and are durable when answered."""

import asyncio
import base64
import gzip
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from services.usage.use_cases.provision_resources import Provision
from tests.integration.usage.conftest import NOW, Api, World
from tests.unit.usage.records import ANSWER, leg, posted

pytestmark = pytest.mark.integration
MARCH = {"start_date": "2026-03-01", "end_date": "2026-04-01", "plan_version": "1"}


async def usage(api: Api, world: World) -> dict[str, Any]:
    answer = await api.internal.get(
        f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/usage",
        params={**MARCH, "plan_id": str(world.plan_id)},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def calls(api: Api, world: World, **asked: str) -> dict[str, Any]:
    answer = await api.internal.get(
        f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/calls", params=asked
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_posted_leg_is_billed_once_in_every_form(api: Api, world: World) -> None:
    """One leg in four wire forms is taken once; the rest are repeats, and 24.24 s bill 30 s."""
    body = posted(leg(domain=world.domain))
    forms = [
        body,
        b"cdr=" + quote(body, safe="+").encode(),
        b"cdr=" + base64.b64encode(body),
        b"cdr=" + body,
    ]
    answers = [await api.switch.post("/v1/cdrs/freeswitch", content=form) for form in forms]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200]
    assert [answer.json()["taken"] for answer in answers] == [1, 0, 0, 0]
    assert (await usage(api, world))["billed_seconds"] == 30


async def test_many_at_once_are_all_taken_and_counted(api: Api, world: World) -> None:
    """A hundred legs at once, each posted twice: a hundred calls, and totals that equal their sum."""
    legs = [leg(domain=world.domain, talk_us=1_000_000 * (at + 1)) for at in range(100)]
    answers = await asyncio.gather(
        *(api.switch.post("/v1/cdrs/freeswitch", content=posted(one)) for one in legs * 2)
    )
    assert sum(answer.json()["taken"] for answer in answers) == 100
    assert sum(answer.json()["repeated"] for answer in answers) == 100
    found = await usage(api, world)
    assert found["billed_seconds"] == sum(-(-(at + 1) // 6) * 6 for at in range(100))
    assert [day["calls"] for day in found["days"]] == [100]


async def test_a_record_with_other_contents_is_kept_as_a_conflict(api: Api, world: World) -> None:
    """The first received is billed, the other waits for the operator (R15)."""
    uuid = str(uuid4())
    first = posted(leg(domain=world.domain, uuid=uuid, talk_us=10_000_000))
    other = posted(leg(domain=world.domain, uuid=uuid, talk_us=99_000_000))
    assert (await api.switch.post("/v1/cdrs/freeswitch", content=first)).status_code == 201
    answer = await api.switch.post("/v1/cdrs/freeswitch", content=other)
    assert (answer.status_code, answer.json()["quarantined"]) == (202, 1)
    assert (await usage(api, world))["billed_seconds"] == 12
    listed = (await api.internal.get(f"/v1/providers/{world.provider_id}/quarantine")).json()["records"]
    assert [one["reason"] for one in listed] == ["conflict"]


async def test_a_batch_keeps_the_good_and_reports_the_bad_by_position(api: Api, world: World) -> None:
    """Asterisk rows: one good, one cut off, one of nobody's, one repeated."""
    good = (
        f'"acct-{world.domain}","1001","12125550147","internal","","PJSIP/1","PJSIP/t","Dial","",'
        '"2026-03-05 10:00:00","2026-03-05 10:00:05","2026-03-05 10:01:00",60,55,"ANSWERED","DOC","1.1",""'
    )
    nobody = good.replace(f"acct-{world.domain}", "nobody").replace('"1.1"', '"1.2"')
    body = "\r\n".join((good, '"a","b"', nobody, good)).encode()
    answer = await api.switch.post("/v1/cdrs/asterisk", content=body, params={"switch": "pbx1"})
    found = answer.json()
    assert (answer.status_code, found["taken"], found["repeated"], found["quarantined"]) == (201, 1, 1, 2)
    assert [(one["position"], one["field"]) for one in found["problems"]] == [(1, "row"), (2, "tenant")]
    assert (await usage(api, world))["billed_seconds"] == 60


async def test_a_stray_quote_costs_its_own_row_only(api: Api, world: World) -> None:
    """Four rows, the second with a lone quote: it waits by its position, the three others are taken."""
    rows = [
        f'"acct-{world.domain}","1001","12125550147","internal","","PJSIP/{at}","PJSIP/t","Dial","",'
        f'"2026-03-05 10:00:00","2026-03-05 10:00:05","2026-03-05 10:01:00",60,55,"ANSWERED","DOC","1.{at}",""'
        for at in range(4)
    ]
    rows[1] = rows[1].replace("Dial", 'Di"al')
    answer = await api.switch.post("/v1/cdrs/asterisk", content="\n".join(rows) + "\n")
    found = answer.json()
    assert (answer.status_code, found["taken"], found["quarantined"]) == (201, 3, 1)
    assert [(one["position"], one["field"]) for one in found["problems"]] == [(1, "row")]
    assert (await usage(api, world))["billed_seconds"] == 3 * 60


async def test_own_records_name_their_tenant_and_direction(api: Api, world: World) -> None:
    """An array of two; the price is the plan's, the charge exact."""
    record = {
        "id": "c1",
        "tenant": world.domain,
        "direction": "inbound",
        "from": "+442079460123",
        "to": "+12125550100",
        "start_time": ANSWER.isoformat(),
        "duration": 61,
    }
    answer = await api.switch.post("/v1/cdrs", content=json.dumps([record, {**record, "id": "c2"}]))
    assert (answer.status_code, answer.json()["taken"]) == (201, 2)
    (line,) = (await usage(api, world))["minutes"]
    assert (line["direction"], line["calls"], line["billed_seconds"]) == ("inbound", 2, 132)
    assert line["charge"] == "0.044"


async def test_what_is_no_record_is_refused_and_kept(api: Api, world: World) -> None:
    """A 4xx problem that names the field; the bytes are in quarantine, once however often they come."""
    for _ in range(2):
        answer = await api.switch.post("/v1/cdrs/freeswitch", content=b'{"variables":{}}')
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["field"] == "variables.uuid"
    listed = (await api.internal.get(f"/v1/providers/{world.provider_id}/quarantine")).json()["records"]
    assert [one["reason"] for one in listed] == ["unreadable"]


async def test_a_number_beyond_all_bounds_costs_its_own_record_only(api: Api, world: World) -> None:
    """An exponent of millions in one of three: it waits with the field's name, the two others are taken."""
    good = {
        "id": "c1",
        "tenant": world.domain,
        "from": "1001",
        "to": "+12125550100",
        "start_time": ANSWER.isoformat(),
        "duration": 61,
    }
    batch = [good, {**good, "id": "c2", "tenant_hold_ms": "1e9999999"}, {**good, "id": "c3"}]
    answer = await api.switch.post("/v1/cdrs", content=json.dumps(batch))
    found = answer.json()
    assert (answer.status_code, found["taken"], found["quarantined"]) == (201, 2, 1)
    assert [(one["position"], one["field"]) for one in found["problems"]] == [(1, "tenant_hold_ms")]


async def test_a_nul_in_the_address_is_kept_visibly(api: Api, world: World) -> None:
    """PostgreSQL's text knows no NUL: what waits shows it escaped, what is good is taken, a replay reads the same."""
    row = (
        f'"acct-{world.domain}","1001","12125550147","internal","","PJSIP/1","PJSIP/t","Dial","",'
        '"2026-03-05 10:00:00","2026-03-05 10:00:05","2026-03-05 10:01:00",60,55,"ANSWERED","DOC","1.1",""'
    )
    answer = await api.switch.post("/v1/cdrs/asterisk?switch=p%00bx", content=row + '\n"cut","off"\n')
    assert (answer.status_code, answer.json()["taken"], answer.json()["quarantined"]) == (201, 1, 1)
    nameless = leg(domain=world.domain)
    variables = nameless["variables"]
    assert isinstance(variables, dict)
    del variables["uuid"], nameless["callflow"]
    answer = await api.switch.post("/v1/cdrs/freeswitch?uuid=a_%00", content=posted(nameless))
    assert (answer.status_code, answer.json()["field"]) == (422, "variables.uuid")
    at = f"/v1/providers/{world.provider_id}/quarantine"
    assert (await api.internal.post(f"{at}/replay")).json() == {"taken": 0, "repeated": 0, "quarantined": 2}
    async with world.work() as work:
        kept = await work.quarantine.listed(world.provider_id, state="waiting", after=None, limit=9)
    shown = {one.source: dict(one.context) for one in kept}
    assert shown == {
        "asterisk": {"switch": "p\\x00bx", "time_zone": "UTC"},
        "freeswitch": {"uuid": "a_\\x00"},
    }


@pytest.mark.parametrize("path", ["/v1/cdrs/freeswitch", "/v1/cdrs/asterisk", "/v1/cdrs"])
async def test_an_empty_body_is_refused(api: Api, path: str) -> None:
    """There is nothing to keep."""
    answer = await api.switch.post(path, content=b" \n")
    assert (answer.status_code, answer.json()["field"]) == (422, "body")


async def test_gzip_is_unpacked_and_other_compression_refused(api: Api, world: World) -> None:
    """The same leg packed and plain is one call; what cannot be unpacked is not kept, and the answer says why."""
    path, plain = "/v1/cdrs/freeswitch", posted(leg(domain=world.domain))
    packed = gzip.compress(plain)

    async def post(content: bytes, encoding: str) -> tuple[int, str]:
        answer = await api.switch.post(path, content=content, headers={"Content-Encoding": encoding})
        return answer.status_code, answer.text

    assert (await post(packed, "gzip"))[0] == 201
    assert (await post(plain, "Identity"))[0] == 200
    assert (await post(packed, "br"))[0] == 415
    assert (await post(packed[:-9], "gzip"))[0] == 422
    bomb = gzip.compress(b" " * (65 * 1024 * 1024))
    assert (await post(bomb, "gzip"))[0] == 413
    listed = (await api.internal.get(f"/v1/providers/{world.provider_id}/quarantine")).json()["records"]
    assert listed == []


async def test_a_batch_may_hold_ten_thousand_records(api: Api, world: World) -> None:
    """Ten thousand are taken in one request, one more is refused and nothing of it kept."""

    def batch(count: int) -> bytes:
        line = '{{"id": "b{}", "tenant": "' + world.domain + '", "from": "1001", "to": "+12125550147", '
        line += '"start_time": "1773154800.25", "end_time": 1773154806.25, "shoe_size": 44}}'
        return "\n".join(line.format(at) for at in range(count)).encode()

    packed = gzip.compress(batch(10_000))
    answer = await api.switch.post("/v1/cdrs", content=packed, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["taken"]) == (201, 10_000)
    assert (await usage(api, world))["billed_seconds"] == 60_000
    assert (await api.switch.post("/v1/cdrs", content=batch(10_001))).status_code == 413


async def test_a_call_over_a_day_says_how_to_accept_it_over_http(api: Api, world: World) -> None:
    """The field of the replay, in the answer to the switch and in the list; not the option of the command."""
    long = posted(leg(domain=world.domain, talk_us=25 * 3600 * 1_000_000, answer=NOW - timedelta(days=3)))
    (found,) = (await api.switch.post("/v1/cdrs/freeswitch", content=long)).json()["problems"]
    at = f"/v1/providers/{world.provider_id}/quarantine"
    (listed,) = (await api.internal.get(at)).json()["records"]
    advice = "The call is over 24 hours long; look at it, then replay it with `accept_long`, or leave it."
    assert (found["detail"], listed["detail"]) == (advice, advice)
    body = {"quarantine_ids": [listed["quarantine_id"]], "accept_long": True}
    assert (await api.internal.post(f"{at}/replay", json=body)).json()["taken"] == 1


async def test_only_switches_may_send_records(api: Api) -> None:
    """Another role is 403, no token 401, a body over 16 MiB 413."""
    body = posted(leg())
    assert (await api.stranger.post("/v1/cdrs/freeswitch", content=body)).status_code == 403
    nobody = {"Authorization": "Bearer nonsense"}
    assert (await api.switch.post("/v1/cdrs/freeswitch", content=body, headers=nobody)).status_code == 401
    huge = b"x" * (16 * 1024 * 1024 + 1)
    assert (await api.switch.post("/v1/cdrs", content=huge)).status_code == 413


async def test_a_switch_may_send_its_token_as_a_password(api: Api, world: World) -> None:
    """mod_json_cdr knows Basic only (`cred` in json_cdr.conf)."""
    token = api.switch.headers["authorization"].removeprefix("Bearer ")
    basic = base64.b64encode(f"switch:{token}".encode()).decode()
    answer = await api.switch.post(
        "/v1/cdrs/freeswitch",
        content=posted(leg(domain=world.domain)),
        headers={"Authorization": f"Basic {basic}"},
    )
    assert answer.status_code == 201


async def test_classes_and_directions_follow_the_tenants_own_numbers(api: Api, world: World) -> None:
    """A DID called is inbound, two own ends are internal and free, 911 is free, the rest is external."""
    since = NOW - timedelta(days=60)
    await world.provision(
        Provision("did", "(212) 555-0100", since, None),
        Provision("extension", "1001", since, None),
        Provision("extension", "1002", since, None),
    )
    legs = [
        leg(domain="sip.carrier.example", caller="+442079460123", called="12125550100"),
        leg(domain=world.domain, caller="1001", called="1002"),
        leg(domain=world.domain, caller="1001", called="911"),
        leg(domain=world.domain, caller="1001", called="18005550199"),
        leg(domain=world.domain, caller="1001", called="+12125550147"),
    ]
    for one in legs:
        answer = await api.switch.post("/v1/cdrs/freeswitch", content=posted(one))
        assert answer.status_code == 201, answer.text
    lines = {
        (one["call_class"], one["direction"]): one["charge"] for one in (await usage(api, world))["minutes"]
    }
    assert {line: float(charge) for line, charge in lines.items()} == {
        ("external", "inbound"): 0.01,
        ("internal", "outbound"): 0,
        ("emergency", "outbound"): 0,
        ("toll_free", "outbound"): 0.01,
        ("external", "outbound"): 0.01,
    }


async def test_call_history_filters_and_pages(api: Api, world: World) -> None:
    """Newest first, each call once over all pages; unanswered ones only when asked for."""
    for at in range(7):
        one = leg(domain=world.domain, answer=ANSWER + timedelta(minutes=at), called=f"+1212555014{at}")
        await api.switch.post("/v1/cdrs/freeswitch", content=posted(one))
    await api.switch.post("/v1/cdrs/freeswitch", content=posted(leg(domain=world.domain, answer=None)))
    seen: list[str] = []
    page = await calls(api, world, limit="3")
    while True:
        seen += [call["to"] for call in page["calls"]]
        if page["next"] is None:
            break
        page = await calls(api, world, limit="3", cursor=page["next"])
    assert seen == [f"+1212555014{at}" for at in reversed(range(7))]
    for number in ("+12125550143", "(212) 555-0143", "0143", "0012125550143"):
        found = await calls(api, world, number=number)
        assert [call["to"] for call in found["calls"]] == ["+12125550143"]
    assert (await calls(api, world, direction="inbound"))["calls"] == []
    assert len((await calls(api, world, unanswered="true"))["calls"]) == 8
    later = await calls(api, world, **{"from": (ANSWER + timedelta(minutes=5)).isoformat()})
    assert len(later["calls"]) == 2


async def test_a_nul_in_a_question_is_refused(api: Api, world: World) -> None:
    """No number and no extension has one; the database could not even be asked."""
    tenant = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}"
    wanted = [{"kind": "extension", "value": "10\x0001", "from": NOW.isoformat()}]
    for answer, field in (
        (await api.internal.get(f"{tenant}/calls?number=%00"), "number"),
        (await api.internal.get(f"{tenant}/calls?number=1%002"), "number"),
        (await api.internal.post(f"{tenant}/resources", json=wanted), "0.value"),
        (await api.internal.delete(f"{tenant}/resources/extension/10%0001"), "value"),
    ):
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


async def test_days_count_all_calls_and_lines_those_with_billed_time(api: Api, world: World) -> None:
    """Unanswered calls are calls; free internal ones are no minutes used."""
    since = NOW - timedelta(days=60)
    await world.provision(
        Provision("extension", "1001", since, None), Provision("extension", "1002", since, None)
    )
    for one in (
        leg(domain=world.domain),
        leg(domain=world.domain, answer=None),
        leg(domain=world.domain, called="1002"),
    ):
        await api.switch.post("/v1/cdrs/freeswitch", content=posted(one))
    found = await usage(api, world)
    assert found["days"] == [
        {"day": "2026-03-10", "calls": 3, "billed_seconds": 60, "used_seconds": 30, "charged_seconds": 30}
    ]
    assert [(line["call_class"], line["calls"]) for line in found["minutes"]] == [
        ("external", 1),
        ("internal", 1),
    ]
    assert found["billed_seconds"] == 30


async def test_another_providers_tenant_is_not_found(api: Api, world: World) -> None:
    """Unknown and foreign look the same from outside."""
    for path in ("calls", "usage"):
        answer = await api.internal.get(
            f"/v1/providers/{uuid4()}/tenants/{world.tenant_id}/{path}",
            params={**MARCH, "plan_id": str(world.plan_id)},
        )
        assert answer.status_code == 404


async def test_late_and_early_calls_are_kept_and_not_billed(api: Api, world: World) -> None:
    """Before the tenant's plan, or older than the late window (R8, R42): in Call History, with the reason."""
    late = leg(domain=world.domain, answer=NOW - timedelta(days=90, hours=1))
    early = leg(domain=world.domain, answer=NOW - timedelta(days=91 + 60))
    in_time = leg(domain=world.domain, answer=NOW - timedelta(days=89))
    for one in (late, early, in_time):
        assert (await api.switch.post("/v1/cdrs/freeswitch", content=posted(one))).status_code == 201
    found = [(call["not_billed"], call["billed_seconds"]) for call in (await calls(api, world))["calls"]]
    assert found == [(None, 30), ("too_late", 0), ("before_plan", 0)]


async def test_unknown_fields_of_our_own_record_are_kept_and_shown(api: Api, world: World) -> None:
    """Whatever a platform sends beyond what is billed by stands beside the call; large batches copy it as well."""
    plain = {"tenant": world.domain, "from": "1001", "to": "+12125550147", "start_time": ANSWER.timestamp()}
    one = {**plain, "id": "x-0", "duration": 61, "colour": "red", "nested": {"a": [1, None, "\x00"]}}
    await api.switch.post("/v1/cdrs", json=one)
    many = [{**plain, "id": f"x-{at}", "duration": 61, "colour": at} for at in range(1, 150)]
    assert (await api.switch.post("/v1/cdrs", json=many)).json()["taken"] == 149
    at = f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/calls"
    found = (await api.internal.get(at, params={"limit": 200})).json()["calls"]
    extras = [call["extra"] for call in found]
    assert {"colour": "red", "nested": {"a": [1, None, "\x00"]}} in extras
    assert sorted(str(extra["colour"]) for extra in extras) == sorted(["red", *map(str, range(1, 150))])
