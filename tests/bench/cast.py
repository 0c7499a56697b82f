"""Who takes part in the measurements: one provider, many tenants that do not pay, one that calls."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from deploy.demo.cast import Stage, StagedProvider, StagedTenant, advance
from deploy.demo.scenario import FENWICK, KESTREL, TEAM, ProviderSpec, TenantSpec

ROUNDS = 15
# For the test clock to pass the weeks in which all of them do not pay.
PATIENCE_SECONDS = 300.0
# The first fee falls due 14 days after October 1; a fortnight later the default policy suspends (R46).
SUSPENDED_AT = datetime(2026, 10, 29, 12, tzinfo=ZoneInfo(KESTREL.time_zone))


@dataclass(frozen=True)
class BenchStage:
    """The stage with its one provider. ``late_payers`` are suspended and stay so until they pay."""

    stage: Stage
    provider: StagedProvider
    late_payers: list[StagedTenant]
    caller: StagedTenant


def _spec(late_payers: int) -> ProviderSpec:
    # A run may share its databases with an earlier one of the same stack.
    mark = uuid.uuid4().hex[:8]
    late = [
        TenantSpec(
            f"late-{number}-{mark}",
            f"Late Payer {number}",
            TEAM,
            1,
            (f"+1212555{1000 + number}",),
            0.0,
            KESTREL.address,
        )
        for number in range(late_payers)
    ]
    caller = replace(FENWICK, slug=f"caller-{mark}", name="Caller", card=None, share=1.0)
    # A Stripe account collects for one provider only.
    account = f"acct_bench{mark}"
    return replace(KESTREL, slug=f"bench-{mark}", stripe_account=account, tenants=(caller, *late))


@asynccontextmanager
async def staged_provider(endpoints: Path, *, late_payers: int = ROUNDS) -> AsyncIterator[BenchStage]:
    """Sets the stage and moves the test clock to where every late payer is suspended."""
    spec = _spec(late_payers)
    stage = Stage(endpoints, (spec,))
    assert stage.endpoints["stripe_simulator"], (
        "the webhook measurement holds webhooks back, which needs the simulator: unset STRIPE_SECRET_KEY"
    )
    try:
        await stage.set()
        provider = stage.providers[spec.slug]
        await advance([provider], {spec.slug: SUSPENDED_AT}, seconds=PATIENCE_SECONDS)
        caller, *late = provider.tenants.values()
        yield BenchStage(stage, provider, late, caller)
    finally:
        await stage.close()
