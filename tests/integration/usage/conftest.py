"""A migrated database for this folder's tests, and a provider of its own for each of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.tokens import ISSUER, Person, TokenIssuer
from services.usage.adapters.numbering import PhoneNumbers
from services.usage.adapters.work import SqlUsageWork, work_opener
from services.usage.domain.records import Outcome, Received
from services.usage.entrypoints.consumers import HANDLERS
from services.usage.main import MIGRATIONS, build
from services.usage.settings import UsageSettings
from services.usage.use_cases.provision_resources import Provision, provision_resources
from services.usage.use_cases.record_legs import record_received as record_calls
from shared.clock import SetClock
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.events.envelope import Envelope, Event
from shared.events.invoicing import ClockAdvanced, PlanChanged, ProviderChanged, TenantOpened
from shared.ids import EventId, PlanId, ProviderId, TenantId, new_id
from tests.support.infrastructure import Databases

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
LATE_WINDOW = timedelta(days=90)
INTERNAL = "internal-secret-of-the-tests"


@pytest.fixture(scope="session")
async def database_url(databases: Databases) -> AsyncIterator[str]:
    url = await databases.create("usage")
    await migrate(url, MIGRATIONS)
    yield url
    await databases.drop(url)


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url)
    yield made
    await made.dispose()


@dataclass
class World:
    """A provider with one plan and one tenant, and the means to act on them."""

    engine: AsyncEngine
    clock: SetClock
    provider_id: ProviderId
    tenant_id: TenantId
    plan_id: PlanId
    domain: str

    def work(self) -> SqlUsageWork:
        return work_opener(self.engine, self.clock)()

    async def hear(self, event: Event, *, time: datetime | None = None) -> None:
        """Handles an event as the consumers do, in one transaction."""
        envelope = Envelope.of(
            event,
            event_id=EventId(new_id()),
            source="/test",
            time=time or self.clock.now(),
            sent_at=self.clock.now(),
        )
        async with self.work() as work:
            await HANDLERS[type(event)](work, event, envelope)

    async def record(self, *received: Received) -> list[Outcome]:
        async with self.work() as work:
            return await record_calls(
                work, PhoneNumbers(), self.provider_id, received, late_window=LATE_WINDOW
            )

    async def provision(self, *wanted: Provision) -> None:
        async with self.work() as work:
            await provision_resources(work, PhoneNumbers(), self.provider_id, self.tenant_id, wanted)

    async def set_up(self) -> None:
        """The provider on its test clock, its plan and its tenant."""
        await self.hear(ClockAdvanced(provider_id=self.provider_id, now=NOW))
        await self.hear(self.provider())
        await self.hear(self.plan())
        await self.hear(self.tenant())

    def plan(self, **changed: object) -> PlanChanged:
        values: dict[str, object] = {
            "provider_id": self.provider_id,
            "plan_id": self.plan_id,
            "version": 1,
            "name": "Professional",
            "billing_model": "flat_rate",
            "currency": "USD",
            "included_minutes": 0,
            "price_per_minute": Decimal("0.02"),
        }
        return PlanChanged.model_validate(values | changed)

    def tenant(self, **changed: object) -> TenantOpened:
        values: dict[str, object] = {
            "provider_id": self.provider_id,
            "tenant_id": self.tenant_id,
            "slug": "alder",
            "name": "Alder Dental",
            "status": "active",
            "country": "US",
            "time_zone": "America/New_York",
            "locale": "en-US",
            "currency": "USD",
            "billing_email": "billing@alder.example",
            "admin_email": "admin@alder.example",
            "sip_domain": self.domain,
            "account_codes": (f"acct-{self.domain}",),
            "plan_id": self.plan_id,
            "plan_version": 1,
            "plan_from": date(2026, 1, 1),
            "opened_on": date(2026, 1, 1),
        }
        return TenantOpened.model_validate(values | changed)

    def provider(self) -> ProviderChanged:
        return ProviderChanged.model_validate(
            {
                "provider_id": self.provider_id,
                "slug": "kestrel",
                "legal_name": "Kestrel Voice LLC",
                "address": ("1 Main St",),
                "tax_id": None,
                "currency": "USD",
                "country": "US",
                "time_zone": "America/New_York",
                "locale": "en-US",
                "brand": {"name": "Kestrel", "colour": "#224466"},
                "billing_email": "billing@kestrel.example",
                "support_phone": "+15550100",
            }
        )


def make_world(engine: AsyncEngine) -> World:
    name = uuid4().hex[:12]
    return World(
        engine=engine,
        clock=SetClock(NOW),
        provider_id=ProviderId(uuid4()),
        tenant_id=TenantId(uuid4()),
        plan_id=PlanId(uuid4()),
        domain=f"{name}.example",
    )


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    made = make_world(engine)
    await made.set_up()
    return made


@dataclass
class Api:
    """HTTP into the service's application, as a switch and as another service."""

    switch: httpx.AsyncClient
    internal: httpx.AsyncClient
    stranger: httpx.AsyncClient


@pytest.fixture
async def api(world: World, database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    issuer = TokenIssuer(tmp_path / "tokens")
    settings = UsageSettings(
        database_url=SecretStr(database_url),
        broker_url=SecretStr("amqp://nobody:nothing@127.0.0.1:1/"),
        http_port=0,
        internal_token=SecretStr(INTERNAL),
        auth_issuer=ISSUER,
        auth_jwks=str(issuer.jwks_file),
    )
    app = build(settings)

    def client(token: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://usage",
            headers={"Authorization": f"Bearer {token}"},
        )

    switch = issuer.mint(Person("fs1", ["switch"], str(world.provider_id)))
    admin = issuer.mint(Person("ann", ["provider_admin"], str(world.provider_id)))
    async with client(switch) as one, client(INTERNAL) as two, client(admin) as three:
        yield Api(one, two, three)
