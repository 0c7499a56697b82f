"""Composition root: everything of suspension is built and wired here, by hand."""

from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from services.suspension.adapters.gate_feed import GateFeed
from services.suspension.adapters.gate_memory import GateMemory
from services.suspension.adapters.numbers import calling_code, international, is_emergency_in
from services.suspension.adapters.work import SqlSuspensionWork, own_work, tenants_due
from services.suspension.entrypoints.consumers import HANDLERS
from services.suspension.entrypoints.gate_http import gate_router
from services.suspension.entrypoints.http import provider_router
from services.suspension.entrypoints.scheduler import make_sweep
from services.suspension.entrypoints.verified_tokens import VerifiedTokens
from services.suspension.settings import SuspensionSettings
from services.suspension.use_cases.answer_call import Gate
from shared.events.envelope import Event
from shared.events.invoicing import ClockAdvanced
from shared.ids import ProviderId, TenantId
from shared.runtime import Service

MIGRATIONS = Path(__file__).parent / "migrations"


def build(settings: SuspensionSettings) -> FastAPI:
    # A span of the gate would keep the called number, and cost as much as the answer; a histogram counts them.
    service = Service("suspension", settings, migrations=MIGRATIONS, untraced_paths=("v1/call-policy",))

    def open_work() -> SqlSuspensionWork:
        return SqlSuspensionWork(service.engine, clock=service.clock)

    memory = GateMemory()
    feed = GateFeed(
        service.engine,
        memory,
        database_url=settings.database_url.get_secret_value(),
        reload_seconds=settings.gate_reload_seconds,
    )
    service.on_start(feed.start)
    service.on_stop(feed.stop)
    service.checks["gate"] = feed.check
    service.notes["gate memory"] = feed.note

    async def ask_tenants_due(limit: int) -> list[TenantId]:
        return await tenants_due(service.engine, service.clock.now(), limit)

    sweep = service.loop(
        "sweep",
        make_sweep(ask_tenants_due, open_work),
        interval_seconds=settings.sweep_seconds,
    )

    def after_commit(event: Event) -> None:
        # Only time makes steps due; every other event is looked at in its own transaction.
        if isinstance(event, ClockAdvanced):
            sweep.wake()

    service.consume(open_work, HANDLERS, after_commit=after_commit)

    async def ask_own_work(provider_id: ProviderId) -> tuple[int, datetime | None]:
        return await own_work(service.engine, provider_id, service.clock.now())

    service.own_work(ask_own_work)
    gate = Gate(
        memory,
        is_emergency_in=is_emergency_in,
        calling_code=calling_code,
        international=international,
    )
    service.app.include_router(gate_router(gate, VerifiedTokens(service.verifier)))
    service.app.include_router(provider_router(open_work, service.internal, sweep.wake))
    return service.app
