"""Composition root of invoicing: everything is built and wired here."""

from datetime import datetime
from pathlib import Path

import httpx
from fastapi import FastAPI

from services.invoicing.adapters.documents.press import Press
from services.invoicing.adapters.documents.writing import DocumentWriter
from services.invoicing.adapters.own_work import own_work as invoicing_work
from services.invoicing.adapters.services_http import TIMEOUT_SECONDS, HttpProgress, HttpUsage
from services.invoicing.adapters.work import work_opener
from services.invoicing.entrypoints import scheduler
from services.invoicing.entrypoints.consumers import HANDLERS
from services.invoicing.entrypoints.http import invoicing_router
from services.invoicing.entrypoints.test_clock import TestClockCoordinator
from services.invoicing.settings import InvoicingSettings
from shared.collecting import collect_less
from shared.events.envelope import Event
from shared.http.auth import internal_headers
from shared.http.journal import journal_router
from shared.ids import ProviderId
from shared.messaging.progress import Progress, progress
from shared.runtime import Service

MIGRATIONS = Path(__file__).parent / "migrations"
# A logo of 1 MiB is a data address of 1.4 MB; it comes with a provider or its settings.
_LARGER_BODIES = {"/v1/providers": 2 * 1024 * 1024}


def build(settings: InvoicingSettings) -> FastAPI:
    """The application of one invoicing process."""
    service = Service("invoicing", settings, migrations=MIGRATIONS, larger_bodies=_LARGER_BODIES)
    open_work = work_opener(service.engine, service.clock)
    client = httpx.AsyncClient(
        headers=internal_headers(settings.internal_token), timeout=TIMEOUT_SECONDS, trust_env=False
    )
    press = Press()
    others = HttpProgress(
        client,
        {
            "usage": settings.usage_url,
            "payments": settings.payments_url,
            "suspension": settings.suspension_url,
            "notifications": settings.notifications_url,
        },
    )

    async def own_work(provider_id: ProviderId) -> tuple[int, datetime | None]:
        return await invoicing_work(service.engine, provider_id, service.clock.now())

    async def ask(provider_id: ProviderId, since: datetime) -> dict[str, Progress | str]:
        answers = await others.ask(provider_id, since)
        own = await progress(service.engine, service.name, provider_id, since, own_work)
        return {**answers, service.name: own}

    coordinator = TestClockCoordinator(open_work, ask, service.clock, moved=service.wake_all)

    def wake(event: Event) -> None:
        service.wake_all(event)

    service.consume(open_work, HANDLERS, after_commit=wake)
    service.loop("end periods", lambda: scheduler.end_periods(open_work))
    service.loop("invoice first fees", lambda: scheduler.invoice_first_fees(open_work))
    service.loop("invoice periods", lambda: scheduler.invoice_periods(open_work))
    service.loop("invoice late usage", lambda: scheduler.invoice_late_usage(open_work))
    service.loop("mark overdue", lambda: scheduler.mark_overdue_invoices(open_work))
    service.loop("test clocks", coordinator.step, interval_seconds=0.5)
    service.own_work(own_work)
    service.on_start(collect_less)
    service.on_stop(client.aclose)
    service.on_stop(press.close)
    service.app.include_router(
        invoicing_router(
            open_work,
            service.internal,
            coordinator=coordinator,
            changed=service.wake_all,
            usage=HttpUsage(client, settings.usage_url),
            write=DocumentWriter(press),
            billing_url=settings.billing_url,
        )
    )
    service.app.include_router(journal_router(service.engine, service.internal))
    return service.app
