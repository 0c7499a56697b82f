"""Many calls at once are written another way than few: the rows must be the same."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.usage.adapters.added_calls import COPIED_FROM
from services.usage.entrypoints.formats.reading import received_asterisk
from tests.integration.usage.conftest import NOW, World, make_world

pytestmark = pytest.mark.integration

_ROWS = text(
    "SELECT to_jsonb(call) - ARRAY['tenant_id', 'provider_id', 'plan_id'] AS kept FROM call"
    " WHERE provider_id = :provider_id ORDER BY call_key"
)


def rows(count: int) -> list[str]:
    """Rows over several days: every third unanswered, of many lengths, some flagged, callers of both kinds."""
    made = []
    for at in range(count):
        begun = NOW - timedelta(days=at % 7, seconds=at)
        answered = at % 3 > 0
        talk = 5 + at % 40
        billsec = talk if answered or at % 2 else 0
        times = [
            begun,
            begun + timedelta(seconds=4) if answered else None,
            begun + timedelta(seconds=4 + talk),
        ]
        stamps = ",".join(f'"{one:%Y-%m-%d %H:%M:%S}"' if one else '""' for one in times)
        state = "ANSWERED" if answered else "NO ANSWER"
        made.append(
            f'"acct","{1001 + at % 5}","1212555{at:04d}","internal","","PJSIP/p-{at}","PJSIP/t-{at}","Dial","",'
            f'{stamps},{4 + talk},{billsec},"{state}","DOC","177.{at}",""'
        )
    return made


async def kept(world: World, written: list[str], at_once: int) -> list[Any]:
    for begins in range(0, len(written), at_once):
        body = "\n".join(written[begins : begins + at_once]).replace(
            '"acct"', f'"acct-{world.domain}"', at_once
        )
        outcomes = await world.record(*received_asterisk(body.encode(), switch="pbx1", time_zone="UTC"))
        assert {one.status for one in outcomes} == {"taken"}
    async with world.engine.connect() as connection:
        found = await connection.execute(_ROWS, {"provider_id": world.provider_id})
        return list(found.scalars())


async def test_many_calls_at_once_leave_the_same_rows_as_few(engine: AsyncEngine) -> None:
    """Column by column, whichever way they went; and the same again changes nothing."""
    few, many = make_world(engine), make_world(engine)
    for world in (few, many):
        await world.set_up()
    written = rows(COPIED_FROM * 2)
    expected = await kept(few, written, 20)
    assert len(expected) == len(written)
    assert await kept(many, written, len(written)) == expected
    assert {row["answered_at"] is None for row in expected} == {True, False}
    again = "\n".join(written).replace('"acct"', f'"acct-{many.domain}"')
    outcomes = await many.record(*received_asterisk(again.encode(), switch="pbx1", time_zone="UTC"))
    assert {one.status for one in outcomes} == {"repeated"}
