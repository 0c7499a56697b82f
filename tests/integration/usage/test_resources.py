"""Extensions and DIDs over HTTP."""

from uuid import uuid4

import pytest

from tests.integration.usage.conftest import Api, World

pytestmark = pytest.mark.integration
JANUARY = "2026-01-05T00:00:00Z"


def path(world: World) -> str:
    return f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/resources"


async def test_numbers_are_provisioned_once_and_released(api: Api, world: World) -> None:
    """The same again changes nothing; a DID comes back in E.164; usage counts what is held and the peak."""
    wanted = [
        {"kind": "extension", "value": "1001", "from": JANUARY, "to": None},
        {"kind": "did", "value": "(212) 555-0100", "from": JANUARY, "to": None},
    ]
    for _ in range(2):
        answer = await api.internal.post(path(world), json=wanted)
        assert answer.status_code == 201, answer.text
    assert answer.json()[1]["value"] == "+12125550100"
    released = await api.internal.delete(
        f"{path(world)}/did/+12125550100", params={"at": "2026-03-15T00:00:00Z"}
    )
    assert (released.status_code, released.json()["to"]) == (200, "2026-03-15T00:00:00Z")
    usage = await api.internal.get(
        path(world).replace("resources", "usage"),
        params={
            "start_date": "2026-03-01",
            "end_date": "2026-04-01",
            "plan_id": str(world.plan_id),
            "plan_version": "1",
        },
    )
    assert usage.json()["extensions"] == {"used": 1, "peak": 1}
    assert usage.json()["dids"] == {"used": 0, "peak": 1}


async def test_a_number_that_is_held_is_a_conflict(api: Api, world: World) -> None:
    """Also with another start, within one request too; nothing of the request is kept."""
    held = {"kind": "did", "value": "+12125550100", "from": JANUARY, "to": None}
    later = {**held, "from": "2026-02-01T00:00:00Z"}
    answer = await api.internal.post(path(world), json=[held, later])
    assert (answer.status_code, answer.json()["field"]) == (409, "1.value")
    assert (await api.internal.post(path(world), json=[later])).status_code == 201


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"value": "lobby", "kind": "did"}, "0.value"),
        ({"to": JANUARY}, "0.to"),
        ({"kind": "fax"}, "0.kind"),
        ({"from": "yesterday"}, "0.from"),
        ({"colour": "red"}, "0.colour"),
    ],
)
async def test_a_wrong_resource_names_its_field(
    api: Api, world: World, changed: dict[str, str], field: str
) -> None:
    """422 with what to correct."""
    wanted = {"kind": "extension", "value": "1001", "from": JANUARY, "to": None, **changed}
    answer = await api.internal.post(path(world), json=[wanted])
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_an_unknown_tenant_or_number_is_not_found(api: Api, world: World) -> None:
    """404 for both."""
    foreign = path(world).replace(str(world.tenant_id), str(uuid4()))
    wanted = [{"kind": "extension", "value": "1001", "from": JANUARY, "to": None}]
    assert (await api.internal.post(foreign, json=wanted)).status_code == 404
    assert (await api.internal.delete(f"{path(world)}/extension/4711")).status_code == 404
