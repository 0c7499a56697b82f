"""Who opens the Billing page in the measurement: a tenant with 24 invoices and 50,000 calls in its running period."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from deploy.demo.api import eventually
from deploy.demo.cast import BILLING, Stage, StagedProvider, StagedTenant, advance
from deploy.demo.deeds import save_card
from deploy.demo.scenario import FENWICK, GOOD, KESTREL, ProviderSpec, TenantSpec
from deploy.local.tokens import Person

INVOICES = 24
CALLS = 50_000
RECORDS_A_BODY = 500
BODIES_AT_ONCE = 4
# So many people of the tenant look at once; each has a rate limit of its own.
PEOPLE = 20
OPENED = datetime(2024, 11, 1, 4, tzinfo=UTC)
NOW = datetime(2026, 10, 18, 16, tzinfo=UTC)
PERIOD_BEGINS = datetime(2026, 10, 1, 5, tzinfo=UTC)


class _LongAgo(ProviderSpec):
    """Its tenants were opened when its clock began."""

    def tenant_body(self, tenant: TenantSpec, plan_id: str) -> dict[str, Any]:
        return {**super().tenant_body(tenant, plan_id), "opened_on": OPENED.date().isoformat()}


@dataclass(frozen=True)
class PageStage:
    """The stage, its one tenant, and tokens of people who may see its bills."""

    stage: Stage
    provider: StagedProvider
    tenant: StagedTenant
    tokens: list[str]


@asynccontextmanager
async def billed_tenant(endpoints: Path) -> AsyncIterator[PageStage]:
    """Two years of invoices, paid by card, and a busy month that runs."""
    mark = uuid.uuid4().hex[:8]
    tenant = replace(FENWICK, slug=f"page-{mark}", card=GOOD, share=1.0)
    values = {name: getattr(KESTREL, name) for name in KESTREL.__dataclass_fields__}
    spec = _LongAgo(
        **values | {"slug": f"pages-{mark}", "stripe_account": f"acct_page{mark}", "starts": OPENED, "tenants": (tenant,)}
    )  # fmt: skip
    stage = Stage(endpoints, (spec,))
    try:
        await stage.set()
        provider = stage.providers[spec.slug]
        billed = provider.tenants[tenant.slug]
        await save_card(stage, billed, GOOD)
        await advance([provider], {spec.slug: NOW}, seconds=600)
        await _call(provider, tenant.sip_domain)
        await _everything_is_there(billed)
        yield PageStage(stage, provider, billed, _tokens(stage, provider, billed))
    finally:
        await stage.close()


def _tokens(stage: Stage, provider: StagedProvider, tenant: StagedTenant) -> list[str]:
    return [
        stage.tokens.mint(
            Person(
                sub=f"{tenant.spec.slug}-{number}",
                roles=["tenant_admin"],
                provider_id=provider.provider_id,
                tenant_id=tenant.tenant_id,
                name=f"Admin {number}",
                email=tenant.spec.admin_email,
            )
        )
        for number in range(PEOPLE)
    ]


async def _call(provider: StagedProvider, domain: str) -> None:
    """Posts the month's calls, several bodies at a time."""
    waiting = iter(_bodies(domain))

    async def post() -> None:
        for body in waiting:
            answer = await provider.cdrs.send(
                "POST", "/v1/cdrs", content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code < 300, answer.text

    await asyncio.gather(*(post() for _ in range(BODIES_AT_ONCE)))


def _bodies(domain: str) -> list[bytes]:
    chosen = random.Random(20261018)
    span = (NOW - PERIOD_BEGINS - timedelta(hours=3)).total_seconds()
    extensions = [str(100 + number) for number in range(FENWICK.extensions)]
    # National, toll-free and abroad: lines of several classes and both directions.
    called = [f"+1212555{number:04d}" for number in range(3_000)] + ["+18005550199", "+442071234567"] * 60
    made = []
    for _ in range(CALLS // RECORDS_A_BODY):
        records = []
        for _ in range(RECORDS_A_BODY):
            begun = PERIOD_BEGINS.timestamp() + chosen.random() * span
            seconds = chosen.expovariate(1 / 120) + 1
            records.append(
                {
                    "id": str(uuid.UUID(int=chosen.getrandbits(128))),
                    "tenant": domain,
                    "direction": chosen.choice(("inbound", "outbound")),
                    "from": chosen.choice(extensions),
                    "to": chosen.choice(called),
                    "start_time": round(begun, 6),
                    "end_time": round(begun + seconds, 6),
                    "tenant_hold_ms": 0,
                }
            )
        made.append(orjson.dumps(records))
    return made


async def _everything_is_there(tenant: StagedTenant) -> None:
    async def complete() -> bool | None:
        page = await tenant.admin.get(f"{BILLING}/overview")
        counted = sum(day["calls"] for day in page["usage"].get("days", ()))
        invoices = (await tenant.admin.get(f"{BILLING}/invoices?limit=100"))["invoices"]
        return True if (counted, len(invoices)) == (CALLS, INVOICES) else None

    await eventually(f"{INVOICES} invoices and {CALLS} calls", complete, seconds=60)
