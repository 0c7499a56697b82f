"""Webhooks out: which events an endpoint wants, when a delivery is tried again, and what is sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.gateway.adapters.webhook_messenger import HttpMessenger, signature_headers
from services.gateway.domain.webhooks import (
    OFF_AFTER,
    RETRY_AFTER,
    Attempt,
    Delivery,
    DeliveryState,
    Endpoint,
    after_attempt,
    after_outcome,
    check_patterns,
)
from services.gateway.use_cases.manage_webhooks import check_url, new_secret
from shared.errors import Invalid
from shared.events import BY_TYPE
from shared.ids import EventId, ProviderId

NOW = datetime.now(UTC)


def an_endpoint(*patterns: str, url: str = "https://kestrel.example/hook") -> Endpoint:
    return Endpoint(
        ProviderId(uuid4()), uuid4(), url, patterns or ("*",), "", (new_secret(),), created_at=NOW
    )


def a_delivery(endpoint: Endpoint) -> Delivery:
    return Delivery(
        endpoint.provider_id,
        endpoint.endpoint_id,
        EventId(uuid4()),
        "invoicing.invoice.issued.v1",
        None,
        NOW,
        '{"type": "invoicing.invoice.issued.v1", "data": {"name": "Müller"}}'.encode(),
        NOW,
        NOW,
    )


def an_attempt(status: int | None, *, number: int = 1, at: datetime = NOW) -> Attempt:
    return Attempt(number, at, 12, status, None if status else "no answer", "")


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*", True),
        ("invoicing.invoice.*", True),
        ("invoicing.invoice.issued.v1", True),
        ("invoicing.invoice.paid.v1", False),
        ("payments.*", False),
    ],
)
def test_an_endpoint_wants_what_its_patterns_say(pattern: str, wanted: bool) -> None:
    """Whole types, beginnings, or all; one that is off wants nothing."""
    endpoint = an_endpoint(pattern)
    assert endpoint.wants("invoicing.invoice.issued.v1") is wanted
    assert not replace(endpoint, off_since=NOW).wants("invoicing.invoice.issued.v1")


@pytest.mark.parametrize("patterns", [[], ["invoice.issued"], ["invoicing.*", "nonsense.*"], ["*"] * 51])
def test_a_pattern_that_no_event_fits_is_refused(patterns: list[str]) -> None:
    """A typing error would otherwise be silence for ever."""
    with pytest.raises(Invalid):
        check_patterns(patterns, tuple(BY_TYPE))


@pytest.mark.parametrize(
    "url",
    [
        "http://kestrel.example/hook",
        "ftp://kestrel.example",
        "https://user:word@kestrel.example/",
        "https://kestrel.example/#x",
        "https:///nowhere",
        "javascript:alert(1)",
        "https://" + "a" * 2000,
    ],
)
def test_only_plain_https_addresses(url: str) -> None:
    """Invoices travel encrypted, and credentials stay out of the database."""
    with pytest.raises(Invalid):
        check_url(url, plain_allowed=False)


def test_the_ladder_ends() -> None:
    """Each failure puts the next try later; after the last one the delivery has failed and can be replayed."""
    delivery, at = a_delivery(an_endpoint()), NOW
    for number in range(1, len(RETRY_AFTER) + 1):
        delivery = after_attempt(delivery, an_attempt(500, number=number, at=at))
        assert delivery.state is DeliveryState.WAITING
        assert delivery.due_at == at + RETRY_AFTER[number - 1]
        at = delivery.due_at
    last = after_attempt(delivery, an_attempt(None, number=len(RETRY_AFTER) + 1, at=at))
    assert last.state is DeliveryState.FAILED
    assert timedelta(days=2) < at - NOW < timedelta(days=4)


def test_an_endpoint_that_takes_nothing_is_switched_off() -> None:
    """After five days of failures only, or at once when it says 410 Gone; one success begins anew."""
    failing = after_outcome(an_endpoint(), an_attempt(500))
    assert (failing.failing_since, failing.off_since) == (NOW, None)
    assert after_outcome(failing, an_attempt(200, at=NOW + timedelta(days=4))).failing_since is None
    off = after_outcome(failing, an_attempt(500, at=NOW + OFF_AFTER))
    assert off.off_since == NOW + OFF_AFTER
    assert "5 days" in str(off.off_reason)
    assert after_outcome(an_endpoint(), an_attempt(410)).off_since == NOW


def test_a_receiver_can_verify_with_either_secret() -> None:
    """While a secret is rotated a delivery bears both signatures; a changed body fails."""
    old, new = new_secret(), new_secret()
    endpoint = replace(an_endpoint(), secrets=(new, old))
    delivery = a_delivery(endpoint)
    headers = signature_headers(delivery, endpoint, datetime.now().astimezone())
    for secret in (old, new):
        Webhook(secret).verify(delivery.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(delivery.body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(delivery.body, headers)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/",
        "https://169.254.169.254/meta",
        "https://[::1]/",
    ],
)
async def test_nothing_is_sent_into_our_own_network(url: str) -> None:
    """A provider must not reach the services, or a cloud's metadata, through us."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        endpoint = an_endpoint(url=url)
        attempt = await HttpMessenger(http, private_allowed=False).send(
            a_delivery(endpoint), endpoint, now=NOW
        )
    assert sent == []
    assert attempt.status is None
    assert "no public address" in str(attempt.error)


async def test_a_redirect_is_no_success_and_is_not_followed() -> None:
    """It could lead into our own network."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["host"] == "localhost:9"
        return httpx.Response(302, headers={"Location": "http://127.0.0.1/"}, text="x" * 9000)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        endpoint = an_endpoint(url="http://localhost:9/hook")
        attempt = await HttpMessenger(http, private_allowed=True).send(
            a_delivery(endpoint), endpoint, now=NOW
        )
    assert (attempt.status, attempt.taken) == (302, False)
    assert len(attempt.answer) == 500
