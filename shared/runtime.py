"""What every service process is made of: HTTP, consumers, relay and due loops around one database and one broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiormq.exceptions
import structlog
from aio_pika.exceptions import AMQPException
from fastapi import APIRouter, Depends, FastAPI
from faststream.rabbit import RabbitBroker
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from sqlalchemy import text

from shared.clock import SystemClock
from shared.db.engine import is_away, make_engine
from shared.db.revisions import is_migrated, newest_revision
from shared.db.unit_of_work import SqlUnitOfWork
from shared.events.envelope import Envelope, Event
from shared.health import Check, health_router
from shared.http import problems
from shared.http.auth import TokenVerifier, requires_internal
from shared.http.limits import BodyLimit
from shared.ids import ProviderId
from shared.loops import DueLoop
from shared.messaging.broker import declare_topology, make_broker
from shared.messaging.consumers import AfterCommit, Consumers
from shared.messaging.progress import OwnWork, Progress, progress
from shared.messaging.relay import KEEP_PUBLISHED_DAYS, Relay
from shared.settings import Settings

log = structlog.get_logger(__name__)
W = TypeVar("W", bound=SqlUnitOfWork)

RELAY_PREFETCH = 10
BODY_LIMIT_BYTES = 1024 * 1024


async def _no_own_work(_: ProviderId) -> tuple[int, datetime | None]:
    return 0, None


class Service:
    """One service process. A composition root builds it, adds what the service does, and serves ``app``."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        migrations: Path,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
        larger_bodies: Mapping[str, int] | None = None,
        untraced_paths: Sequence[str] = (),
    ) -> None:
        """``larger_bodies``: beginnings of paths that may take more bytes than ``body_limit_bytes``;
        ``untraced_paths``: patterns of paths without spans, such as those whose query holds phone numbers."""
        self.name = name
        self.settings = settings
        self.clock = SystemClock()
        self._database_url = settings.database_url.get_secret_value()
        self._broker_url = settings.broker_url.get_secret_value()
        self.engine = make_engine(self._database_url, pool=settings.database_pool)
        self.verifier = TokenVerifier(
            issuer=settings.auth_issuer, audience=settings.auth_audience, jwks=settings.auth_jwks
        )
        self.internal = requires_internal(settings.internal_token)
        self._relay_broker = make_broker(self._broker_url, prefetch=RELAY_PREFETCH)
        self._consumer_broker = make_broker(self._broker_url, prefetch=settings.prefetch)
        self.relay = Relay(self.engine, self._relay_broker, database_url=settings.listens_at)
        self.loops: list[DueLoop] = [DueLoop("retention", self._purge, interval_seconds=3600)]
        self._consumers: Consumers[Any] | None = None
        self._own_work: OwnWork = _no_own_work
        self._newest = newest_revision(migrations)
        self._migrated = False
        self._connected = False
        self._tasks: list[asyncio.Task[None]] = []
        self._starters: list[Callable[[], Awaitable[None]]] = []
        self._stopping: list[Callable[[], None]] = []
        self._stoppers: list[Callable[[], Awaitable[None]]] = []
        self.checks: dict[str, Check] = {"database": self._check_database, "broker": self._check_broker}
        self.notes: dict[str, Check] = {}
        self.app = self._make_app(body_limit_bytes, larger_bodies, untraced_paths)

    @property
    def consumer_broker(self) -> RabbitBroker:
        """For subscribers to what is no event of ours; it starts and stops with the service."""
        return self._consumer_broker

    # -- what a composition root adds ---------------------------------------------------------------------------

    def consume(
        self,
        open_work: Callable[[], W],
        handlers: Mapping[type[Event], Callable[[W, Any, Envelope], Awaitable[None]]],
        *,
        after_commit: AfterCommit | None = None,
    ) -> None:
        """Handles these events; each handler gets the open unit of work, the event and its envelope."""
        self._consumers = Consumers(
            self.name, self._consumer_broker, open_work, handlers, after_commit=after_commit
        )

    def loop(
        self, name: str, step: Callable[[], Awaitable[int]], *, interval_seconds: float = 1.0
    ) -> DueLoop:
        """Runs ``step`` as long as the process lives: when woken, and by itself every ``interval_seconds``."""
        made = DueLoop(name, step, interval_seconds=interval_seconds)
        self.loops.append(made)
        return made

    def wake_all(self, _: Event | None = None) -> None:
        """Wakes every loop; serves as ``after_commit`` where any event may make something due."""
        for one in self.loops:
            one.wake()

    def own_work(self, own_work: OwnWork) -> None:
        """What this service has under way for a provider, beside events; asked by the test clock."""
        self._own_work = own_work

    def on_start(self, step: Callable[[], Awaitable[None]]) -> None:
        self._starters.append(step)

    def on_stopping(self, step: Callable[[], None]) -> None:
        """Called before anything stops, so that what waits for the database can be handed back."""
        self._stopping.append(step)

    def on_stop(self, step: Callable[[], Awaitable[None]]) -> None:
        self._stoppers.append(step)

    # -- HTTP -----------------------------------------------------------------------------------------------------

    def _make_app(
        self, body_limit_bytes: int, larger_bodies: Mapping[str, int] | None, untraced_paths: Sequence[str]
    ) -> FastAPI:
        app = FastAPI(
            title=f"Tollgate {self.name}",
            lifespan=self._lifespan,
            # The gateway's document is the public one; the services' own serve their developers.
            docs_url=None,
            redoc_url=None,
            # Its own would trace what the instrumentation below leaves out, queries with called numbers included, and costs
            # the gate as much as its whole answer.
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )
        app.add_middleware(BodyLimit, limit_bytes=body_limit_bytes, larger=larger_bodies)
        problems.install(app)
        app.include_router(health_router(self.checks, self.notes))
        app.include_router(self._internal_router())
        untraced = ",".join(("health/.*", "internal/v1/progress/.*", *untraced_paths))
        FastAPIInstrumentor.instrument_app(
            app,
            excluded_urls=untraced,
            # A span for each piece of body sent or received says nothing and costs as much as the request's own.
            exclude_spans=["receive", "send"],
        )
        return app

    def _internal_router(self) -> APIRouter:
        router = APIRouter(prefix="/internal/v1", dependencies=[Depends(self.internal)], tags=["internal"])

        @router.get("/progress/{provider_id}")
        async def get_progress(provider_id: ProviderId, since: datetime) -> Progress:
            return await progress(self.engine, self.name, provider_id, since, self._own_work)

        return router

    # -- readiness ------------------------------------------------------------------------------------------------

    async def _check_database(self) -> str | None:
        if not self._migrated:
            self._migrated = await is_migrated(self.engine, self._newest)
            return None if self._migrated else "not migrated; run `migrate`"
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return None

    async def _check_broker(self) -> str | None:
        if not self._connected:
            return "not connected yet"
        for broker in (self._relay_broker, self._consumer_broker):
            if not await broker.ping(timeout=1):
                return "not connected"
        return None

    # -- life -----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        for start in self._starters:
            await start()
        self._tasks = [asyncio.create_task(self._connect(), name="connect")]
        self._tasks += [asyncio.create_task(one.run(), name=one.name) for one in self.loops]
        log.info("service started")
        try:
            yield
        finally:
            await self._stop()
            log.info("service stopped")

    async def _connect(self) -> None:
        """Connects to the broker when it can be reached, then relays and consumes; aio-pika reconnects from there."""
        while True:
            try:
                await declare_topology(self._broker_url)
                await self._relay_broker.connect()
                await self._consumer_broker.start()
                break
            except (OSError, TimeoutError, AMQPException, aiormq.exceptions.AMQPError) as error:
                log.warning("broker away, trying again", error=repr(error))
                await asyncio.sleep(0.5)
        self._connected = True
        await self.relay.run()

    async def _stop(self) -> None:
        if self._consumers is not None:
            self._consumers.stop()
        for stopping in self._stopping:
            stopping()
        self.relay.stop()
        for one in self.loops:
            one.stop()
        if not self._connected:
            self._tasks[0].cancel()
        done = asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await asyncio.wait_for(done, 10)
        except TimeoutError:
            log.warning("loops were cut off")
        for broker in (self._consumer_broker, self._relay_broker):
            await broker.stop()
        for stop in self._stoppers:
            await stop()
        await self.engine.dispose()

    async def _purge(self) -> int:
        """Drops published events and inbox rows that no repeat can reach any more."""
        before = self.clock.now() - timedelta(days=KEEP_PUBLISHED_DAYS)
        try:
            await self.relay.purge(before)
            async with self.engine.begin() as connection:
                await connection.execute(
                    text("DELETE FROM inbox WHERE sent_at < :before AND outcome = 'handled'"),
                    {"before": before},
                )
                await connection.execute(
                    text("DELETE FROM trace_memory WHERE kept_at < :before"), {"before": before}
                )
        except Exception as error:
            if not is_away(error):
                raise
        return 0
