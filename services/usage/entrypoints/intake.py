"""The intake gathers concurrent requests into one transaction: a switch posts one call at a time, many at once.

While one transaction commits, what arrives waits for the next; so an idle intake answers at once, and a busy one
pays one commit for up to 2,000 records. After a batch of several it lingers for some milliseconds: those who were just
answered are about to send again, and a batch costs the same for three records as for thirty. A caller is answered
only after the commit (2xx means durable).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from opentelemetry import trace
from opentelemetry.context import Context

from services.usage.domain.records import Outcome, Received
from services.usage.use_cases.ports import Numbering, OpenWork
from services.usage.use_cases.record_legs import record_received
from shared.db.engine import is_away
from shared.errors import Unavailable
from shared.ids import ProviderId

log = structlog.get_logger(__name__)
tracer = trace.get_tracer(__name__)
# A transaction has about fifteen round trips, whatever is in it.
MOST_GATHERED = 2_000
# From so many on, a second transaction is prepared while the first one is written, and a third while those wait.
SECOND_FROM = 500
MOST_WAITING = 20_000
MOST_AT_ONCE = 3
LINGER_SECONDS = 0.005


@dataclass(slots=True)
class _Submission:
    provider_id: ProviderId
    received: Sequence[Received]
    answer: asyncio.Future[list[Outcome]]


class Intake:
    """Fulfils submissions in the order in which they came, by up to three tasks that run while there are any."""

    def __init__(self, open_work: OpenWork, numbering: Numbering, *, late_window: timedelta) -> None:
        self._open_work = open_work
        self._numbering = numbering
        self._late_window = late_window
        self._waiting: deque[_Submission] = deque()
        self._records_waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, provider_id: ProviderId, received: Sequence[Received]) -> list[Outcome]:
        """Outcomes in the order of ``received``, once they are durable. Raises ``Unavailable`` when swamped."""
        if self._records_waiting + len(received) > MOST_WAITING and self._waiting:
            raise Unavailable("Too many records are waiting; send the same request again in a second.")
        submission = _Submission(provider_id, received, asyncio.get_running_loop().create_future())
        self._waiting.append(submission)
        self._records_waiting += len(received)
        # Another transaction only for what would fill it: while one waits for the disk, the other is read and rated.
        if not self._tasks or (self._records_waiting >= SECOND_FROM and len(self._tasks) < MOST_AT_ONCE):
            task = asyncio.create_task(self._run(), name="intake")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        # A switch that hangs up does not take back its record.
        return await asyncio.shield(submission.answer)

    async def stop(self) -> None:
        """Waits for what was submitted."""
        while self._tasks:
            with contextlib.suppress(Exception):
                await asyncio.gather(*self._tasks)
            await asyncio.sleep(0)

    async def _run(self) -> None:
        while self._waiting:
            batch = self._gather()
            try:
                await self._record(batch)
            except Exception as error:
                await self._one_by_one(batch, error)
            if len(batch) > 1 and self._records_waiting < SECOND_FROM:
                await asyncio.sleep(LINGER_SECONDS)

    def _gather(self) -> list[_Submission]:
        batch: list[_Submission] = []
        records = 0
        while self._waiting and (not batch or records + len(self._waiting[0].received) <= MOST_GATHERED):
            submission = self._waiting.popleft()
            records += len(submission.received)
            batch.append(submission)
        self._records_waiting -= records
        return batch

    async def _record(self, batch: Sequence[_Submission]) -> None:
        by_provider: dict[ProviderId, list[_Submission]] = {}
        for submission in batch:
            by_provider.setdefault(submission.provider_id, []).append(submission)
        outcomes: dict[ProviderId, list[Outcome]] = {}
        # A trace of its own: a batch belongs to many requests, and the task to none of them.
        with tracer.start_as_current_span(
            "record batch", context=Context(), attributes={"tollgate.submissions": len(batch)}
        ):
            await self._commit(by_provider, outcomes)
        for provider_id, submissions in by_provider.items():
            at = 0
            for submission in submissions:
                _answer(submission, outcomes[provider_id][at : at + len(submission.received)])
                at += len(submission.received)

    async def _commit(
        self,
        by_provider: Mapping[ProviderId, Sequence[_Submission]],
        outcomes: dict[ProviderId, list[Outcome]],
    ) -> None:
        async with self._open_work() as work:
            # In one order everywhere, so that two batches never wait for each other.
            for provider_id in sorted(by_provider):
                received = [one for submission in by_provider[provider_id] for one in submission.received]
                outcomes[provider_id] = await record_received(
                    work, self._numbering, provider_id, received, late_window=self._late_window
                )

    async def _one_by_one(self, batch: Sequence[_Submission], error: Exception) -> None:
        """A batch that failed: with the database away all fail; else nobody suffers for another one's record."""
        if is_away(error) or len(batch) == 1:
            for submission in batch:
                _fail(submission, error)
            return
        log.warning("batch failed, recording one by one", submissions=len(batch), error=repr(error))
        for submission in batch:
            try:
                await self._record([submission])
            except Exception as own_error:
                _fail(submission, own_error)


def _answer(submission: _Submission, outcomes: list[Outcome]) -> None:
    if not submission.answer.done():
        submission.answer.set_result(outcomes)


def _fail(submission: _Submission, error: Exception) -> None:
    if not submission.answer.done():
        submission.answer.set_exception(error)
