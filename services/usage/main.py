"""Composition root of usage: everything is built and wired here."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from fastapi import FastAPI

from services.usage.adapters.numbering import PhoneNumbers
from services.usage.adapters.work import count_under_way, work_opener
from services.usage.entrypoints.amqp_intake import AmqpIntake
from services.usage.entrypoints.call_export import PiecesOfFile
from services.usage.entrypoints.consumers import HANDLERS
from services.usage.entrypoints.formats.reading import read_record
from services.usage.entrypoints.http import usage_router
from services.usage.entrypoints.http_intake import intake_router, keeper
from services.usage.entrypoints.http_mapping import mapping_router
from services.usage.entrypoints.http_rating import rating_router
from services.usage.entrypoints.intake import Intake
from services.usage.entrypoints.intake_front import put_in_front
from services.usage.entrypoints.scheduler import (
    forget_legs,
    meter_dirty_periods,
    provide_months,
    re_rating_step,
    replay_step,
)
from services.usage.entrypoints.switch_tokens import SwitchTokens
from services.usage.entrypoints.tools import Tools
from services.usage.settings import ToolSettings, UsageSettings
from shared.collecting import collect_less
from shared.db.engine import make_engine
from shared.ids import ProviderId
from shared.runtime import Service

MIGRATIONS = Path(__file__).parent / "migrations"
# 10,000 records of our own with fields that nobody knows, or a rate deck of 200,000 prefixes.
BODY_LIMIT_BYTES = 16 * 1024 * 1024


@asynccontextmanager
async def open_tools(settings: ToolSettings) -> AsyncIterator[Tools]:
    """What the operator's commands work with: this service's database alone, no broker."""
    engine = make_engine(settings.database_url.get_secret_value(), pool=2)
    try:
        yield Tools(work_opener(engine), PhoneNumbers(), timedelta(days=settings.late_window_days))
    finally:
        await engine.dispose()


def _parquet(columns: Sequence[str]) -> PiecesOfFile:
    """Loaded with the first export: Arrow alone is a third of the service's memory."""
    from services.usage.adapters.parquet import ParquetStream

    return ParquetStream(columns)


def build(settings: UsageSettings) -> FastAPI:
    """The application of one usage process."""
    service = Service(
        "usage",
        settings,
        migrations=MIGRATIONS,
        body_limit_bytes=BODY_LIMIT_BYTES,
        # A batch of records has a span; one for each record costs a third of taking it.
        untraced_paths=("v1/cdrs",),
    )
    open_work = work_opener(service.engine, service.clock)
    numbering = PhoneNumbers()
    late_window = timedelta(days=settings.late_window_days)
    intake = Intake(open_work, numbering, late_window=late_window)

    async def own_work(provider_id: ProviderId) -> tuple[int, datetime | None]:
        return await count_under_way(service.engine, provider_id), None

    async def meter_step() -> int:
        return await meter_dirty_periods(open_work)

    async def months() -> int:
        await provide_months(open_work, service.clock.now())
        return 0

    async def re_rate() -> int:
        return await re_rating_step(open_work)

    async def forget() -> int:
        return await forget_legs(open_work, service.clock.now(), late_window=late_window)

    async def replay() -> int:
        return await replay_step(open_work, numbering, read_record, late_window=late_window)

    async def is_known(provider_id: ProviderId) -> bool:
        async with open_work() as work:
            return (await work.directory.state(provider_id))[0] > 0

    published = AmqpIntake(service.consumer_broker, intake, is_known)
    service.on_stopping(published.stop)
    service.consume(open_work, HANDLERS, after_commit=service.wake_all)
    service.loop("meter dirty periods", meter_step, interval_seconds=0.5)
    service.loop("re-rate", re_rate, interval_seconds=0.5)
    service.loop("replay quarantine", replay, interval_seconds=1.0)
    service.loop("forget legs", forget, interval_seconds=600.0)
    service.loop("provide months", months, interval_seconds=3600.0)
    service.own_work(own_work)
    service.on_start(collect_less)
    service.on_stop(intake.stop)
    keep, tokens = keeper(intake), SwitchTokens(service.verifier)
    service.app.include_router(intake_router(keep, tokens))
    put_in_front(service.app, keep, tokens, limit_bytes=BODY_LIMIT_BYTES)
    service.app.include_router(mapping_router(open_work, service.internal, service.wake_all))
    service.app.include_router(
        usage_router(
            open_work,
            numbering,
            read_record,
            service.internal,
            late_window=late_window,
            changed=service.wake_all,
            parquet=_parquet,
        )
    )
    service.app.include_router(rating_router(open_work, service.internal, service.wake_all))
    return service.app
