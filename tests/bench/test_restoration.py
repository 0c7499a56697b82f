"""From the webhook that tells of a payment until a switch may connect the tenant's calls again."""

import asyncio
import itertools
import time
import uuid
from typing import Any

import asyncpg
import orjson

from deploy.demo import deeds, observe
from deploy.demo.api import Api
from deploy.demo.cast import BILLING, StagedTenant
from deploy.demo.play import A_NUMBER
from tests.bench.cast import BenchStage
from tests.bench.figures import Figures, percentile

# Between two questions of the switch.
ASK_SECONDS = 0.003
PATIENCE_SECONDS = 60.0
STEPS = (
    ("payments", "payments.payment.succeeded.v1"),
    ("invoicing", "invoicing.invoice.paid.v1"),
    ("suspension", "suspension.tenant.restored.v1"),
)


async def pay_unseen(simulator: Api, tenant: StagedTenant) -> None:
    """Pay Now as the browser does it up to Stripe's yes; nobody asks payments to look, only the webhook tells."""
    (row,) = await observe.invoices_of(tenant)
    payment = await tenant.admin.post(
        f"{BILLING}/payments",
        {
            "invoice_ids": [row["invoice_id"]],
            "amount": row["balance"],
            "new_method": True,
            "request_id": str(uuid.uuid4()),
        },
    )
    secret = payment["client_secret"]
    confirmed = await simulator.json(
        "POST",
        f"/v1/payment_intents/{secret.split('_secret_')[0]}/confirm",
        data={
            "client_secret": secret,
            "payment_method": "pm_card_visa",
            "return_url": "https://billing.example/",
        },
        headers={
            "Authorization": f"Bearer {payment['publishable_key']}",
            "Stripe-Account": payment["stripe_account"],
        },
    )
    assert confirmed["status"] == "succeeded"


async def until_allowed(tenant: StagedTenant) -> float:
    """The instant (`time.time`) at which the gate allowed an outbound call."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while await deeds.policy(tenant.provider, tenant, "outbound", A_NUMBER) != "allow":
        assert time.monotonic() < give_up, f"{tenant.spec.slug} is still suspended"
        await asyncio.sleep(ASK_SECONDS)
    return time.time()


async def delivered(simulator: Api) -> None:
    """Waits until Stripe has no event left to tell, so that rounds do not meet."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while (await simulator.get("/_simulator/deliveries?state=pending"))["deliveries"]:
        assert time.monotonic() < give_up, "webhooks are not taken"
        await asyncio.sleep(0.02)


async def one_round(simulator: Api, tenant: StagedTenant) -> tuple[float, float]:
    """(released, allowed), as `time.time`: Stripe's events let go, and the first allowed call."""
    await delivered(simulator)
    await simulator.post("/_simulator/webhooks/hold", {})
    try:
        await pay_unseen(simulator, tenant)
        assert await deeds.policy(tenant.provider, tenant, "outbound", A_NUMBER) == "reject"
    finally:
        released = time.time()
        await simulator.post("/_simulator/webhooks/release", {})
    return released, await until_allowed(tenant)


async def told_at(urls: dict[str, str], tenant_ids: set[str]) -> dict[str, list[float]]:
    """When each step's event was written into its outbox, per tenant (`time.time`)."""
    found: dict[str, list[float]] = {tenant_id: [] for tenant_id in tenant_ids}
    for service, event_type in STEPS:
        connection = await asyncpg.connect(urls[service], timeout=10)
        try:
            rows = await connection.fetch(
                "SELECT body, sent_at FROM outbox WHERE type = $1 ORDER BY sequence", event_type
            )
        finally:
            await connection.close()
        for row in rows:
            tenant_id = orjson.loads(row["body"])["subject"]
            if tenant_id in found:
                found[tenant_id].append(row["sent_at"].timestamp())
    return found


def split_ms(rounds: dict[str, tuple[float, float]], told: dict[str, list[float]]) -> list[float]:
    """The median time of each leg: to payments' event, invoicing's, suspension's, and the gate's answer."""
    legs: list[list[float]] = []
    for tenant_id, (released, allowed) in rounds.items():
        assert len(told[tenant_id]) == len(STEPS), "one payment, one paid invoice, one restoration"
        instants = [released, *told[tenant_id], allowed]
        legs.append([after - before for before, after in itertools.pairwise(instants)])
    return [percentile(leg, 50) * 1000 for leg in zip(*legs, strict=True)]


async def test_payment_webhook_to_allowed_call(staged: BenchStage, figures: Figures) -> None:
    """Refused before the webhook, allowed after it; each payment, paid invoice and restoration told once."""
    simulator = Api(staged.stage.endpoints["stripe_simulator"], "")
    rounds: dict[str, tuple[float, float]] = {}
    try:
        for tenant in staged.late_payers[::2]:
            rounds[tenant.tenant_id] = await one_round(simulator, tenant)
    finally:
        await simulator.close()
    urls: Any = staged.stage.endpoints["database_urls"]
    legs = split_ms(rounds, await told_at(urls, set(rounds)))
    seconds = [allowed - released for released, allowed in rounds.values()]
    figures.add(
        "payment webhook to allowed call",
        f"p50 {percentile(seconds, 50):.3f} s, p99 {percentile(seconds, 99):.3f} s",
        goal="p99 < 1 s",
        beside=f"{len(seconds)} rounds, so p99 is the slowest",
    )
    figures.add(
        "  of it, medians",
        " + ".join(f"{leg:.0f}" for leg in legs) + " ms",
        beside="Stripe's event charged; invoice paid; restored; the gate's answer",
    )
