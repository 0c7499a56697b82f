"""Composition root: everything of invoicing is built and wired here."""

from pathlib import Path

from fastapi import FastAPI

from services.invoicing.adapters.clock_advances import ClockStepper
from services.invoicing.adapters.own_work import OwnSteps
from services.invoicing.adapters.pdf import InvoicePdf
from services.invoicing.adapters.peers import Peers
from services.invoicing.adapters.work import InvoicingWork
from services.invoicing.entrypoints.consumers import HANDLERS
from services.invoicing.entrypoints.provider_routes import provider_router
from services.invoicing.entrypoints.scheduler import DueSteps
from services.invoicing.entrypoints.tenant_routes import tenant_router
from services.invoicing.settings import InvoicingSettings
from shared.http.journal import journal_router
from shared.runtime import Service

MIGRATIONS = Path(__file__).parent / "migrations"


def build(settings: InvoicingSettings) -> FastAPI:
    service = Service("invoicing", settings, migrations=MIGRATIONS)
    peers = Peers(
        {
            "usage": settings.usage_url,
            "payments": settings.payments_url,
            "suspension": settings.suspension_url,
            "notifications": settings.notifications_url,
        },
        settings.internal_token,
    )
    own_steps = OwnSteps(service.engine, service.clock)

    def open_work() -> InvoicingWork:
        return InvoicingWork(service.engine)

    due = service.loop("due", DueSteps(service.engine))
    clocks = service.loop("test clocks", ClockStepper(service.engine, peers, own_steps).step)

    def wake() -> None:
        due.wake()
        clocks.wake()

    service.consume(open_work, HANDLERS, after_commit=lambda _: due.wake())
    service.own_work(own_steps)
    service.on_stop(peers.close)
    service.app.include_router(provider_router(open_work, service.internal, wake))
    service.app.include_router(tenant_router(open_work, service.internal, peers, InvoicePdf()))
    service.app.include_router(journal_router(service.engine, service.internal))
    return service.app
