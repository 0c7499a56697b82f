"""Calls for the measurements: as bodies that a platform posts, and as rows that were stored before."""

import asyncio
import random
import time
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import orjson

from services.usage.adapters.months import partition_name
from services.usage.domain.months import begins, next_month
from tests.integration.usage.conftest import World

RECORDS_A_BODY = 500
_STORERS = 2
DOCUMENT_BYTES = 12_000
# All within one afternoon, as live traffic is; the world's clock stands a fortnight later.
AFTERNOON = datetime(2026, 3, 17, 15, tzinfo=UTC)


def bodies(domain: str, count: int, seed: int) -> list[bytes]:
    """JSON arrays of 500 records with different ids, about 130 kB each."""
    chosen = random.Random(seed)
    extensions = [str(1000 + number) for number in range(200)]
    called = [f"+1212555{number:04d}" for number in range(5_000)]
    made = []
    for _ in range(count):
        records = []
        for _ in range(RECORDS_A_BODY):
            at = AFTERNOON.timestamp() + chosen.random() * 14_400
            seconds = chosen.expovariate(1 / 180) + 1
            records.append(
                {
                    "id": str(UUID(int=chosen.getrandbits(128))),
                    "tenant": domain,
                    "direction": chosen.choice(("inbound", "outbound")),
                    "from": chosen.choice(extensions),
                    "to": chosen.choice(called),
                    "start_time": round(at, 6),
                    "end_time": round(at + seconds, 6),
                    "duration": round(seconds, 3),
                    "tenant_hold_ms": 0,
                    "sip_call_id": f"{chosen.getrandbits(64):016x}@10.0.0.1",
                }
            )
        made.append(orjson.dumps(records))
    return made


def documents(domain: str, count: int, seed: int) -> list[bytes]:
    """One leg each as mod_json_cdr posts it, with the SIP headers that fill a real switch's document to 12 kB."""
    chosen = random.Random(seed)
    return [_document(domain, chosen) for _ in range(count)]


def _document(domain: str, chosen: random.Random) -> bytes:
    leg, other = (UUID(int=chosen.getrandbits(128)) for _ in range(2))
    answered = int(AFTERNOON.timestamp() * 1_000_000) + chosen.randrange(14_400_000_000)
    ended = answered + chosen.randrange(1_000_000, 400_000_000)
    variables = {
        "uuid": str(leg),
        "direction": "inbound",
        "domain_name": domain,
        "sip_auth_username": "1001",
        "start_uepoch": str(answered - 3_000_000),
        "answer_uepoch": str(answered),
        "end_uepoch": str(ended),
        "bridge_uuid": str(other),
        "sip_call_id": f"{leg}@10.0.0.1",
    }
    profile = {
        "caller_id_number": "1001",
        "destination_number": f"+1212555{chosen.randrange(5_000):04d}",
        "context": domain,
        "uuid": str(leg),
    }
    made = {"switchname": "fs1", "variables": variables, "callflow": [{"caller_profile": profile}]}
    missing = DOCUMENT_BYTES - len(orjson.dumps(made))
    number = 0
    while missing > 0:
        name, value = f"sip_h_X-Trunk-Detail-{number:03d}", UUID(int=leg.int ^ number).hex
        variables[name] = value
        missing -= len(name) + len(value) + 6
        number += 1
    return orjson.dumps(made)


# Keys that grow with the row's number are indexed in the order of the index, ten times as fast as random ones; the calls
# that are measured have random keys, and meet as many pages.
_ROWS = """
SELECT $3::timestamptz + i * ($4::timestamptz - $3::timestamptz) / $5::int AS at,
  CAST(lpad(to_hex(($6::bigint + i) * 4294967295 / $7::bigint), 8, '0') || lpad(to_hex($7::bigint % 65536), 4, '0')
    || '40008000' || lpad(to_hex($6::bigint + i), 12, '0') AS uuid) AS key
FROM generate_series(0, $5::int - 1) AS i
"""
_CALLS = f"""
INSERT INTO call (tenant_id, placed_at, call_key, provider_id, switch, leg_id, started_at, answered_at, ended_at,
  local_day, direction, from_number, to_number, call_class, talk_ms, hold_ms, billed_seconds, plan_id, plan_version,
  flags, received_at, price_per_minute, connect_fee, charge, chargeable, known_class)
SELECT $1, at, key, $2, 'api', 'stored', at, at, at + interval '60 s', at::date, 'outbound', '1001',
  '+12125550147', 'external', 60000, 0, 60, $8, 1, '', at, 0.02, 0, 0.02, true, 'external'
FROM ({_ROWS}) AS one
"""  # noqa: S608 (texts of this module)
_KEYS = (
    "INSERT INTO call_key (provider_id, call_key, tenant_id, placed_at, fingerprint)"  # noqa: S608 (texts of this module)
    f" SELECT $2, key, $1, at, '\\x00'::bytea FROM ({_ROWS}) AS one"
)
_TOTALS = (
    "INSERT INTO day_total (tenant_id, local_day, call_class, direction, provider_id, calls, billed_seconds, talk_ms,"
    " billed_calls) SELECT tenant_id, local_day, call_class, direction, provider_id, count(*), sum(billed_seconds),"
    " sum(talk_ms), count(*) FROM call WHERE tenant_id = $1 GROUP BY 1, 2, 3, 4, 5 ON CONFLICT DO NOTHING"
)
_LINES = (
    "INSERT INTO day_line (tenant_id, local_day, plan_id, plan_version, call_class, direction, destination,"
    " price_per_minute, connect_fee, capped, chargeable, extension, provider_id, calls, line_calls, billed_seconds,"
    " charge) SELECT tenant_id, local_day, plan_id, plan_version, call_class, direction, '', price_per_minute,"
    " connect_fee, false, true, '', provider_id, count(*), count(*), sum(billed_seconds), 0 FROM call"
    " WHERE tenant_id = $1 GROUP BY 1, 2, 3, 4, 5, 6, 8, 9, 13 ON CONFLICT DO NOTHING"
)


async def store_calls(url: str, world: World, start: datetime, end: datetime, count: int) -> None:
    """Calls of the world's tenant spread evenly over ``[start, end)``, a month a statement, with their keys."""
    months = []
    month = start.date().replace(day=1)
    while begins(month) < end:
        months.append(month)
        month = next_month(month)
    async with world.work() as work:
        await work.months.provide(months)
    shares: list[tuple[date, datetime, datetime, int, int]] = []
    before = 0
    for month in months:
        first, last = max(begins(month), start), min(begins(next_month(month)), end)
        share = round(count * ((last - first) / (end - start)))
        if share:
            shares.append((month, first, last, share, before))
            before += share
    waiting = iter(shares)

    async def store() -> None:
        connection = await asyncpg.connect(url, command_timeout=3600)
        try:
            for month, first, last, share, at in waiting:
                values = (world.tenant_id, world.provider_id, first, last, share, at, before)
                await connection.execute(_CALLS, *values, world.plan_id)
                await connection.execute(_KEYS, *values)
                await connection.execute(f"ANALYZE {partition_name(month)}")
        finally:
            await connection.close()

    await asyncio.gather(*(store() for _ in range(_STORERS)))
    connection = await asyncpg.connect(url, command_timeout=3600)
    try:
        await connection.execute("ANALYZE call_key")
    finally:
        await connection.close()


async def add_rollups(url: str, world: World) -> None:
    """Totals and lines of all stored calls of the tenant."""
    connection = await asyncpg.connect(url, command_timeout=3600)
    try:
        await connection.execute(_TOTALS, world.tenant_id)
        await connection.execute(_LINES, world.tenant_id)
    finally:
        await connection.close()


async def copy_rate(url: str, world: World) -> float:
    """Rows a second of the baseline: the tenant's stored rows again, 500 a transaction, by COPY into a temporary
    table and INSERT ON CONFLICT into a plain one with the same columns and two keys."""
    connection = await asyncpg.connect(url, command_timeout=600)
    try:
        await connection.execute("DROP TABLE IF EXISTS bare_call")
        await connection.execute("CREATE TABLE bare_call (LIKE call INCLUDING DEFAULTS)")
        await connection.execute("ALTER TABLE bare_call ADD PRIMARY KEY (tenant_id, placed_at, call_key)")
        await connection.execute("ALTER TABLE bare_call ADD UNIQUE (provider_id, call_key)")
        await connection.execute("CREATE TEMP TABLE arriving (LIKE call) ON COMMIT DELETE ROWS")
        rows = [
            tuple(row)
            for row in await connection.fetch(
                "SELECT * FROM call WHERE tenant_id = $1 ORDER BY received_at, call_key", world.tenant_id
            )
        ]
        columns = [row["attname"] for row in await connection.fetch(_COLUMNS)]
        begun = time.monotonic()
        for at in range(0, len(rows), RECORDS_A_BODY):
            async with connection.transaction():
                await connection.copy_records_to_table(
                    "arriving", records=rows[at : at + RECORDS_A_BODY], columns=columns
                )
                await connection.execute(
                    "INSERT INTO bare_call SELECT * FROM arriving ON CONFLICT DO NOTHING"
                )
        taken = time.monotonic() - begun
        assert await connection.fetchval("SELECT count(*) FROM bare_call") == len(rows)
        return len(rows) / taken
    finally:
        await connection.close()


_COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = 'call'::regclass AND attnum > 0 AND NOT attisdropped"
    " ORDER BY attnum"
)
