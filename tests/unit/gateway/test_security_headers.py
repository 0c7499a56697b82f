"""Headers on every route, and a policy without inline code."""

import pytest

from services.gateway.entrypoints.page import STATIC
from services.gateway.entrypoints.security import page_policy
from tests.support.billing_people import People, gateway_settings
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.test_roles import address, documented_routes

PAGES = [
    "/",
    "/billing",
    "/billing/invoices/x",
    "/static/app.js",
    "/static/billing.css",
    "/static/none.js",
    "/none",
]


async def test_every_answer_carries_the_headers(gateway: Gateway) -> None:
    """Pages, files, data, refusals and what does not exist: nosniff, no referrer, no framing, a policy."""
    routes = [*documented_routes(gateway.app), *(("GET", path) for path in PAGES), ("GET", "/health/live")]
    for method, path in routes:
        headers = (await gateway.client.request(method, address(path))).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"], path


async def test_answers_of_the_api_are_never_stored(gateway: Gateway) -> None:
    """Figures of a tenant stay out of caches, refusals included."""
    for method, path in documented_routes(gateway.app):
        if path.endswith("/events"):
            # A stream has no end to wait for; tests/integration/gateway/test_live.py looks at its headers.
            continue
        answer = await gateway.client.request(
            method, address(path), headers=gateway.people.header("tenant_admin")
        )
        assert answer.headers["cache-control"] == "no-store", path


async def test_an_internal_error_carries_them_too(gateway: Gateway) -> None:
    """A bug's answer is a problem document without its details, and as guarded as any other."""

    @gateway.app.get("/api/v1/bug")
    async def bug() -> None:
        raise RuntimeError("secret detail")

    answer = await gateway.client.get("/api/v1/bug")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_policy_names_the_origin_of_stripes_script(people: People) -> None:
    """Only the configured origin may give scripts and frames; the browser may call its API."""
    policy = page_policy(gateway_settings(people))
    assert "script-src 'self' http://stripe.test;" in policy
    assert "frame-src http://stripe.test;" in policy
    assert "connect-src 'self' http://stripe.test;" in policy
    assert "default-src 'none'" in policy


def test_the_policy_for_stripe_itself(people: People) -> None:
    """Stripe's own list of origins (security guide)."""
    policy = page_policy(gateway_settings(people, stripe_js_url="https://js.stripe.com/endive/stripe.js"))
    assert "script-src 'self' https://js.stripe.com https://*.js.stripe.com;" in policy
    assert "https://hooks.stripe.com" in policy
    assert "connect-src 'self' https://api.stripe.com;" in policy


@pytest.mark.parametrize(
    "changed",
    [
        {"stripe_js_url": "javascript:alert(1)"},
        {"stripe_js_url": "https://evil.test; script-src *"},
        {"frame_ancestors": "'none'; script-src *"},
        {"stripe_publishable_key": "sk_test_secret"},
        {"stripe_publishable_key": "pk_live_1", "stripe_js_url": "http://stripe.test/v3/stripe.js"},
    ],
)
def test_settings_that_would_break_the_policy_are_refused(people: People, changed: dict[str, object]) -> None:
    """A misconfigured gateway does not start; a live key never meets a stand-in's script."""
    with pytest.raises(ValueError):
        gateway_settings(people, **changed)


def test_the_page_has_no_inline_script_or_style() -> None:
    """What the policy forbids is not there to be forbidden."""
    for file in STATIC.rglob("*"):
        if file.suffix in (".html", ".js") and "vendor" not in file.parts:
            text = file.read_text()
            assert "<style" not in text and " style=" not in text and "innerHTML" not in text, file
            assert "insertAdjacentHTML" not in text and "eval(" not in text, file
    assert "<script>" not in (STATIC / "index.html").read_text()
