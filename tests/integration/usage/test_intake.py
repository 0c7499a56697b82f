"""Calls come in over HTTP as switches send them, and are durable when answered."""

import base64
from urllib.parse import quote

import pytest

from tests.integration.usage.conftest import Api, World
from tests.unit.usage.records import leg, posted

pytestmark = pytest.mark.integration
MARCH = {"start_date": "2026-03-01", "end_date": "2026-04-01", "plan_version": "1"}


async def usage(api: Api, world: World) -> dict[str, object]:
    answer = await api.internal.get(
        f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/usage",
        params={**MARCH, "plan_id": str(world.plan_id)},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
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
