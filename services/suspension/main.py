"""Composition root: everything of suspension is built and wired here, by hand."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI

from services.suspension.adapters.emergency_log import EmergencyLog
from services.suspension.adapters.gate_feed import GateFeed
from services.suspension.adapters.gate_memory import GateMemory
from services.suspension.adapters.holidays_of import WORKING_DAYS
from services.suspension.adapters.numbers import (
    calling_code,
    international,
    is_emergency_in,
    is_toll_free,
)
from services.suspension.adapters.push_sender import PushSender
from services.suspension.adapters.push_target import PushTargets, networks
from services.suspension.adapters.switches import forget_pushes, keep_outcomes, take_pushes
from services.suspension.adapters.truth import HttpTruth
from services.suspension.adapters.work import (
    Left,
    SqlSuspensionWork,
    own_work,
    take_doubtful,
    tenants_due,
)
from services.suspension.entrypoints.consumers import HANDLERS
from services.suspension.entrypoints.gate_http import GateHttp, gate_router, put_in_front
from services.suspension.entrypoints.http import provider_router
from services.suspension.entrypoints.http_reports import reports_router
from services.suspension.entrypoints.http_switches import switches_router
from services.suspension.entrypoints.pushing import Pusher, SwitchKey, purge_of, waits_for_memory
from services.suspension.entrypoints.scheduler import Confirmer, make_sweep
from services.suspension.entrypoints.verified_tokens import VerifiedTokens
from services.suspension.settings import SuspensionSettings
from services.suspension.use_cases.answer_call import Gate
from services.suspension.use_cases.ports import OpenWork, Outcome, Push, Truth
from shared.ids import ProviderId, TenantId
from shared.loops import DueLoop
from shared.runtime import Service

MIGRATIONS = Path(__file__).parent / "migrations"


# A tenant that a replica took up to ask about is left to it for so long, then anybody may.
ASKING = timedelta(seconds=15)
PUSH_LOG = timedelta(days=30)


def build(settings: SuspensionSettings, *, truth: Truth | None = None) -> FastAPI:
    """``truth`` in place of the other services' HTTP interfaces, for tests of this service alone."""
    # A span of the gate would keep the called number, and cost as much as the answer; a histogram counts them.
    service = Service("suspension", settings, migrations=MIGRATIONS, untraced_paths=("v1/call-policy",))

    # An event that leaves nothing to do wakes no loop: at hundreds of events a second that would be most of the work.
    loops: dict[Left, DueLoop] = {}

    def open_sql_work() -> SqlSuspensionWork:
        return SqlSuspensionWork(
            service.engine,
            clock=service.clock,
            working_days=WORKING_DAYS,
            left=lambda left: loops[left].wake(),
        )

    open_work: OpenWork = open_sql_work

    memory = _gate(service, settings)

    async def ask_tenants_due(limit: int) -> list[TenantId]:
        return await tenants_due(service.engine, service.clock.now(), limit)

    loops["sweep"] = service.loop(
        "sweep", make_sweep(ask_tenants_due, open_work), interval_seconds=settings.sweep_seconds
    )
    loops["confirm"] = _confirm_standings(service, settings, open_work, truth)
    service.consume(open_sql_work, HANDLERS)

    async def ask_own_work(provider_id: ProviderId) -> tuple[int, datetime | None]:
        return await own_work(service.engine, provider_id, service.clock.now())

    service.own_work(ask_own_work)
    loops["push"], check_url = _push(service, settings, memory)
    service.app.include_router(provider_router(open_work, service.internal))
    service.app.include_router(reports_router(open_work, service.internal))
    service.app.include_router(switches_router(open_work, service.internal, check_url))
    return service.app


def _gate(service: Service, settings: SuspensionSettings) -> GateMemory:
    """The memory, what feeds it, and the answers from it."""
    memory = GateMemory()
    call_back_seconds = settings.call_back_minutes * 60
    feed = GateFeed(
        service.engine,
        memory,
        database_url=settings.listens_at,
        reload_seconds=settings.gate_reload_seconds,
        call_back_seconds=call_back_seconds,
    )
    service.on_start(feed.start)
    service.on_stop(feed.stop)
    service.checks["gate"] = feed.check
    service.notes["gate memory"] = feed.note
    emergencies = EmergencyLog(service.engine, memory, call_back_seconds=call_back_seconds)
    gate = Gate(
        memory,
        is_emergency_in=is_emergency_in,
        calling_code=calling_code,
        international=international,
        is_toll_free=is_toll_free,
        on_emergency=emergencies.note,
    )
    http = GateHttp(gate, VerifiedTokens(service.verifier))
    service.app.include_router(gate_router(http, feed.check, feed.note))
    put_in_front(service.app, http)
    return memory


def _push(
    service: Service, settings: SuspensionSettings, memory: GateMemory
) -> tuple[DueLoop, Callable[[str], None]]:
    """Tells switches that cache answers. The function that comes back checks a switch's address at registration."""
    targets = PushTargets(networks(settings.push_networks))
    client = httpx.AsyncClient(trust_env=False)

    async def take(limit: int, busy: Collection[SwitchKey]) -> list[Push]:
        return await take_pushes(service.engine, service.clock.now(), limit, busy)

    async def keep(outcomes: list[Outcome]) -> None:
        await keep_outcomes(service.engine, outcomes)

    async def forget() -> None:
        await forget_pushes(service.engine, service.clock.now() - PUSH_LOG)

    def stage_of(push: Push) -> str | None:
        line = memory.line(push.tenant_id)
        return line.stage.value if line else None

    sender = PushSender(client, targets)
    follows = waits_for_memory(stage_of)

    def wake() -> None:
        loop.wake()  # made of the pusher, below

    pusher = Pusher(take, sender.send, follows, keep, service.clock.now, wake=wake)
    loop = service.loop("push", pusher.step, interval_seconds=0.5)
    service.on_stop(pusher.stop)
    service.on_stop(client.aclose)
    service.loop("push-log", purge_of(forget), interval_seconds=3600)
    return loop, targets.check


def _confirm_standings(
    service: Service, settings: SuspensionSettings, open_work: OpenWork, truth: Truth | None
) -> DueLoop:
    """Invoicing and payments are asked before anybody is barred for not paying, and now and then while it is."""
    client = httpx.AsyncClient()
    service.on_stop(client.aclose)

    async def take(limit: int) -> list[TenantId]:
        now = service.clock.now()
        return await take_doubtful(service.engine, now, limit, now + ASKING)

    asked = truth or HttpTruth(
        client,
        invoicing_url=settings.invoicing_url,
        payments_url=settings.payments_url,
        internal_token=settings.internal_token,
    )
    confirmer = Confirmer(take, open_work, asked)
    service.notes["confirmation"] = confirmer.note
    return service.loop("confirm", confirmer.step, interval_seconds=settings.sweep_seconds)
