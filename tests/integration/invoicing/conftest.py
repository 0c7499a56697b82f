"""A migrated database and builders for the tests of invoicing."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.invoicing.adapters.work import SqlWork, work_opener
from services.invoicing.domain.catalogue import Brand, Provider, Tax, Tenant
from services.invoicing.domain.plans import Plan
from services.invoicing.main import MIGRATIONS
from services.invoicing.use_cases.add_plan import add_plan
from services.invoicing.use_cases.add_provider import add_provider
from services.invoicing.use_cases.move_test_clock import move_clock
from services.invoicing.use_cases.open_tenant import open_tenant
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.ids import PlanId, ProviderId, TenantId, new_id
from shared.money import currency
from tests.conftest import FreshDatabase

USD = currency("USD")
START = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)  # midnight in New York


@dataclass
class Stage:
    """One provider on a test clock with a flat-rate plan."""

    engine: AsyncEngine
    open_work: Callable[[], SqlWork]
    provider: Provider
    plan: Plan

    def new_tenant(
        self, slug: str, *, trial_ends_on: date | None = None, plan_id: PlanId | None = None
    ) -> Tenant:
        """Not opened yet; from October 1."""
        return Tenant(
            tenant_id=TenantId(new_id()),
            provider_id=self.provider.provider_id,
            slug=slug,
            name=slug.title(),
            status="active",
            plan_id=plan_id or self.plan.plan_id,
            plan_version=1,
            plan_from=date(2026, 10, 1),
            opened_on=date(2026, 10, 1),
            anchor_day=1,
            trial_ends_on=trial_ends_on,
            country="US",
            time_zone="America/New_York",
            locale="en-US",
            currency=USD,
            address=("48 Alder Avenue",),
            billing_email="a@fenwick.example",
            admin_email="b@fenwick.example",
            sip_domain=f"{slug}.example",
            account_codes=(),
        )

    async def tenant(self, slug: str, *, trial_ends_on: date | None = None) -> Tenant:
        """Opens a tenant on October 1."""
        async with self.open_work() as work:
            return await open_tenant(work, self.new_tenant(slug, trial_ends_on=trial_ends_on))

    async def at(self, now: datetime) -> None:
        """Moves the test clock."""
        async with self.open_work() as work:
            await move_clock(work, self.provider.provider_id, now)


@pytest.fixture
async def stage(fresh_database: FreshDatabase) -> AsyncIterator[Stage]:
    url = await fresh_database("invoicing")
    await migrate(url, MIGRATIONS)
    engine = make_engine(url, pool=8)
    open_work = work_opener(engine)
    provider = Provider(
        provider_id=ProviderId(new_id()),
        slug="kestrel",
        legal_name="Kestrel Voice LLC",
        address=("120 Pier Street",),
        tax_id="55-0100244",
        currency=USD,
        country="US",
        time_zone="America/New_York",
        locale="en-US",
        brand=Brand("Kestrel Voice", "#0B5FA5", None),
        billing_email="billing@kestrel.example",
        support_phone="+12125550100",
        reachable_numbers=(),
        invoice_prefix="KV",
        terms_days=14,
        finalisation_delay_minutes=60,
        created_at=datetime.now(UTC),
        taxes=(Tax("New York sales tax", Decimal("8.875")),),
    )
    plan = Plan(
        provider_id=provider.provider_id,
        plan_id=PlanId(new_id()),
        version=1,
        name="Professional",
        billing_model="flat_rate",
        currency=USD,
        monthly_fee_minor=24900,
        included_extensions=20,
        included_dids=5,
        included_minutes=3000,
        price_extension=Decimal(12),
        price_did=Decimal("2.5"),
        price_minute=Decimal("0.019"),
        minimum_seconds=6,
        increment_seconds=6,
    )
    async with open_work() as work:
        await add_provider(work, provider)
        await add_plan(work, plan)
        await move_clock(work, provider.provider_id, START)
    yield Stage(engine, open_work, provider, plan)
    await engine.dispose()
