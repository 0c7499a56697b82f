"""Composition root: everything of the gateway is built and wired here."""

from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
from fastapi import APIRouter, FastAPI
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from services.gateway.adapters.live_events import LiveEvents
from services.gateway.adapters.service_client import ServiceClient
from services.gateway.adapters.services import HttpInvoicing, HttpPayments, HttpSuspension, HttpUsage
from services.gateway.adapters.webhook_feed import WebhookFeed
from services.gateway.adapters.webhook_messenger import TIMEOUT_SECONDS, HttpMessenger
from services.gateway.adapters.work import GatewayWork
from services.gateway.entrypoints.callers import Callers
from services.gateway.entrypoints.changes import Changes
from services.gateway.entrypoints.http import add_routes
from services.gateway.entrypoints.rate_limit import RateLimit
from services.gateway.entrypoints.webhooks_http import webhooks_router
from services.gateway.settings import GatewaySettings
from services.gateway.use_cases.answer_once import forget_answers
from services.gateway.use_cases.compose_overview import Services
from services.gateway.use_cases.onlookers import Onlookers
from services.gateway.use_cases.ports import Work
from services.gateway.use_cases.send_webhooks import SendWebhooks, forget_webhooks
from services.gateway.use_cases.webhook_ports import WebhookWork
from shared.health import Check
from shared.http.auth import internal_headers
from shared.runtime import Service

MIGRATIONS = Path(__file__).parent / "migrations"
_CONNECTIONS_MAX = 200
# A rate deck of 200,000 rows has about 12 MB.
# A logo of 1 MiB is a data address of 1.4 MB.
_LARGER_BODIES = {
    "/api/v1/provider/decks/": 32 * 1024 * 1024,
    "/api/v1/provider/settings": 2 * 1024 * 1024,
    "/api/v1/provider/providers": 2 * 1024 * 1024,
}


def make_clients(settings: GatewaySettings, http: httpx.AsyncClient) -> dict[str, ServiceClient]:
    """One client, with its own circuit breaker, per service."""
    addresses = {
        "usage": settings.usage_url,
        "invoicing": settings.invoicing_url,
        "payments": settings.payments_url,
        "suspension": settings.suspension_url,
        "notifications": settings.notifications_url,
    }
    return {
        name: ServiceClient(
            name,
            address,
            http,
            headers=internal_headers(settings.internal_token),
            deadline_seconds=settings.service_deadline_seconds,
        )
        for name, address in addresses.items()
    }


def make_services(settings: GatewaySettings, clients: Mapping[str, ServiceClient]) -> Services:
    return Services(
        invoicing=HttpInvoicing(clients["invoicing"]),
        usage=HttpUsage(clients["usage"]),
        payments=HttpPayments(clients["payments"], change_deadline_seconds=settings.payment_deadline_seconds),
        suspension=HttpSuspension(clients["suspension"]),
    )


def build(
    settings: GatewaySettings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    open_work: Callable[[], Work] | None = None,
    open_webhook_work: Callable[[], WebhookWork] | None = None,
) -> FastAPI:
    """The gateway's application. ``transport`` stands in for the services in tests, ``open_work`` for the database."""
    service = Service("gateway", settings, migrations=MIGRATIONS, larger_bodies=_LARGER_BODIES)
    http = httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(settings.payment_deadline_seconds, connect=1.0),
        limits=httpx.Limits(max_connections=_CONNECTIONS_MAX, max_keepalive_connections=_CONNECTIONS_MAX),
        # Addresses come from the settings alone; a proxy of the environment must not see internal tokens.
        trust_env=False,
        follow_redirects=False,
    )
    # Sends the trace on to the services.
    HTTPXClientInstrumentor.instrument_client(http)
    service.on_stop(http.aclose)
    clients = make_clients(settings, http)
    work = open_work or (lambda: GatewayWork(service.engine))
    service.loop("forget answers", lambda: forget_answers(work), interval_seconds=3600)
    onlookers = Onlookers()
    live = LiveEvents(settings.broker_url.get_secret_value(), onlookers)
    service.on_start(live.start)
    service.on_stop(live.stop)
    for name, client in clients.items():
        service.notes[name] = _breaker_note(client)
    callers = Callers(service.verifier, RateLimit(settings.requests_per_minute))
    changes = Changes(work)
    add_routes(
        service.app,
        settings,
        callers=callers,
        services=make_services(settings, clients),
        clients=clients,
        changes=changes,
        onlookers=onlookers,
        webhooks=_add_webhooks(
            service,
            settings,
            callers,
            changes,
            open_webhook_work or (lambda: GatewayWork(service.engine)),
        ),
    )
    return service.app


def _add_webhooks(
    service: Service,
    settings: GatewaySettings,
    callers: Callers,
    changes: Changes,
    open_work: Callable[[], WebhookWork],
) -> APIRouter:
    """Hears every event, sends what is due, and answers for it."""
    private_allowed = settings.webhooks_to_private_addresses
    http = httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT_SECONDS)
    service.on_stop(http.aclose)
    sending = service.loop(
        "webhooks", SendWebhooks(open_work, HttpMessenger(http, private_allowed=private_allowed))
    )
    service.loop("forget webhooks", lambda: forget_webhooks(open_work), interval_seconds=3600)
    feed = WebhookFeed(settings.broker_url.get_secret_value(), open_work, sending.wake)
    service.on_start(feed.start)
    service.on_stop(feed.stop)
    return webhooks_router(callers, changes, open_work, sending.wake, plain_allowed=private_allowed)


def _breaker_note(client: ServiceClient) -> Check:
    """Shown beside the readiness checks; a gateway without a service is still of use."""

    async def note() -> str | None:
        return "not answering" if client.breaker.is_open else None

    return note
