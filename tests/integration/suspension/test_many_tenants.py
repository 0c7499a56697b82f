"""What a second's look and a start cost with many tenants."""

import pytest
from sqlalchemy import text

from services.suspension.adapters.gate_feed import GateFeed
from services.suspension.adapters.gate_memory import Entry, GateMemory
from services.suspension.adapters.work import tenants_due
from tests.integration.suspension.conftest import Desk
from tests.unit.suspension.builders import PROVIDER

pytestmark = pytest.mark.integration
MANY = 2_345

_TENANTS = text("""
INSERT INTO tenant (tenant_id, provider_id, name, country, time_zone, currency, sip_domain, account_codes,
                    changed_at, sent_at)
SELECT gen_random_uuid(), :provider_id, 'T', 'US', 'UTC', 'USD', 't' || n || '.example', ARRAY['c' || n], now(), now()
FROM generate_series(1, :many) n
""")
_STANDINGS = text("""
INSERT INTO standing (tenant_id, provider_id, stage, since, why, next_step_at, evaluated_at, international_barred,
                      doubtful)
SELECT tenant_id, provider_id, 'none', now(), '', CAST('2026-02-01T00:00Z' AS timestamptz), now(), false, false FROM tenant
""")


class Failing(GateMemory):
    """Breaks in the middle of a reading."""

    def known(self, entry: Entry) -> Entry:
        raise RuntimeError("broken")


async def _fill(desk: Desk) -> None:
    async with desk.engine.begin() as connection:
        await connection.execute(_TENANTS, {"provider_id": PROVIDER, "many": MANY})
        await connection.execute(_STANDINGS)


def _feed(desk: Desk, memory: GateMemory) -> GateFeed:
    return GateFeed(desk.engine, memory, database_url=desk.url, reload_seconds=600, call_back_seconds=60)


async def test_every_line_is_read_whatever_a_trip_brings(desk: Desk) -> None:
    """More tenants than one trip holds; after a reading that broke, its connection serves the next."""
    await _fill(desk)
    for _ in range(12):
        with pytest.raises(RuntimeError):
            await _feed(desk, Failing()).read_all()
    memory = GateMemory()
    await _feed(desk, memory).read_all()
    assert len(memory) == MANY
    for name in ("t1.example", f"c{MANY}"):
        assert memory.find(PROVIDER, name) is not None, name


async def test_a_tenant_is_due_by_its_providers_clock_alone(desk: Desk) -> None:
    """The bound that spares the others their look: real time does not bring them, their provider's clock does."""
    await _fill(desk)
    assert await tenants_due(desk.engine, desk.clock.now(), 10) == []
    async with desk.engine.begin() as connection:
        values = {"provider_id": PROVIDER, "now": desk.clock.now().replace(month=3)}
        await connection.execute(
            text("INSERT INTO provider_clock (provider_id, now_at) VALUES (:provider_id, :now)"), values
        )
    assert len(await tenants_due(desk.engine, desk.clock.now(), 10)) == 10
    async with desk.engine.begin() as connection:
        await connection.execute(text("UPDATE provider_clock SET now_at = '2026-01-02T00:00Z'"))
    assert await tenants_due(desk.engine, desk.clock.now().replace(month=3), 10) == []
