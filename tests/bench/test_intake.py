"""FreeSWITCH documents into usage, beside the same server throwing the same bodies away."""

import uuid
from datetime import timedelta

import orjson
import psutil

from deploy.demo.cast import PROVIDER, StagedTenant
from deploy.demo.month import Call, generate
from deploy.demo.records import freeswitch
from deploy.demo.scenario import OPENED, PERIOD_END
from tests.bench.cast import SUSPENDED_AT, BenchStage
from tests.bench.conftest import Running, service_process
from tests.bench.figures import Figures
from tests.bench.http_load import Load, post_all, request_bytes

DOCUMENTS = 4_000
WARM_UP = 300
DOCUMENT_BYTES = 12_000
# A body of this size whose route does not exist is received whole and answered 404.
TAKEN, DISCARDED = "/v1/cdrs/freeswitch", "/v1/cdrs/no-such-switch"


def document(call: Call) -> bytes:
    """One leg with the channel variables and SIP headers that fill a real switch's document to about 12 kB."""
    made = freeswitch(call)
    variables = made["variables"]
    assert isinstance(variables, dict)
    missing = DOCUMENT_BYTES - len(orjson.dumps(made))
    number = 0
    while missing > 0:
        name, value = f"sip_h_X-Trunk-Detail-{number:03d}", uuid.UUID(int=call.uuid.int ^ number).hex
        variables[name] = value
        missing -= len(name) + len(value) + 6
        number += 1
    return orjson.dumps(made)


def calls_before_now(staged: BenchStage, wanted: int) -> list[Call]:
    """Different calls that ended before the provider's present instant."""
    latest = int((SUSPENDED_AT - timedelta(hours=1)).timestamp() * 1_000_000)
    month = generate((staged.provider.spec,), wanted * 2)
    different = {call.uuid: call for call in month.in_time if call.ended < latest}
    assert len(different) >= wanted
    return list(different.values())[:wanted]


async def calls_counted(staged: BenchStage, tenant: StagedTenant) -> int:
    """How many calls the tenant's usage of October holds."""
    path = f"{PROVIDER}/tenants/{tenant.tenant_id}"
    known = await staged.provider.admin.get(path)
    usage = await staged.provider.admin.get(
        f"{path}/usage",
        params={
            "start_date": OPENED.isoformat(),
            "end_date": PERIOD_END.isoformat(),
            "plan_id": known["plan_id"],
            "plan_version": known["plan_version"],
        },
    )
    return sum(int(day["calls"]) for day in usage["days"])


async def test_freeswitch_documents_into_usage(
    staged: BenchStage, running: Running, figures: Figures
) -> None:
    """Every document is taken and counted once; the discarding route shows what receiving alone costs."""
    url, token = staged.stage.services["usage"], staged.provider.switch_token
    server = service_process(running.stack, "usage")
    calls = calls_before_now(staged, WARM_UP + DOCUMENTS)
    bodies = [(call, document(call)) for call in calls]
    taken = [request_bytes(url, f"{TAKEN}?uuid={call.uuid}", token, body) for call, body in bodies]
    discarded = [request_bytes(url, f"{DISCARDED}?uuid={call.uuid}", token, body) for call, body in bodies]
    warm = await post_all(url, [*discarded[:WARM_UP], *taken[:WARM_UP]], server)
    assert warm.statuses == {404: WARM_UP, 201: WARM_UP}

    thrown = await post_all(url, discarded[WARM_UP:], server)
    kept = await post_all(url, taken[WARM_UP:], server)
    assert thrown.statuses == {404: DOCUMENTS}
    assert kept.statuses == {201: DOCUMENTS}
    assert await calls_counted(staged, staged.caller) == len(calls)

    size = sum(len(body) for _, body in bodies) / len(bodies) / 1000
    figures.add(f"FreeSWITCH documents of {size:.0f} kB into usage", _rate(kept), beside=_cost(kept))
    figures.add("the same bodies discarded (404)", _rate(thrown), beside=_cost(thrown))
    figures.add(
        "ratio of the two",
        f"{thrown.per_second / kept.per_second:.1f} in rate, {kept.server_ms / thrown.server_ms:.1f} in CPU",
        beside=f"{psutil.cpu_count()} cores for client, service and database together",
    )


def _rate(load: Load) -> str:
    return f"{load.per_second:.0f}/s"


def _cost(load: Load) -> str:
    return f"CPU a document: service {load.server_ms:.2f} ms, client {load.client_ms:.2f} ms"
