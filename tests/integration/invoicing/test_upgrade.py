"""What was there before credit notes and jurisdictions goes on as it was."""

from decimal import Decimal

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from services.invoicing.adapters.work import work_opener
from services.invoicing.main import MIGRATIONS
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.ids import ProviderId, new_id
from tests.conftest import FreshDatabase

pytestmark = pytest.mark.integration
PROVIDER = (
    "INSERT INTO provider (provider_id, slug, legal_name, currency, country, time_zone, locale, billing_email,"
    " support_phone, invoice_prefix, address, brand, reachable_numbers, terms_days, finalisation_delay_minutes,"
    " created_at) VALUES (:p, 'kestrel', 'Kestrel', 'USD', 'US', 'America/New_York', 'en-US', 'a@b.example',"
    " '+12125550100', 'KV', '[]', '{\"name\": \"K\", \"colour\": \"#000000\", \"logo\": null}', '[]', 14, 60, now())"
)


async def test_a_provider_of_before_keeps_its_rate_everywhere(fresh_database: FreshDatabase) -> None:
    """The first revision with a rate, then all others: one rate, anywhere, at any time; the default options."""
    url = await fresh_database("invoicing")
    engine = make_engine(url, pool=2)
    provider_id = ProviderId(new_id())

    def first(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    async with engine.begin() as connection:
        await connection.run_sync(first)
        await connection.execute(text(PROVIDER), {"p": provider_id})
        for name, rate in (("State", "4"), ("City", "4.5")):
            await connection.execute(
                text("INSERT INTO tax_rate (provider_id, name, rate) VALUES (:p, :name, :rate)"),
                {"p": provider_id, "name": name, "rate": Decimal(rate)},
            )
    await migrate(url, MIGRATIONS)
    async with work_opener(engine)() as work:
        provider = await work.providers.get(provider_id)
    await engine.dispose()
    assert [(tax.name, str(tax.rate), tax.country, tax.valid_from) for tax in provider.taxes] == [
        ("City", "4.5", None, None),
        ("State", "4", None, None),
    ]
    assert (provider.registrations, provider.billing.zero_invoices) == ((), "issue")
    assert provider.credit_note_prefix == "KVCN"
