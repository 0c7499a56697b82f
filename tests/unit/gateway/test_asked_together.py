"""People who ask at the same time share a look at the services, never one that is older than their question."""

import asyncio

import pytest

from services.gateway.use_cases.asked_together import AskedTogether


class World:
    """Something that changes, and how often it was looked at. Looking ends when it is let."""

    def __init__(self) -> None:
        self.value = 0
        self.looks = 0
        self.let = asyncio.Event()
        self.fails = False

    async def look(self, _: str) -> int:
        self.looks += 1
        seen = self.value
        await self.let.wait()
        if self.fails:
            raise RuntimeError("away")
        return seen


async def test_a_hundred_at_once_are_two_looks() -> None:
    """The first one's, and one that begins after everybody has asked."""
    world = World()
    together = AskedTogether(world.look)
    asked = [asyncio.create_task(together.get("a")) for _ in range(100)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.value = 1
    world.let.set()
    assert await asyncio.gather(*asked) == [0] + [1] * 99
    assert world.looks == 2
    assert await together.get("a") == 1
    assert world.looks == 3
    assert not together._running and not together._next


async def test_nobody_is_told_what_held_before_they_asked() -> None:
    """Whoever asks after a change sees it, though an older look is under way."""
    world = World()
    together = AskedTogether(world.look)
    early = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0.01)
    world.value = 1
    late = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0.01)
    world.let.set()
    assert (await early, await late) == (0, 1)


async def test_keys_do_not_wait_for_each_other() -> None:
    """Two tenants are two questions at once."""
    world = World()
    together = AskedTogether(world.look)
    asked = [asyncio.create_task(together.get(key)) for key in ("a", "b")]
    await asyncio.sleep(0.01)
    assert world.looks == 2
    world.let.set()
    await asyncio.gather(*asked)


async def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    """A closed tab ends its own waiting alone; a failure reaches everybody who shared it, and the next look is new."""
    world = World()
    together = AskedTogether(world.look)
    first = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0.01)
    second, third = (asyncio.create_task(together.get("a")) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    second.cancel()
    world.let.set()
    assert await third == 0
    world.fails = True
    with pytest.raises(RuntimeError):
        await together.get("a")
    world.fails = False
    assert await together.get("a") == 0
