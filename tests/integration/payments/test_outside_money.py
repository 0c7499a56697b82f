"""Money taken outside Stripe (R52): recorded once, spread over invoices, too much becomes credit."""

from typing import Any
from uuid import uuid4

import pytest

from services.payments.domain.payments import Payment
from services.payments.use_cases.record_outside_payment import OutsidePayment, record_outside_payment
from services.payments.use_cases.start_payment import start_payment
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import InvoiceId
from tests.integration.payments.world import World

pytestmark = pytest.mark.integration


async def record(world: World, amount: int, **more: Any) -> Payment:
    values: dict[str, Any] = {
        "provider_id": world.provider_id,
        "tenant_id": world.tenant_id,
        "kind": "cheque",
        "amount_minor": amount,
        "currency": "USD",
        "reference": "cheque 1017",
        "given": (),
        "request_id": f"outside-{uuid4()}",
    }
    async with world.open_work() as work:
        return await record_outside_payment(work, OutsidePayment(**(values | more)))


async def test_one_transfer_pays_several_invoices_oldest_first(world: World) -> None:
    """12000 over 10000 and 5000: the older is paid, the other keeps 3000."""
    first = await world.issue(10000)
    second = await world.issue(5000, due_on="2026-11-20")
    payment = await record(world, 12000, kind="bank_transfer", reference="KV-1 and KV-2")
    assert [(share.invoice_id, share.amount_minor) for share in payment.shares] == [
        (first, 10000),
        (second, 2000),
    ]
    (told,) = await world.events("payment.succeeded")
    assert (told["trigger"], told["method"]["kind"], told["reference"]) == (
        "outside",
        "bank_transfer",
        "KV-1 and KV-2",
    )
    method = await world.save_card()
    with pytest.raises(Invalid, match=r"at most 30\.00"):
        await start_payment(world.open_work, world.gateway, world.pay_now(second, 3001, method))
    assert await world.balances() == {"outside_funds": 12000, "tenant_funds": -12000}


async def test_a_cheque_during_a_challenge_makes_the_card_payment_credit(world: World) -> None:
    """Acceptance row 12: due 10000, a cheque of 10000 comes during 3-D Secure, the card succeeds: 10000 credit."""
    invoice_id = await world.issue(10000)
    begun = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000))
    assert begun.client_secret is not None
    await record(world, 10000)
    assert await world.confirm(begun.client_secret) == "succeeded"
    await world.webhooks(times=2)
    told = await world.events("payment.succeeded")
    assert [one["amount_minor"] for one in told] == [10000, 10000]
    assert await world.balances() == {
        "outside_funds": 10000,
        "stripe_clearing": 10000,
        "tenant_funds": -20000,
    }


async def test_what_is_too_much_is_told_as_over_payment(world: World) -> None:
    """The allocations sum to less than the amount; invoicing makes credit of the rest."""
    await world.issue(4000)
    await record(world, 10000)
    (told,) = await world.events("payment.succeeded")
    assert (told["amount_minor"], sum(one["amount_minor"] for one in told["allocations"])) == (10000, 4000)


async def test_auto_pay_does_not_collect_what_a_cheque_has_paid(world: World) -> None:
    """Recorded before the collection's hour, and before invoicing has told that it is paid."""
    await world.save_card()
    await world.auto_pay()
    await world.issue(10000)
    await record(world, 10000)
    await world.collect()
    assert await world.intents() == []


async def test_twice_is_once_and_bad_input_changes_nothing(world: World) -> None:
    """The same request again; zero; more to an invoice than it costs; another tenant's invoice; other currency."""
    invoice_id = await world.issue(4000)
    request = "outside-0001"
    assert (await record(world, 1000, request_id=request)) == (await record(world, 1000, request_id=request))
    with pytest.raises(Conflict, match="already used"):
        await record(world, 1001, request_id=request)
    with pytest.raises(Invalid, match="more than zero"):
        await record(world, 0)
    with pytest.raises(Invalid, match=r"30\.00 USD left"):
        await record(world, 5000, given=((invoice_id, 3001),))
    with pytest.raises(Invalid, match="more than was received"):
        await record(world, 2000, given=((invoice_id, 2001),))
    with pytest.raises(NotFound):
        await record(world, 2000, given=((InvoiceId(uuid4()), 100),))
    with pytest.raises(Invalid, match="in USD"):
        await record(world, 2000, currency="EUR")
    assert len(await world.events("payment.succeeded")) == 1
