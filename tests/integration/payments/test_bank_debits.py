"""Bank debits: days between the debit and the word of the bank, and a word that may be taken back."""

import pytest

from services.payments.use_cases.collect_invoice import collect_invoice
from services.payments.use_cases.save_method import begin_setup, save_method
from services.payments.use_cases.start_payment import start_payment
from shared.errors import Conflict
from tests.integration.payments.world import World
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY

pytestmark = pytest.mark.integration


async def auto_pay_with(world: World, token: str) -> None:
    await world.save_card(token)
    await world.auto_pay()


async def test_a_debit_is_processing_then_paid(world: World) -> None:
    """Acceptance row 16: 5000 processing and unpaid, no second attempt by anybody, then paid once."""
    await auto_pay_with(world, "pm_usBankAccount_success")
    invoice_id = await world.issue(5000)
    await world.collect()
    assert await world.states() == ["processing"]
    assert (await world.events("payment.processing"))[0]["method"]["kind"] == "us_bank_account"
    await collect_invoice(world.open_work, world.gateway, world.tenant_id, invoice_id)
    with pytest.raises(Conflict, match="on its way"):
        await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 5000))
    assert (len(await world.intents()), await world.booked()) == (1, 0)
    world.simulator.pass_bank_days(5)
    await world.webhooks(times=2)
    assert await world.states() == ["succeeded"]
    assert (await world.captured(), await world.booked()) == (5000, 5000)
    assert len(await world.events("payment.processing")) == 1


async def test_a_failed_debit_leaves_the_invoice_open_with_one_notice(world: World) -> None:
    """Acceptance row 17: 6000 is payable again, told once."""
    await auto_pay_with(world, "pm_usBankAccount_insufficientFunds")
    invoice_id = await world.issue(6000)
    await world.collect()
    world.simulator.pass_bank_days(5)
    await world.webhooks(times=2)
    assert await world.states() == ["failed"]
    (told,) = await world.events("payment.failed")
    assert (told["reason"], told["next_retry_at"] is not None) == ("no_funds", True)
    card = await world.save_card("pm_card_visa")
    begun = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 6000, card))
    assert (begun.payment.state, await world.booked()) == ("succeeded", 6000)


async def test_a_debit_that_comes_back_reopens_and_blocks_the_account(world: World) -> None:
    """Acceptance row 18: 5000 paid and told; returned on day 20: due again, the bank account is not used any more."""
    method = None
    await auto_pay_with(world, "pm_usBankAccount_dispute")
    invoice_id = await world.issue(5000)
    await world.collect()
    world.simulator.pass_bank_days(5)
    await world.webhooks()
    assert await world.states() == ["succeeded"]
    world.simulator.pass_bank_days(20)
    await world.webhooks(times=2)
    (told,) = await world.events("payment.disputed")
    assert (told["state"], told["amount_minor"]) == ("returned", 5000)
    assert [part["amount_minor"] for part in told["allocations"]] == [5000]
    async with world.open_work() as work:
        (method,) = await work.methods.saved(world.tenant_id, world.simulator.account)
    assert method.blocked
    with pytest.raises(Conflict, match="can no longer be used"):
        await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 5000, method.method_id))
    await world.issue(700)
    await world.collect()
    assert len(await world.intents()) == 1
    assert await world.balances() == {"stripe_clearing": -1500, "stripe_fees": 1500}


async def test_a_closed_account_is_never_tried_again(world: World) -> None:
    """A retry cannot help: no retry is planned and the account is blocked."""
    await auto_pay_with(world, "pm_usBankAccount_accountClosed")
    await world.issue(6000)
    await world.collect()
    world.simulator.pass_bank_days(5)
    await world.webhooks()
    assert (await world.events("payment.failed"))[0]["next_retry_at"] is None
    async with world.open_work() as work:
        (method,) = await work.methods.saved(world.tenant_id, world.simulator.account)
    assert method.blocked


async def test_a_typed_account_is_saved_once_its_deposit_was_told(world: World) -> None:
    """Until then it is refused with what to do, and auto-pay has nothing to debit; afterwards the webhook saves it."""
    made, _ = await begin_setup(world.open_work, world.gateway, world.provider_id, world.tenant_id)
    typed = world.simulator.raw(
        "POST",
        "/v1/payment_methods",
        {
            "type": "us_bank_account",
            "us_bank_account[account_number]": "000123456789",
            "us_bank_account[routing_number]": "110000000",
            "billing_details[name]": "Mill Lane Dental",
        },
        Authorization=f"Bearer {PUBLISHABLE_KEY}",
        Origin=world.simulator.url,
    ).json()["id"]
    intents = world.simulator.client().v1.setup_intents
    await intents.confirm_async(made.intent, {"payment_method": typed})
    for _ in range(2):
        with pytest.raises(Conflict, match="small deposit") as refused:
            await save_method(world.open_work, world.gateway, world.provider_id, world.tenant_id, made.intent)
        assert refused.value.slug == "verification-awaited"
    await world.webhooks()
    assert await world.events("method.saved") == []
    await intents.verify_microdeposits_async(made.intent, {"descriptor_code": "SM11AA"})
    await world.webhooks(times=2)
    (saved,) = await world.events("method.saved")
    assert (saved["method"]["kind"], saved["method"]["last4"]) == ("us_bank_account", "6789")
