"""The public document is complete."""

import json

import jsonschema_rs

from services.gateway.entrypoints.provider_routes import PROVIDER_ROUTES
from tests.support.api_examples import FILE, make_examples
from tests.support.service_schemas import FILE as SCHEMAS_FILE
from tests.support.service_schemas import make_schemas
from tests.unit.gateway.conftest import Gateway


async def test_every_operation_has_a_summary_problems_and_parameters(gateway: Gateway) -> None:
    """Each one names its refusals as problem documents, its path's parameters, and how to sign in."""
    document = (await gateway.client.get("/openapi.json")).json()
    assert document["info"]["title"] == "Tollgate API"
    for path, item in document["paths"].items():
        if not path.startswith("/api/"):
            continue
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert {"401", "403", "422", "503"} <= operation["responses"].keys(), where
            problem = operation["responses"]["403"]["content"]["application/problem+json"]["schema"]
            assert problem["$ref"] == "#/components/schemas/Problem"
            named = [(one["in"], one["name"]) for one in operation.get("parameters", [])]
            assert len(named) == len(set(named)), where
            wanted = {part[1:-1] for part in path.split("/") if part.startswith("{")}
            assert wanted == {name for place, name in named if place == "path"}, where
            assert operation["security"] == [{"token": []}]


async def test_internal_routes_are_not_published(gateway: Gateway) -> None:
    """What is between services is nobody else's business."""
    text = (await gateway.client.get("/openapi.json")).text
    assert "/internal/" not in text


async def test_every_reference_leads_somewhere(gateway: Gateway) -> None:
    """No dangling schema."""
    document = (await gateway.client.get("/openapi.json")).json()
    text = json.dumps(document)
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.split('"')[0] in document["components"]["schemas"]


async def test_examples_are_what_the_gateway_answers(gateway: Gateway) -> None:
    """Every JSON answer to a tenant has one, it is what is really answered, and its schema holds."""
    document = (await gateway.client.get("/openapi.json")).json()
    made = await make_examples()
    assert json.loads(FILE.read_text()) == made, "run `python -m tests.support.api_examples`"
    for path, item in document["paths"].items():
        if not path.startswith(("/api/v1/billing", "/api/v1/session")) or "get" not in item:
            continue
        content = item["get"]["responses"]["200"]["content"].get("application/json")
        if content is None:
            continue
        assert content["example"] == made[f"GET {path}"]
        schema = {**content["schema"], "components": document["components"]}
        jsonschema_rs.validator_for(schema).validate(content["example"])


async def test_a_body_that_is_no_text_is_wrong_input(gateway: Gateway) -> None:
    """Found by Schemathesis: bytes that no JSON can hold were an undocumented 400."""
    answer = await gateway.client.put(
        "/api/v1/billing/auto-pay",
        content=b"c\xff\xfem",
        headers={**gateway.people.header("tenant_admin"), "Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "body")
    assert gateway.services.requests == []


def test_what_is_passed_on_is_documented_as_the_services_say() -> None:
    """Bodies, statuses and answers of provider routes are the services' own."""
    made = make_schemas()
    assert json.loads(SCHEMAS_FILE.read_text()) == made, "run `python -m tests.support.service_schemas`"
    assert len(made["routes"]) >= len(PROVIDER_ROUTES) - 1
