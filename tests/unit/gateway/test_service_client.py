"""Deadlines, the circuit breaker and what becomes of a service's refusals."""

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.adapters.breaker import FAILURES_BEFORE_OPEN, LONGEST_REST_SECONDS, Breaker
from services.gateway.adapters.service_client import ServiceClient
from services.gateway.use_cases.errors import Refused
from services.gateway.use_cases.ports import Where
from shared.errors import Failed, Unavailable


class Now:
    """A monotonic clock that stands where it was put."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def client_of(handler: httpx.AsyncBaseTransport, *, deadline_seconds: float = 1.0) -> ServiceClient:
    return ServiceClient(
        "usage",
        "http://usage.test",
        httpx.AsyncClient(transport=handler),
        headers={"Authorization": "Bearer internal"},
        deadline_seconds=deadline_seconds,
    )


async def test_a_slow_service_is_given_up_at_the_deadline() -> None:
    """The page waits no longer than the deadline."""

    async def slow(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(5)
        return httpx.Response(200)

    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match="usage is away"):
        await client_of(httpx.MockTransport(slow), deadline_seconds=0.05).ask("GET", Where.of("v1"))
    assert asyncio.get_running_loop().time() - started < 1


async def test_reading_is_tried_again_once_after_a_broken_connection() -> None:
    """A restarted service has dropped the kept connection; the reader need not notice."""
    tries: list[str] = []

    def once_broken(request: httpx.Request) -> httpx.Response:
        tries.append(request.method)
        if len(tries) == 1:
            raise httpx.RemoteProtocolError("dropped", request=request)
        return httpx.Response(200, json={})

    answer = await client_of(httpx.MockTransport(once_broken)).ask("GET", Where.of("v1"))
    assert (answer.status, len(tries)) == (200, 2)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_failure_of_a_service_is_unavailable_without_its_words(status: int) -> None:
    """What a service says about its own failures stays inside."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"detail": "password is 123"}))
    with pytest.raises(Unavailable) as raised:
        await client_of(transport).ask("GET", Where.of("v1"))
    assert "123" not in str(raised.value)


async def test_a_service_that_fails_on_a_request_is_not_called_away() -> None:
    """Else a client would send again for ever what can never succeed; what the service says stays inside."""
    transport = httpx.MockTransport(lambda _: httpx.Response(500, json={"detail": "password is 123"}))
    with pytest.raises(Failed) as raised:
        await client_of(transport).ask("GET", Where.of("v1"))
    assert "123" not in str(raised.value)


@pytest.mark.parametrize("status", [401, 403])
async def test_our_own_rejected_token_is_not_the_callers_fault(status: int) -> None:
    """A 401 between services must not look like the person's sign-in having ended."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"detail": "no"}))
    with pytest.raises(Unavailable):
        await client_of(transport).ask("GET", Where.of("v1"))


@pytest.mark.parametrize("status", [404, 409, 422])
async def test_a_refusal_keeps_status_and_words(status: int) -> None:
    """Problem documents reach the caller."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"detail": "Choose another."}))
    with pytest.raises(Refused) as raised:
        await client_of(transport).ask("POST", Where.of("v1"))
    assert (status, "Choose another.") == (raised.value.status, raised.value.detail)


def test_the_breaker_opens_rests_and_lets_one_try() -> None:
    """After some failures nobody waits for a dead service; after a rest one request tries."""
    now = Now()
    breaker = Breaker(now=now)
    for _ in range(FAILURES_BEFORE_OPEN):
        assert breaker.lets_pass()
        breaker.failed()
    assert not breaker.lets_pass()
    now.at += LONGEST_REST_SECONDS
    assert [breaker.lets_pass(), breaker.lets_pass()] == [True, False]
    breaker.succeeded()
    assert breaker.lets_pass()
    assert not breaker.is_open


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 10)), max_size=80))
def test_the_breaker_never_shuts_for_good(steps: list[tuple[bool, float]]) -> None:
    """Whatever happened, after the longest rest a call passes."""
    now = Now()
    breaker = Breaker(now=now)
    for works, wait in steps:
        now.at += wait
        if breaker.lets_pass():
            breaker.succeeded() if works else breaker.failed()
    now.at += LONGEST_REST_SECONDS
    assert breaker.lets_pass()


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_no_address_climbs(part: str) -> None:
    """Dotted parts would lead to another resource."""
    with pytest.raises(ValueError):
        Where.of("v1", part)


@given(st.text(min_size=1).filter(lambda text: text.strip(".") != "" and text.isprintable()))
def test_a_part_stays_one_part(text: str) -> None:
    """Slashes, question marks and the like are quoted."""
    assert len(str(Where.of("v1", text)).split("/")) == 3
