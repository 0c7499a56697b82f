"""Kept answers: the fake and PostgreSQL behave alike, and of two requests at once only one is the first."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.gateway.adapters.work import GatewayWork
from services.gateway.main import MIGRATIONS
from services.gateway.use_cases.answer_once import answer_once
from services.gateway.use_cases.ports import Claim, Claimed, Document
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.errors import Conflict
from shared.ids import ProviderId
from tests.conftest import FreshDatabase
from tests.support.fake_audit import FakeAuditLog, FakeKeptAnswers, FakeWork

pytestmark = pytest.mark.integration
NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
DONE = Document(201, "application/json", b'{"plan_id": "1"}')


@pytest.fixture
async def engine(fresh_database: FreshDatabase) -> AsyncIterator[AsyncEngine]:
    url = await fresh_database("gateway")
    await migrate(url, MIGRATIONS)
    made = make_engine(url, pool=5)
    yield made
    await made.dispose()


@pytest.fixture(params=["fake", "postgresql"])
def open_work(request: pytest.FixtureRequest) -> Any:
    """Opens a unit of work over the fake, or over PostgreSQL."""
    if request.param == "fake":
        log, kept = FakeAuditLog(), FakeKeptAnswers()
        return lambda: FakeWork(log, kept)
    engine: AsyncEngine = request.getfixturevalue("engine")
    return lambda: GatewayWork(engine)


def a_claim(
    key: str = "k", *, fingerprint: bytes = b"one", subject: str = "dana", at: datetime = NOW
) -> Claim:
    return Claim(ProviderId(UUID(int=1)), subject, key, fingerprint, at)


async def _claim(open_work: Any, claim: Claim) -> Claimed:
    async with open_work() as work:
        claimed: Claimed = await work.kept_answers.claim(claim)
        return claimed


async def test_first_come(open_work: Any) -> None:
    """The first has it, the second sees that it runs, then its answer; another person's key is another key."""
    assert Claimed(mine=True) == await _claim(open_work, a_claim())
    assert Claimed(mine=False) == await _claim(open_work, a_claim())
    async with open_work() as work:
        await work.kept_answers.keep(a_claim(), DONE)
    assert Claimed(mine=False, answer=DONE) == await _claim(open_work, a_claim())
    other = await _claim(open_work, a_claim(fingerprint=b"two"))
    assert (other.mine, other.same) == (False, False)
    assert Claimed(mine=True) == await _claim(open_work, a_claim(subject="kim"))


async def test_only_an_unanswered_key_is_released(open_work: Any) -> None:
    """An answer stays until it is a day old."""
    await _claim(open_work, a_claim("a"))
    await _claim(open_work, a_claim("b"))
    async with open_work() as work:
        await work.kept_answers.keep(a_claim("a"), DONE)
        await work.kept_answers.release(a_claim("a"))
        await work.kept_answers.release(a_claim("b"))
    assert not (await _claim(open_work, a_claim("a"))).mine
    assert (await _claim(open_work, a_claim("b"))).mine


async def test_old_answers_are_forgotten(open_work: Any) -> None:
    """Those from before the instant, and no others."""
    await _claim(open_work, a_claim("old", at=NOW - timedelta(days=2)))
    await _claim(open_work, a_claim("new"))
    async with open_work() as work:
        assert await work.kept_answers.forget(before=NOW - timedelta(days=1)) == 1
    assert (await _claim(open_work, a_claim("old"))).mine
    assert not (await _claim(open_work, a_claim("new"))).mine


async def test_ten_at_once_do_it_once(engine: AsyncEngine) -> None:
    """Ten clicks with one key: one act, and nine that wait or get its answer."""
    acts = 0

    async def act() -> Document:
        nonlocal acts
        acts += 1
        await asyncio.sleep(0.05)
        return DONE

    async def click() -> str:
        try:
            answer = await answer_once(lambda: GatewayWork(engine), a_claim(), act, repeatable=False)
        except Conflict:
            return "in use"
        return "replayed" if answer.replayed else "done"

    ended = await asyncio.gather(*(click() for _ in range(10)))
    assert acts == 1
    assert ended.count("done") == 1
    assert (await answer_once(lambda: GatewayWork(engine), a_claim(), act, repeatable=False)).document == DONE
    assert acts == 1
