"""The public document is complete."""

import json

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
