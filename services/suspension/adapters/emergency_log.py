"""Emergency calls that this gate heard of, told to the other replicas and kept over a restart: as well as can be.

Nothing waits for it: the call went through, and this replica's memory already lets the call-back through.
"""

import asyncio
import time
from collections.abc import Callable

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.suspension.adapters.gate_memory import GateMemory
from services.suspension.adapters.work import GATE_CHANNEL
from services.suspension.domain.gate import Line
from shared.ids import TenantId

log = structlog.get_logger(__name__)
# A tenant's calls within this are one to the database.
AGAIN_SECONDS = 30.0
_MOST_WAITING = 1000

_KEEP = text("""
INSERT INTO emergency_call (tenant_id, provider_id, at) VALUES (:tenant_id, :provider_id, to_timestamp(:at))
ON CONFLICT (tenant_id) DO UPDATE SET at = GREATEST(emergency_call.at, EXCLUDED.at)
""")
_TELL = text("SELECT pg_notify(:channel, :subject)")


class EmergencyLog:
    def __init__(
        self,
        engine: AsyncEngine,
        memory: GateMemory,
        *,
        call_back_seconds: float,
        real_time: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._memory = memory
        self._call_back_seconds = call_back_seconds
        self._real_time = real_time
        self._kept_at: dict[TenantId, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, line: Line) -> None:
        """Returns at once."""
        now = self._real_time()
        self._memory.note_emergency(line.tenant_id, now + self._call_back_seconds)
        if now - self._kept_at.get(line.tenant_id, 0.0) < AGAIN_SECONDS or len(self._tasks) > _MOST_WAITING:
            return
        if len(self._kept_at) > _MOST_WAITING:
            self._kept_at.clear()
        self._kept_at[line.tenant_id] = now
        task = asyncio.get_running_loop().create_task(self._keep(line, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, line: Line, at: float) -> None:
        try:
            async with self._engine.begin() as connection:
                values = {"tenant_id": line.tenant_id, "provider_id": line.provider_id, "at": at}
                await connection.execute(_KEEP, values)
                await connection.execute(_TELL, {"channel": GATE_CHANNEL, "subject": str(line.tenant_id)})
        except Exception as error:
            log.warning("an emergency call is known to this replica only", error=repr(error))
