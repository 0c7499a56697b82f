"""Pay Now: amounts, double clicks, challenges, and the race with auto-pay."""

from collections import Counter
from uuid import uuid4

import pytest

from services.payments.use_cases.collect_invoice import collect_invoice
from services.payments.use_cases.refresh_payment import refresh_payment
from services.payments.use_cases.start_payment import Begun, start_payment
from shared.errors import Conflict, Invalid, NotFound, Refusal
from shared.events.invoicing import InvoiceCancelled, InvoicePaid, InvoicePartiallyPaid
from shared.ids import InvoiceId, TenantId
from tests.integration.payments.world import World, at_once

pytestmark = pytest.mark.integration


async def start(world: World, *asked: object, **more: object) -> Begun:
    return await start_payment(world.open_work, world.gateway, world.pay_now(*asked, **more))  # type: ignore[arg-type]


async def test_a_partial_payment_leaves_the_rest_payable(world: World) -> None:
    """Guide: «can pay partial». The rest is known before invoicing has told us."""
    method = await world.save_card()
    invoice_id = await world.issue(10000)
    begun = await start(world, invoice_id, 4000, method)
    assert begun.payment.state == "succeeded"
    with pytest.raises(Invalid, match=r"at most 60\.00 USD"):
        await start(world, invoice_id, 6001, method)
    await start(world, invoice_id, 6000, method)
    with pytest.raises(Conflict, match="already paid"):
        await start(world, invoice_id, 1, method)
    assert (await world.captured(), await world.booked()) == (10000, 10000)


async def test_auto_pay_takes_what_a_part_payment_left(world: World) -> None:
    """Acceptance row 10: due 10000, 4000 paid; 6000 is due and auto-pay takes 6000."""
    method = await world.save_card()
    await world.auto_pay()
    invoice_id = await world.issue(10000)
    await start(world, invoice_id, 4000, method)
    await world.collect()
    assert sorted(intent.amount_received for intent in await world.intents()) == [4000, 6000]
    assert (await world.captured(), await world.booked()) == (10000, 10000)


@pytest.mark.parametrize("amount", [9000, -1])
async def test_what_a_client_sends_is_judged_by_the_server(world: World, amount: int) -> None:
    """Acceptance row 11: due 6000, the client posts 9000 or -1: refused, and Stripe is not asked."""
    method = await world.save_card()
    invoice_id = await world.issue(6000)
    with pytest.raises(Invalid) as refused:
        await start(world, invoice_id, amount, method)
    assert refused.value.field == "amount"
    assert (await world.intents(), await world.states()) == ([], [])


async def test_a_double_click_is_one_payment(world: World) -> None:
    """Acceptance row 9, on real PostgreSQL: the same request ten times at once."""
    method = await world.save_card()
    invoice_id = await world.issue()
    asked = world.pay_now(invoice_id, 10000, method)
    answers = await at_once(*(start_payment(world.open_work, world.gateway, asked) for _ in range(10)))
    assert {True} == {isinstance(answer, Begun) for answer in answers}
    assert len({answer.payment.payment_id for answer in answers}) == 1
    assert await world.captured() == 10000
    assert len(await world.intents()) == 1


async def test_two_tabs_pay_an_invoice_once(world: World) -> None:
    """Different requests for one invoice: the database lets one through, the others are told."""
    method = await world.save_card()
    invoice_id = await world.issue()
    answers = await at_once(*(start(world, invoice_id, 10000, method) for _ in range(6)))
    kinds = Counter(type(answer).__name__ for answer in answers)
    assert kinds == {"Begun": 1, "Conflict": 5}
    assert await world.captured() == 10000


async def test_auto_pay_and_pay_now_at_once_collect_once(world: World) -> None:
    """Whoever holds the invoice first pays it; the other stands down."""
    method = await world.save_card()
    await world.auto_pay()
    for _ in range(5):
        invoice_id = await world.issue()
        await at_once(
            collect_invoice(world.open_work, world.gateway, world.tenant_id, invoice_id),
            start(world, invoice_id, 10000, method),
        )
    await world.collect()
    assert await world.captured() == 50000
    assert await world.booked() == 50000


async def test_an_open_pay_now_is_canceled_before_auto_pay(world: World) -> None:
    """Acceptance row 7: the late confirm is refused, 10000 collected once."""
    await world.save_card()
    await world.auto_pay()
    invoice_id = await world.issue()
    begun = await start(world, invoice_id, 10000)
    assert begun.payment.state == "requires_action"
    await world.collect()
    secret = begun.client_secret
    assert secret is not None
    with pytest.raises(Exception, match="canceled"):
        await world.confirm(secret)
    assert (await world.captured(), await world.booked()) == (10000, 10000)
    assert await world.states() == ["succeeded"]


async def test_a_pay_now_that_was_paid_makes_auto_pay_stand_down(world: World) -> None:
    """Acceptance row 8: paid in the browser, webhook late; Stripe refuses the cancel, and that settles it."""
    await world.save_card()
    await world.auto_pay()
    invoice_id = await world.issue()
    begun = await start(world, invoice_id, 10000)
    assert begun.client_secret is not None
    assert await world.confirm(begun.client_secret) == "succeeded"
    await world.collect()
    assert await world.states() == ["succeeded"]
    await world.webhooks(times=2)
    assert (await world.captured(), await world.booked()) == (10000, 10000)
    assert len(await world.events("payment.succeeded")) == 1


async def test_a_new_card_pays_and_is_saved_when_asked(world: World) -> None:
    """Elements confirm in the browser; refresh settles it, the webhook finds it done."""
    invoice_id = await world.issue()
    begun = await start(world, invoice_id, 10000, save_method=True)
    assert begun.client_secret is not None
    await world.confirm(begun.client_secret)
    ids = (world.provider_id, world.tenant_id, begun.payment.payment_id)
    payment = await refresh_payment(world.open_work, world.gateway, *ids)
    await world.webhooks()
    assert (payment.state, payment.method.last4 if payment.method else None) == ("succeeded", "4242")
    (saved,) = await world.events("method.saved")
    assert (saved["is_default"], saved["method"]["last4"]) == (True, "4242")
    assert await world.booked() == 10000


async def test_a_decline_in_the_browser_closes_the_intent_before_it_is_called_failed(world: World) -> None:
    """Another card in the same open page cannot pay it behind our back."""
    invoice_id = await world.issue()
    begun = await start(world, invoice_id, 10000)
    assert begun.client_secret is not None
    assert (
        await world.confirm(begun.client_secret, "pm_card_visa_chargeDeclinedInsufficientFunds") == "declined"
    )
    await world.webhooks()
    (payment,) = await world.payments()
    assert (payment.state, payment.reason) == ("failed", "no_funds")
    with pytest.raises(Exception, match="canceled"):
        await world.confirm(begun.client_secret)
    assert await world.captured() == 0


async def test_a_second_pay_now_replaces_an_abandoned_one(world: World) -> None:
    """Who closed the dialog may begin again; the first intent is dead."""
    method = await world.save_card()
    invoice_id = await world.issue()
    await start(world, invoice_id, 10000)
    begun = await start(world, invoice_id, 10000, method)
    assert begun.payment.state == "succeeded"
    assert sorted(intent.status for intent in await world.intents()) == ["canceled", "succeeded"]


async def test_a_challenge_is_handed_to_the_browser(world: World) -> None:
    """A saved card that wants 3-D Secure on session: secret, challenge, refresh."""
    method = await world.save_card()
    invoice_id = await world.issue()
    begun = await start(world, invoice_id, 10000)
    assert begun.client_secret is not None
    assert await world.confirm(begun.client_secret, "pm_card_threeDSecure2Required") == "requires_action"
    world.simulator.authenticate(begun.client_secret.split("_secret_")[0], passed=True)
    ids = (world.provider_id, world.tenant_id, begun.payment.payment_id)
    assert (await refresh_payment(world.open_work, world.gateway, *ids)).state == "succeeded"
    assert method is not None


async def test_one_payment_settles_several_invoices(world: World) -> None:
    """R59: several can be paid at once; oldest due first."""
    method = await world.save_card()
    first, second = await world.issue(3000), await world.issue(2000)
    begun = await start(world, first, 4000, method, invoice_ids=(first, second))
    assert sum(share.amount_minor for share in begun.payment.shares) == 4000
    (event,) = await world.events("payment.succeeded")
    assert len(event["allocations"]) == 2


async def test_bad_amounts_and_foreign_invoices_are_refused(world: World) -> None:
    """Zero, negative, above the balance, another currency, unknown, another tenant's, cancelled, paid."""
    method = await world.save_card()
    invoice_id = await world.issue()
    partly = await world.issue()
    await world.hear(world.invoice(InvoicePartiallyPaid, 2500, invoice_id=partly))
    cancelled, paid = await world.issue(), await world.issue()
    await world.hear(world.invoice(InvoiceCancelled, 0, invoice_id=cancelled))
    await world.hear(world.invoice(InvoicePaid, 0, invoice_id=paid))
    refused: list[tuple[type[Refusal], dict[str, object]]] = [
        (Invalid, {"amount_minor": 0}),
        (Invalid, {"amount_minor": -1}),
        (Invalid, {"amount_minor": 10001}),
        (Invalid, {"currency": "EUR"}),
        (Invalid, {"invoice_ids": (partly,), "amount_minor": 2501}),
        (NotFound, {"invoice_ids": (InvoiceId(uuid4()),)}),
        (NotFound, {"tenant_id": TenantId(uuid4())}),
        (NotFound, {"method_id": uuid4()}),
        (Conflict, {"invoice_ids": (cancelled,)}),
        (Conflict, {"invoice_ids": (paid,)}),
    ]
    for kind, change in refused:
        with pytest.raises(kind):
            await start(world, invoice_id, 10000, **{"method_id": method, **change})
    assert await world.intents() == []


@pytest.mark.parametrize(
    ("balance", "amount", "said"),
    [
        (10000, 1, r"smallest card payment is 0\.50 USD.*whole balance of 100\.00 USD"),
        (10000, 49, r"smallest card payment is 0\.50 USD"),
        (10000, 9953, r"would leave 0\.47 USD.*at least 0\.50 USD is left"),
        (10000, 9951, r"from 0\.50 USD to 99\.50 USD"),
        (70, 50, r"would leave 0\.20 USD.*Pay the whole balance of 0\.70 USD\.$"),
    ],
)
async def test_no_part_is_paid_that_leaves_what_no_card_pays(
    world: World, balance: int, amount: int, said: str
) -> None:
    """R38: the amount and the rest are each nothing or at least the card's minimum; Stripe is not asked."""
    invoice_id = await world.issue(balance)
    with pytest.raises(Invalid, match=said) as refused:
        await start(world, invoice_id, amount)
    assert refused.value.field == "amount"
    assert (await world.intents(), await world.states()) == ([], [])


@pytest.mark.parametrize(("balance", "amount"), [(10000, 9950), (10000, 50), (50, 50), (99, 99)])
async def test_parts_at_the_minimum_are_paid(world: World, balance: int, amount: int) -> None:
    """The bounds belong to what can be paid."""
    method = await world.save_card()
    await start(world, await world.issue(balance), amount, method)
    assert await world.captured() == amount


async def test_a_balance_below_the_minimum_is_paid_with_another_invoice_or_the_next(world: World) -> None:
    """R38: alone it cannot be paid, and the refusal says what becomes of it."""
    method = await world.save_card()
    small = await world.issue(47, collectable=False)
    with pytest.raises(Conflict, match="collected with your next invoice") as refused:
        await start(world, small, 47, method)
    assert (refused.value.field, refused.value.slug) == ("amount", "below-card-minimum")
    large = await world.issue(5000)
    with pytest.raises(Conflict, match="together with your other open invoices"):
        await start(world, small, 47, method)
    assert await world.intents() == []
    await start(world, small, 5047, method, invoice_ids=(small, large))
    assert await world.captured() == 5047


async def test_a_request_id_is_not_reused_for_another_amount(world: World) -> None:
    """A repeated request is the same payment; a changed one is an error, not a charge."""
    method = await world.save_card()
    invoice_id = await world.issue()
    await start(world, invoice_id, 100, method, request_id="click-0001")
    with pytest.raises(Conflict, match="request_id"):
        await start(world, invoice_id, 200, method, request_id="click-0001")
    assert await world.captured() == 100
