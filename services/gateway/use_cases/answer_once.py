"""A request that carries an ``Idempotency-Key`` is done once; its repeat gets the first one's answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import orjson

from services.gateway.use_cases.errors import Refused
from services.gateway.use_cases.ports import Claim, Document, Work
from shared.errors import Conflict, Invalid, NotSent, Refusal, Unavailable

KEEP_ANSWERS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answer:
    """``replayed``: nothing was done now, the document is that of the first request."""

    document: Document
    replayed: bool


async def answer_once(
    open_work: Callable[[], Work],
    claim: Claim,
    act: Callable[[], Awaitable[Document]],
    *,
    repeatable: bool,
) -> Answer:
    """Does ``act`` if nobody has with this key; keeps its answer, a refusal of the service included, for 24 hours.

    When the service's answer is lost nobody knows what was done. ``repeatable`` says that the service itself knows
    the request again (its ``request_id``): then the key is free for another try. Otherwise it stays taken.
    Raises ``Invalid`` for a key that was used for another request, ``Conflict`` while the first one is under way or
    its end is unknown.
    """
    async with open_work() as work:
        claimed = await work.kept_answers.claim(claim)
    if not claimed.mine:
        return _repeat(claim, claimed.same, claimed.answer)
    try:
        document = await act()
    except Refused as refused:
        content = orjson.dumps(refused.document)
        await _keep(open_work, claim, Document(refused.status, "application/problem+json", content))
        raise
    except Unavailable as error:
        if repeatable or isinstance(error, NotSent):
            await _release(open_work, claim)
        raise
    except Refusal:
        # Refused here, before any service was asked.
        await _release(open_work, claim)
        raise
    await _keep(open_work, claim, document)
    return Answer(document, replayed=False)


def _repeat(claim: Claim, same: bool, answer: Document | None) -> Answer:
    if not same:
        raise Invalid(
            f"The Idempotency-Key {claim.key!r} was used for another request; make a new key for each request.",
            field="Idempotency-Key",
            slug="idempotency-key-reused",
        )
    if answer is None:
        raise Conflict(
            "The first request with this Idempotency-Key is still running, or its answer was lost. Look whether it"
            " was done before you ask again with a new key.",
            slug="idempotency-key-in-use",
        )
    return Answer(answer, replayed=True)


async def _keep(open_work: Callable[[], Work], claim: Claim, document: Document) -> None:
    async with open_work() as work:
        await work.kept_answers.keep(claim, document)


async def _release(open_work: Callable[[], Work], claim: Claim) -> None:
    async with open_work() as work:
        await work.kept_answers.release(claim)


async def forget_answers(open_work: Callable[[], Work]) -> int:
    """Drops answers older than 24 hours; how many."""
    async with open_work() as work:
        return await work.kept_answers.forget(before=work.system_now() - KEEP_ANSWERS)
