"""The intake gathers, isolates failures, and answers only what is durable."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from services.usage.domain.records import Outcome, Received, Unreadable
from services.usage.entrypoints import intake as intake_module
from services.usage.entrypoints.intake import Intake
from services.usage.use_cases.ports import Numbering, UsageWork
from shared.errors import Unavailable
from shared.ids import ProviderId

PROVIDER = ProviderId(uuid4())


def record(name: str) -> Received:
    return Received("own", name.encode(), Unreadable("body", name))


class Recorder:
    """Stands in for the use case: remembers what each transaction was given, and whether it committed."""

    def __init__(self) -> None:
        self.committed: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def open_work(self) -> AsyncIterator[UsageWork]:
        names: list[str] = []
        yield cast("UsageWork", names)
        self.committed.append(names)

    async def record_calls(
        self, work: Any, _: object, __: ProviderId, received: Sequence[Received], *, late_window: timedelta
    ) -> list[Outcome]:
        await self.gate.wait()
        names = [one.raw.decode() for one in received]
        if "bug" in names:
            raise ValueError("bug")
        if "away" in names:
            raise ConnectionError("away")
        work += names
        return [Outcome("taken", detail=name) for name in names]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(intake_module, "record_received", made.record_calls)
    return made


def intake(recorder: Recorder) -> Intake:
    return Intake(recorder.open_work, cast("Numbering", None), late_window=timedelta(days=90))


async def test_what_comes_during_a_transaction_shares_the_next(recorder: Recorder) -> None:
    """One commit for the first, one for all the others; everybody gets their own outcomes."""
    made = intake(recorder)
    recorder.gate.clear()
    first = asyncio.create_task(made.submit(PROVIDER, [record("first")]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(made.submit(PROVIDER, [record(f"{at}"), record("x")])) for at in range(5)]
    await asyncio.sleep(0)
    recorder.gate.set()
    assert [one.detail for one in await first] == ["first"]
    assert [[one.detail for one in await other] for other in others] == [[f"{at}", "x"] for at in range(5)]
    assert [len(names) for names in recorder.committed] == [1, 10]


async def test_a_record_that_breaks_a_batch_breaks_only_its_own_request(recorder: Recorder) -> None:
    """The others of the batch are recorded one by one."""
    made = intake(recorder)
    results = await asyncio.gather(
        *(made.submit(PROVIDER, [record(name)]) for name in ("a", "bug", "b")), return_exceptions=True
    )
    assert [type(one) for one in results] == [list, ValueError, list]
    assert sorted(name for names in recorder.committed for name in names) == ["a", "b"]


async def test_with_the_database_away_nobody_is_told_that_it_was_taken(recorder: Recorder) -> None:
    """All of the batch fail, at once; the next request is tried again."""
    made = intake(recorder)
    results = await asyncio.gather(
        *(made.submit(PROVIDER, [record(name)]) for name in ("a", "away")), return_exceptions=True
    )
    assert [type(one) for one in results] == [ConnectionError, ConnectionError]
    assert (await made.submit(PROVIDER, [record("c")]))[0].status == "taken"


async def test_a_swamped_intake_says_so(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is bounded; the switch keeps the record and sends it again."""
    monkeypatch.setattr(intake_module, "MOST_WAITING", 3)
    made = intake(recorder)
    recorder.gate.clear()
    first = asyncio.create_task(made.submit(PROVIDER, [record("first")]))
    await asyncio.sleep(0)
    second = asyncio.create_task(made.submit(PROVIDER, [record("2"), record("3")]))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await made.submit(PROVIDER, [record("4"), record("5")])
    recorder.gate.set()
    assert len(await first) + len(await second) == 3
