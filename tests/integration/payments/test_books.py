"""Reconciliation, payouts and missed events: what is on one side only is found, exactly, and nothing is charged."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.payments.adapters.stripe_books import StripeBooks
from services.payments.adapters.stripe_gateway import StripeGateway
from services.payments.domain.reconciliation import Reconciliation, booking_sentence
from services.payments.use_cases.fetch_missed import fetch_missed
from services.payments.use_cases.reconcile import reconcile_account, reconcile_nightly, report_payouts
from services.payments.use_cases.start_payment import start_payment
from shared.errors import Conflict
from shared.ids import ProviderId
from shared.money import Currency, Money
from tests.integration.payments.test_refunds import paid, refund
from tests.integration.payments.world import World
from tests.unit.stripe_simulator.receiver import Receiver
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, SECRET_KEY, off_session

pytestmark = pytest.mark.integration


def books_of(world: World) -> StripeBooks:
    assert isinstance(world.gateway, StripeGateway)
    return StripeBooks(world.gateway)


async def reconcile(world: World) -> Reconciliation:
    """Up to now: the world's clock stands still while the test goes on."""
    (run,) = await reconcile_account(
        world.open_work, books_of(world), world.simulator.account, settled_for=timedelta(minutes=-5)
    )
    return run


async def a_busy_day(world: World) -> None:
    """Payments, refunds, a dispute, a debit, a late refund failure: everything as it should be."""
    first = await paid(world)
    await refund(world, first, 3000)
    pending = await paid(world, card="pm_card_pendingRefund")
    made = await refund(world, pending, 2500)
    world.simulator.told("POST", f"/_simulator/refunds/{made.stripe_refund}/settle", failed=True)
    await paid(world, 2500, "pm_card_createDispute")
    method = await world.save_card("pm_usBankAccount_success")
    invoice_id = await world.issue(5000)
    await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 5000, method))
    world.simulator.pass_bank_days(5)
    await world.webhooks()


async def test_books_that_agree_have_no_exceptions(world: World) -> None:
    """A busy day, compared: nothing to look at."""
    await a_busy_day(world)
    run = await reconcile(world)
    assert run.differences == ()
    assert run.compared == {"charges": 4, "refunds": 2, "disputes": 1, "entries": 8, "payouts": 0}


async def test_exactly_the_planted_differences_are_found(world: World) -> None:
    """Acceptance row 25: Stripe has one extra charge, we lack one refund: 2 exceptions, nothing charged by them."""
    await a_busy_day(world)
    client = world.simulator.client()
    customer = (await client.v1.customers.list_async()).data[0]
    method = (await client.v1.payment_methods.list_async({"customer": customer.id, "type": "card"})).data[-1]
    extra: Any = await client.v1.payment_intents.create_async(off_session(customer.id, method.id, 700))
    first = next(one for one in await world.intents() if one.amount == 10000)
    lacking = await client.v1.refunds.create_async({"payment_intent": first.id, "amount": 123})
    await world.webhooks()
    before = (len(await world.intents()), await world.balances())
    run = await reconcile(world)
    assert sorted((one.kind, one.stripe_id, one.theirs_minor, one.ours_minor) for one in run.differences) == [
        ("charge_unknown", str(extra.latest_charge), 700, None),
        ("refund_unknown", lacking.id, 123, None),
    ]
    assert run.provider_id == world.provider_id
    assert (len(await world.intents()), await world.balances()) == before
    async with world.open_work() as work:
        assert (await work.books.newest(world.provider_id, 1))[0].differences == run.differences


async def test_a_payment_that_stripe_lacks_is_found(world: World) -> None:
    """The simulator forgets everything: our payment stands alone, and is an exception."""
    await paid(world)
    world.simulator.control.post("/_simulator/reset", json={"account": world.simulator.account})
    world.clock.forward(timedelta(hours=1))
    (run,) = await reconcile_account(world.open_work, books_of(world), world.simulator.account)
    assert [(one.kind, one.ours_minor, one.theirs_minor) for one in run.differences] == [
        ("charge_missing", 10000, None)
    ]


async def test_each_account_is_reconciled_once_a_night(world: World) -> None:
    """Looked at often, done once in 24 hours."""
    await paid(world)
    assert await reconcile_nightly(world.open_work, books_of(world)) >= 1
    assert await reconcile_nightly(world.open_work, books_of(world)) == 0
    world.clock.forward(timedelta(hours=25))
    assert await reconcile_nightly(world.open_work, books_of(world)) >= 1


async def test_a_payout_report_ties_to_the_bank_statement(world: World) -> None:
    """12345 less its fee of 388 and a refund of 1000: the sum that reached the bank, part by part."""
    payment = await paid(world, 12345)
    await refund(world, payment, 1000)
    world.simulator.told("POST", "/_simulator/payouts", currency="usd")
    since = world.clock.now() - timedelta(days=1)
    (report,) = await report_payouts(world.open_work, books_of(world), world.provider_id, since)
    assert (report.charges_minor, report.refunds_minor, report.fees_minor) == (12345, -1000, 388)
    assert (report.payout.amount_minor, report.ties) == (12345 - 1000 - 388, True)


async def test_a_payout_and_its_processing_fees_are_what_the_journal_lacks(world: World) -> None:
    """A busy day paid out whole: booked as the report says, nothing is left in stripe_clearing."""
    await a_busy_day(world)
    world.simulator.told("POST", "/_simulator/payouts", currency="usd")
    since = world.clock.now() - timedelta(days=1)
    (report,) = await report_payouts(world.open_work, books_of(world), world.provider_id, since)
    assert report.ties
    assert report.clearing_minor == await world.booked() == 10000 - 3000 + 10000 - 1500 + 5000
    assert report.dispute_fees_minor == 1500
    assert report.clearing_minor == report.payout.amount_minor + report.processing_fees_minor
    assert f"credit {Money(report.clearing_minor, Currency('USD'))} stripe_clearing" in booking_sentence(
        report
    )


async def test_a_shared_account_shows_no_providers_payouts_to_another(world: World) -> None:
    """Two providers that collect in one account: neither is told what the other earned."""
    async with world.open_work() as work:
        await work.accounts.put(ProviderId(uuid4()), world.simulator.account)
    with pytest.raises(Conflict, match="other providers' money"):
        await report_payouts(world.open_work, books_of(world), world.provider_id, world.clock.now())


async def test_the_command_lists_exceptions_and_says_so_by_its_status(
    world: World, database_url: str
) -> None:
    """`payments reconcile`: 0 while the books agree, 1 with a table when they do not."""
    await paid(world)
    assert await command(world, database_url, "reconcile", "--settled-minutes", "0") == 0
    client = world.simulator.client()
    intent = (await world.intents())[0]
    await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 100})
    await asyncio.sleep(1.1)  # Stripe counts in whole seconds; the window ends before this one.
    assert await command(world, database_url, "reconcile", "--settled-minutes", "0") == 1


async def command(world: World, database_url: str, *arguments: str) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.payments",
        *arguments,
        "--account",
        world.simulator.account,
        cwd=Path(__file__).parents[3],
        env={
            **os.environ,
            "TOLLGATE_DATABASE_URL": database_url,
            "TOLLGATE_BROKER_URL": "amqp://nobody@127.0.0.1/",
            "TOLLGATE_HTTP_PORT": "0",
            "TOLLGATE_INTERNAL_TOKEN": "internal-token-of-tests",
            "TOLLGATE_AUTH_ISSUER": "https://issuer.test",
            "TOLLGATE_AUTH_JWKS": "file:///nowhere",
            "TOLLGATE_STRIPE_SECRET_KEY": SECRET_KEY,
            "TOLLGATE_STRIPE_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
            "TOLLGATE_STRIPE_WEBHOOK_SECRET": "whsec_tests",
            "TOLLGATE_STRIPE_API_BASE": world.simulator.url,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await asyncio.wait_for(process.communicate(), 60)
    print(written.decode())
    return process.returncode or 0


async def test_missed_events_are_fetched_and_settle_a_payment(world: World) -> None:
    """The endpoint was away: the list of undelivered events settles what the payer did meanwhile, once."""
    away = Receiver()
    away.failures = 1_000_000
    away.start()
    endpoint = f"/_simulator/webhook_endpoints/we_{world.simulator.account}"
    world.simulator.control.put(
        endpoint,
        json={"url": away.url, "secret": "whsec_tests", "accounts": [world.simulator.account]},
    ).raise_for_status()
    try:
        invoice_id = await world.issue()
        begun = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000))
        assert begun.client_secret is not None
        await world.confirm(begun.client_secret)
        assert await fetch_missed(world.open_work, books_of(world)) > 0
        assert await fetch_missed(world.open_work, books_of(world)) == 0
        await world.drain(world.scheduler().webhooks)
        assert (await world.states(), await world.booked()) == (["succeeded"], 10000)
    finally:
        world.simulator.control.delete(endpoint)
        away.stop()
