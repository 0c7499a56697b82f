"""Which sections an event touches, and who is told."""

import asyncio
from uuid import uuid4

from services.gateway.domain.live import ALL_SECTIONS, stale_sections
from services.gateway.use_cases.onlookers import Looking, Onlookers
from shared.events import ALL
from shared.ids import ProviderId, TenantId

KESTREL, MARLOW = ProviderId(uuid4()), ProviderId(uuid4())
FENWICK, HARBOR = TenantId(uuid4()), TenantId(uuid4())


async def _now(looking: Looking) -> list[str] | None:
    """What the page would be told at once; None for nothing."""
    try:
        return await asyncio.wait_for(looking.next(), 0.01)
    except TimeoutError:
        return None


def test_every_section_named_is_one() -> None:
    """No event points at a section that the page does not have."""
    for event in ALL:
        assert stale_sections(event.TYPE) <= ALL_SECTIONS


def test_the_longest_beginning_counts() -> None:
    """A payment plan is no payment."""
    assert stale_sections("payments.payment_plan.agreed.v1") == {"balance", "standing"}
    assert "payments" in stale_sections("payments.payment.succeeded.v1")
    assert stale_sections("something.else.happened.v1") == frozenset()


async def test_only_the_tenants_own_pages_are_told() -> None:
    """Neither another tenant's nor, should ids ever meet, another provider's."""
    onlookers = Onlookers()
    own, other = Looking(KESTREL, FENWICK, "dana"), Looking(KESTREL, HARBOR, "kim")
    foreign = Looking(MARLOW, FENWICK, "eve")
    for one in (own, other, foreign):
        onlookers.add(one)
    onlookers.changed(KESTREL, [FENWICK], "payments.method.saved.v1")
    assert await _now(own) == ["methods"]
    assert await _now(other) is None
    assert await _now(foreign) is None


async def test_what_concerns_the_provider_is_told_to_all_its_pages() -> None:
    """A test clock moves them all, and nobody else's."""
    onlookers = Onlookers()
    own, foreign = Looking(KESTREL, FENWICK, "dana"), Looking(MARLOW, HARBOR, "eve")
    onlookers.add(own)
    onlookers.add(foreign)
    onlookers.changed(KESTREL, [], "invoicing.clock.advanced.v1")
    assert await _now(own) == sorted(ALL_SECTIONS)
    assert await _now(foreign) is None


async def test_changes_that_come_faster_than_they_are_read_are_put_together() -> None:
    """A slow page costs a set of names, however many events there are."""
    looking = Looking(KESTREL, FENWICK, "dana")
    for _ in range(1000):
        looking.tell({"usage"})
    looking.tell({"balance"})
    assert await _now(looking) == ["balance", "usage"]
    assert await _now(looking) is None


def test_a_page_that_closed_is_forgotten() -> None:
    """Nothing is kept of it."""
    onlookers = Onlookers()
    first, second = Looking(KESTREL, FENWICK, "dana"), Looking(KESTREL, FENWICK, "dana")
    onlookers.add(first)
    onlookers.add(second)
    assert onlookers.of_person(first) == 2
    onlookers.remove(first)
    onlookers.remove(second)
    onlookers.remove(second)
    assert onlookers.of_person(first) == 0
