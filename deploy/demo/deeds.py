"""What people and switches do in the month: send calls, save cards, pay, try a call."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.progress import Progress

from deploy.demo.api import AWAY_SECONDS, Api, DemoFailed, eventually
from deploy.demo.cast import BILLING, Stage, StagedProvider, StagedTenant
from deploy.demo.month import Call
from deploy.demo.records import asterisk_csv, freeswitch_body
from deploy.demo.scenario import Card

ROOT = Path(__file__).resolve().parents[2]
POSTS_AT_ONCE = 24


async def post_freeswitch(
    stage: Stage, provider: StagedProvider, calls: Sequence[Call], progress: Progress
) -> None:
    """Each document by itself, as mod_json_cdr does, many switch threads at a time."""
    task = progress.add_task(f"{provider.spec.name}: FreeSWITCH documents", total=len(calls))
    waiting = iter(calls)

    async def thread() -> None:
        # A connection of its own, as a switch's thread has: one pool for all costs more than the requests.
        api = Api(stage.services["usage"], provider.switch_token, connections=1)
        for call in waiting:
            answer = await api.send(
                "POST",
                "/v1/cdrs/freeswitch",
                params={"uuid": str(call.uuid)},
                content=freeswitch_body(call),
                headers={"Content-Type": "application/json"},
            )
            if answer.status_code not in (200, 201):
                raise DemoFailed(f"a call record was not taken: {answer.status_code} {answer.text[:300]}")
            progress.advance(task)
        await api.close()

    await asyncio.gather(*(thread() for _ in range(POSTS_AT_ONCE)))


async def import_asterisk(stage: Stage, provider: StagedProvider, calls: Sequence[Call]) -> str:
    """An Asterisk file through the operator's import command, again and again until it got through: it resumes."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="Master-", suffix=".csv", encoding="utf-8", delete=False
    ) as out:
        out.write(asterisk_csv(calls))
    command = [
        *(sys.executable, "-m", "services.usage", "import", out.name),
        *("--provider", provider.provider_id, "--format", "asterisk"),
    ]
    environment = {
        **os.environ,
        "TOLLGATE_DATABASE_URL": stage.endpoints["database_urls"]["usage"],
        "TOLLGATE_BROKER_URL": stage.endpoints["broker_url"],
    }
    give_up = time.monotonic() + AWAY_SECONDS
    try:
        while True:
            done = await asyncio.to_thread(
                subprocess.run,
                command,
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                return done.stdout
            if time.monotonic() > give_up:
                raise DemoFailed(f"the import command ended with {done.returncode}: {done.stderr[-800:]}")
            await asyncio.sleep(0.5)
    finally:
        await asyncio.to_thread(Path(out.name).unlink)


async def send_calls(stage: Stage, calls: Sequence[Call], progress: Progress) -> None:
    """Every record to the interface of its switch; those of one switch in the given order."""
    work: list[Any] = []
    for provider in stage.providers.values():
        own = [call for call in calls if call.provider.slug == provider.spec.slug]
        documents = [call for call in own if call.tenant.switch == "freeswitch"]
        rows = [call for call in own if call.tenant.switch == "asterisk"]
        if documents:
            work.append(post_freeswitch(stage, provider, documents, progress))
        if rows:
            work.append(import_asterisk(stage, provider, rows))
    await asyncio.gather(*work)


async def _at_stripe(
    stage: Stage, path: str, key: str, account: str | None, form: dict[str, str]
) -> dict[str, Any]:
    """What Stripe.js does in the browser's frame: the card goes from the person to Stripe, past our services."""
    # The card fields live in Stripe's own frame: that is where the request comes from.
    headers = {"Authorization": f"Bearer {key}", "Origin": stage.endpoints["stripe_simulator"]}
    if account:
        headers["Stripe-Account"] = account
    async with httpx.AsyncClient(base_url=stage.endpoints["stripe_simulator"], timeout=20) as http:

        async def answered() -> dict[str, Any] | None:
            try:
                answer = await http.post(path, data=form, headers=headers)
            except httpx.TransportError:
                return None
            body: dict[str, Any] = answer.json()
            return body

        return await eventually("Stripe to answer", answered)


async def _confirm(stage: Stage, kind: str, intent: dict[str, Any], card: Card) -> dict[str, Any]:
    """The card fields make a payment method, then the intent is confirmed with it; the intent as it is then."""
    secret, key, account = intent["client_secret"], intent["publishable_key"], intent.get("stripe_account")
    typed = {
        "type": "card",
        "card[number]": card.number,
        "card[exp_month]": "4",
        "card[exp_year]": "2031",
        "card[cvc]": "123",
    }
    method = await _at_stripe(stage, "/v1/payment_methods", key, account, typed)
    if "id" not in method:
        raise DemoFailed(f"the card was not taken: {method}")
    path = f"/v1/{kind}/{secret.split('_secret_')[0]}/confirm"
    form = {
        "client_secret": secret,
        "payment_method": method["id"],
        "return_url": stage.endpoints["billing_page"],
    }
    return await _at_stripe(stage, path, key, account, form)


async def save_card(stage: Stage, tenant: StagedTenant, card: Card) -> None:
    """Add Payment Method, then auto-pay on."""
    intent = await tenant.admin.post(f"{BILLING}/setup-intents", {})
    confirmed = await _confirm(stage, "setup_intents", intent, card)
    if confirmed.get("status") != "succeeded":
        raise DemoFailed(f"saving the card of {tenant.spec.name}: {confirmed}")
    await tenant.admin.post(f"{BILLING}/methods", {"setup_intent": confirmed["id"]})
    await tenant.admin.put(f"{BILLING}/auto-pay", {"enabled": True})


async def pay_now(
    stage: Stage, tenant: StagedTenant, invoice_ids: list[str], minor: int, card: Card
) -> dict[str, Any]:
    """Pay Now with a new card; the payment as it ended."""
    currency = tenant.provider.spec.currency
    payment = await tenant.admin.post(
        f"{BILLING}/payments",
        {
            "invoice_ids": invoice_ids,
            "amount": {"minor": minor, "currency": currency},
            "new_method": True,
            "request_id": str(uuid.uuid4()),
        },
    )
    await _confirm(stage, "payment_intents", payment, card)

    async def settled() -> dict[str, Any] | None:
        path = f"{BILLING}/payments/{payment['payment_id']}"
        now: dict[str, Any] = await tenant.admin.post(f"{path}/refresh", {})
        return now if now["status"].lower() in ("succeeded", "failed") else None

    return await eventually("the payment to settle", settled)


async def policy(provider: StagedProvider, tenant: StagedTenant, direction: str, to: str) -> str:
    """What the switch is told: allow, reject or announce."""
    answer = await provider.calls.get(
        "/v1/call-policy",
        params={
            "tenant": tenant.spec.sip_domain,
            "direction": direction,
            "to": to,
            "call_id": str(uuid.uuid4()),
        },
    )
    return str(answer["action"])


async def wait_for_policy(
    provider: StagedProvider, tenant: StagedTenant, direction: str, to: str, wanted: str
) -> str | None:
    """The wanted answer as soon as the gate gives it."""

    async def asked() -> str | None:
        action = await policy(provider, tenant, direction, to)
        return action if action == wanted else None

    return await eventually(f"call policy of {tenant.spec.slug} to be {wanted}", asked)
