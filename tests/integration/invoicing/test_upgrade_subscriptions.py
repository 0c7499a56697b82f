"""A subscription of before plan changes keeps its plan, and its running fee counts as billed."""

from datetime import date

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from services.invoicing.adapters.work import work_opener
from services.invoicing.main import MIGRATIONS
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.ids import PlanId, TenantId, new_id
from tests.conftest import FreshDatabase

pytestmark = pytest.mark.integration
BEFORE = (
    "INSERT INTO plan_version VALUES (:p, :plan, 1, 'Pro', 'flat_rate', 'USD', 24900, 0, 0, 0, 1, 1, 0.01, 6, 6)",
    "INSERT INTO tenant (provider_id, tenant_id, slug, name, status, country, time_zone, locale, currency,"
    " billing_email, admin_email, sip_domain, plan_id, plan_version, plan_from, opened_on, anchor_day, address,"
    " account_codes) VALUES (:p, :t, 's', 'S', 'active', 'US', 'UTC', 'en', 'USD', 'a@b', 'a@b', 's', :plan, 1,"
    " '2026-09-01', '2026-09-01', 1, '[]', '[]')",
    "INSERT INTO billing_period (tenant_id, start_date, provider_id, end_date, month_days, is_trial, plan_id,"
    " plan_version, state, end_at, finalise_at) VALUES (:t, '2026-10-01', :p, '2026-11-01', 31, false, :plan, 1,"
    " 'running', '2026-11-01Z', '2026-11-01Z')",
    "INSERT INTO invoice_line (tenant_id, invoice_id, position, kind, description, quantity, unit_price, amount_minor,"
    " start_date, end_date, evidence) VALUES (:t, :i, 0, 'fee', 'Pro plan', 1, 249.00, 24900, '2026-10-01',"
    " '2026-11-01', '{}')",
)


async def test_a_running_fee_is_not_billed_again(fresh_database: FreshDatabase) -> None:
    """The first revision with a tenant in its month, then all others."""
    url = await fresh_database("invoicing")
    engine = make_engine(url, pool=2)
    ids = {"p": new_id(), "t": TenantId(new_id()), "plan": PlanId(new_id()), "i": new_id()}

    def first(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    async with engine.begin() as connection:
        await connection.run_sync(first)
        for statement in BEFORE:
            await connection.execute(text(statement), ids)
    await migrate(url, MIGRATIONS)
    async with work_opener(engine)() as work:
        period = await work.periods.get(TenantId(ids["t"]), date(2026, 10, 1))
        timeline = await work.subscriptions.timeline(TenantId(ids["t"]))
    await engine.dispose()
    assert period is not None and period.fee is not None
    assert period.fee.until == date(2026, 11, 1)
    (billed,) = period.billed.items()
    assert billed[0] == f"fee/{ids['plan']}/1/2026-10-01"
    assert (billed[1].minor, billed[1].end, billed[1].description) == (24900, date(2026, 11, 1), "Pro plan")
    assert timeline.plans == ((date(2026, 9, 1), ids["plan"], 1),)
