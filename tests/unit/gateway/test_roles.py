"""Every route with every role, and with other people's ids: nothing leaks."""

from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from services.gateway.entrypoints.provider_routes import PROVIDER_ROUTES
from shared.http.auth import ROLES
from tests.support.billing_people import FENWICK, HARBOR, KESTREL, MARLOW
from tests.support.fake_services import OPEN_INVOICE, PAYMENT, VISA
from tests.unit.gateway.conftest import Gateway

# Who may call what: the whole matrix, by hand, beside the code that makes it.
ALLOWED = {
    "/api/v1/session": ROLES,
    "/api/v1/billing": frozenset({"tenant_admin"}),
    "/api/v1/provider/providers": frozenset({"operator"}),
    "/api/v1/provider": frozenset({"provider_admin", "operator"}),
}
IDS = {
    "invoice_id": OPEN_INVOICE,
    "method_id": VISA,
    "payment_id": PAYMENT,
    "tenant_id": FENWICK,
    "kind": "did",
    "name": "edge-1",
    "value": "+12125550123",
    "endpoint_id": UUID(int=11),
    "event_id": UUID(int=12),
    "plan_id": UUID(int=13),
    "discount_id": UUID(int=14),
    "credit_note_id": UUID(int=15),
    "re_rating_id": UUID(int=16),
    "number": 1,
    "code": "fax",
    "form": "pdf",
}


def documented_routes(app: FastAPI) -> list[tuple[str, str]]:
    """The routes by the public document, which is what people see."""
    return [
        (method.upper(), path)
        for path, item in app.openapi()["paths"].items()
        if path.startswith("/api/")
        for method in item
    ]


def allowed(path: str) -> frozenset[str]:
    return next(
        roles
        for prefix, roles in sorted(ALLOWED.items(), key=lambda item: -len(item[0]))
        if path.startswith(prefix)
    )


def address(path: str, **changed: object) -> str:
    return path.format(**{**IDS, **changed})


async def test_every_route_with_every_role(gateway: Gateway) -> None:
    """A role that may not call a route gets 403 and no service is asked; without a token it is 401."""
    routes = documented_routes(gateway.app)
    assert len(routes) > 130, "routes have gone, or the walk no longer sees them"
    served = {
        (method, route.path)
        for included in gateway.app.routes
        for route in getattr(getattr(included, "original_router", None), "routes", ())
        if isinstance(route, APIRoute) and route.path.startswith("/api/")
        for method in route.methods or ()
    }
    assert served == set(routes), "every route is documented, so that every route is walked"
    headers = gateway.people.of_each_role()
    for method, path in routes:
        for role, header in headers.items():
            before = len(gateway.services.requests)
            suffix = (
                f"?provider={KESTREL}" if role == "operator" and path.startswith("/api/v1/provider") else ""
            )
            if path.endswith("/events") and role in allowed(path):
                # A stream has no end that this client could wait for; tests/integration/gateway/test_live.py reads it.
                continue
            answer = await gateway.client.request(method, address(path) + suffix, headers=header)
            if role in allowed(path):
                assert answer.status_code not in (401, 403), (method, path, role, answer.text)
            else:
                assert answer.status_code == 403, (method, path, role, answer.text)
                assert before == len(gateway.services.requests), (method, path, role)
        assert (await gateway.client.request(method, address(path))).status_code == 401, path


# Names and numbers of Fenwick and Kestrel that no answer to anybody else may hold.
SECRETS = ("Fenwick", "Kestrel", "accounts@fenwickdental", "KV-2026", str(KESTREL), "4242")


async def test_tokens_that_do_not_hold_open_nothing(gateway: Gateway) -> None:
    """Expired, unsigned, cut off, of nobody's role, or none at all: 401 (403 without a role) on every route, and no
    service is asked."""
    expired = gateway.people.token("tenant_admin", "provider_admin", "operator", ttl=timedelta(0))
    good = gateway.people.token("tenant_admin")
    unsigned = ".".join((*good.split(".")[:2], ""))
    refused = {
        "expired": (f"Bearer {expired}", 401),
        "unsigned": (f"Bearer {unsigned}", 401),
        "cut off": (f"Bearer {good[:-9]}", 401),
        "another scheme": (f"Negotiate {good}", 401),
        "empty": ("Bearer ", 401),
        "no role": (gateway.people.header()["Authorization"], 403),
    }
    for method, path in documented_routes(gateway.app):
        for name, (given, status) in refused.items():
            answer = await gateway.client.request(method, address(path), headers={"Authorization": given})
            assert answer.status_code == status, (method, path, name, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert not [one for one in SECRETS if one in answer.text]
    assert gateway.services.requests == []


async def test_every_route_with_another_tenants_and_providers_token(gateway: Gateway) -> None:
    """With Fenwick's ids in every path: services are asked within the token's own tenant and provider alone, an id is a
    404, and nothing of Fenwick or Kestrel is in any answer."""
    strangers = {
        ("tenant_admin", MARLOW, HARBOR): f"/v1/providers/{MARLOW}/tenants/{HARBOR}",
        # A tenant's id under another provider's is nobody's.
        ("tenant_admin", MARLOW, FENWICK): f"/v1/providers/{MARLOW}/tenants/{FENWICK}",
        ("tenant_admin", KESTREL, HARBOR): f"/v1/providers/{KESTREL}",
        ("provider_admin", MARLOW, None): f"/v1/providers/{MARLOW}",
    }
    walked = 0
    for (role, provider, tenant), within in strangers.items():
        header = gateway.people.header(role, provider=provider, tenant=tenant)
        for method, path in documented_routes(gateway.app):
            if role not in allowed(path) or path.endswith("/events"):
                continue
            gateway.services.requests.clear()
            answer = await gateway.client.request(method, address(path), headers=header)
            walked += 1
            asked = [one.url.path for one in gateway.services.requests]
            assert all(one.startswith((within, f"/v1/providers/{provider}")) for one in asked), (path, asked)
            if tenant == HARBOR:
                assert not [one for one in asked if str(FENWICK) in one], (path, asked)
            if "{kind}" in path:
                # No id, but one of a few words: whatever it names is the caller's own.
                assert answer.status_code in (404, 422), (method, path, answer.status_code)
            elif "{" in path and "/webhooks" not in path:
                # A body that is missing may be refused before the id is looked at.
                refused = (404,) if method == "GET" else (404, 422)
                assert answer.status_code in refused, (method, path, answer.status_code, answer.text)
            if provider == MARLOW:
                assert not [one for one in SECRETS if one in answer.text], (path, answer.text)
            else:
                assert "Fenwick" not in answer.text and "KV-2026" not in answer.text, (path, answer.text)
    assert walked > 150


async def test_a_tenant_user_gets_no_billing(gateway: Gateway) -> None:
    """The guide: Users don't see this. The refusal is a problem document."""
    answer = await gateway.client.get(
        "/api/v1/billing/overview", headers=gateway.people.header("tenant_user")
    )
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "tenant_admin" in answer.json()["detail"]


async def test_tenant_and_provider_come_from_the_token_only(gateway: Gateway) -> None:
    """Ids of others in queries and headers change nothing: services are asked for the token's tenant alone."""
    answer = await gateway.client.get(
        f"/api/v1/billing/overview?tenant={HARBOR}&tenant_id={HARBOR}&provider={MARLOW}",
        headers={**gateway.people.header("tenant_admin"), "X-Tenant-Id": str(HARBOR)},
    )
    assert answer.status_code == 200
    paths = [one.url.path for one in gateway.services.requests]
    assert paths
    assert all(path.startswith(f"/v1/providers/{KESTREL}") for path in paths)
    assert not [path for path in paths if str(HARBOR) in path or str(MARLOW) in path]


async def test_another_tenants_invoice_is_not_found(gateway: Gateway) -> None:
    """An id that the service does not know for this tenant is its 404, as a problem document."""
    answer = await gateway.client.get(
        f"/api/v1/billing/invoices/{UUID(int=99)}", headers=gateway.people.header("tenant_admin")
    )
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_provider_admin_cannot_name_another_provider(gateway: Gateway) -> None:
    """`?provider=` is for operators; for a provider's admin it may only be its own."""
    header = gateway.people.header("provider_admin")
    for route in PROVIDER_ROUTES:
        if route.who == "operator":
            continue
        path = address("/api/v1/provider" + route.path)
        before = len(gateway.services.requests)
        answer = await gateway.client.request(route.method, f"{path}?provider={MARLOW}", headers=header)
        assert answer.status_code == 403, (route, answer.text)
        assert before == len(gateway.services.requests)


async def test_a_provider_admin_reaches_its_own_provider_only(gateway: Gateway) -> None:
    """Whatever tenant id stands in the path, the service is asked within the token's provider: 404 there."""
    header = gateway.people.header("provider_admin", provider=MARLOW)
    answer = await gateway.client.get(f"/api/v1/provider/tenants/{FENWICK}", headers=header)
    assert answer.status_code == 404
    assert f"/v1/providers/{MARLOW}/tenants/{FENWICK}" == gateway.services.requests[-1].url.path


async def test_an_operator_names_the_provider(gateway: Gateway) -> None:
    """With `?provider=` an operator reaches any provider; without it the answer says what is missing."""
    header = gateway.people.header("operator", provider=None)
    assert (
        await gateway.client.get(f"/api/v1/provider?provider={KESTREL}", headers=header)
    ).status_code == 200
    refused = await gateway.client.get("/api/v1/provider", headers=header)
    assert refused.status_code == 422
    assert refused.json()["field"] == "provider"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/provider/tenants/not-an-id",
        "/api/v1/provider/tenants/..%2F..%2Finternal",
        "/api/v1/provider/tenants/%2e%2e/invoices",
        "/api/v1/billing/invoices/1%20OR%201",
        "/api/v1/billing/payments/..%2f..%2fmethods",
    ],
)
async def test_only_uuids_go_into_an_address(gateway: Gateway, path: str) -> None:
    """Anything else is refused before a service is asked."""
    role = "provider_admin" if "/provider/" in path else "tenant_admin"
    answer = await gateway.client.get(path, headers=gateway.people.header(role))
    assert answer.status_code in (404, 422), answer.text
    assert gateway.services.requests == []


async def test_a_resource_value_stays_one_part_of_the_address(gateway: Gateway) -> None:
    """Numbers may carry + * #; they are quoted, and everything else is refused."""
    header = gateway.people.header("provider_admin")
    base = f"/api/v1/provider/tenants/{FENWICK}/resources/did/"
    await gateway.client.delete(base + "%2B12125550123", headers=header)
    asked = gateway.services.requests[-1].url
    assert (
        f"/v1/providers/{KESTREL}/tenants/{FENWICK}/resources/did/%2B12125550123".encode() == asked.raw_path
    )
    answer = await gateway.client.delete(base + "1%3Fat=2", headers=header)
    assert answer.status_code == 422
    assert len(gateway.services.requests) == 1


async def test_an_expired_token_says_so(gateway: Gateway) -> None:
    """The page tells an expired sign-in from a missing one by the problem's type."""
    expired = gateway.people.token("tenant_admin", ttl=timedelta(0))
    answer = await gateway.client.get("/api/v1/session", headers={"Authorization": f"Bearer {expired}"})
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("/token-expired")


async def test_a_tenant_users_session_has_no_amounts_and_no_addresses(gateway: Gateway) -> None:
    """R60: whether service runs and whom to ask; no money, no billing address, no Stripe key."""
    answer = await gateway.client.get("/api/v1/session", headers=gateway.people.header("tenant_user"))
    body = answer.json()
    assert answer.status_code == 200
    assert body["may_see_billing"] is False
    assert False is body["service"]["suspended"]
    assert body["provider"]["support_phone"] == "+12125550100"
    assert body["provider"]["support_phone_shown"] == "+1 212-555-0100"
    for secret in ("minor", "accounts@", "pk_test", "USD"):
        assert secret not in answer.text
