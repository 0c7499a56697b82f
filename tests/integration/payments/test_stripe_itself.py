"""What we believe about Stripe, asked of the simulator always, and of a real sandbox when its test key is set.

    TOLLGATE_SANDBOX_KEY=sk_test_… TOLLGATE_SANDBOX_PUBLISHABLE_KEY=pk_test_… pytest tests/integration/payments/test_stripe_itself.py

A sandbox takes about a minute; it leaves test customers and payments behind. A live key is refused.
"""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from services.payments.adapters.stripe_gateway import StripeGateway
from services.payments.adapters.stripe_keys import STRIPE, Keys, StripeKeys
from services.payments.domain.payments import Attempt
from services.payments.domain.refunds import Refund, RefundState
from services.payments.domain.states import State
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.ports import GatewayRefused
from shared.ids import PaymentId, ProviderId, TenantId, new_id
from shared.money import Currency
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, SECRET_KEY

pytestmark = pytest.mark.integration
SANDBOX_KEY = os.environ.get("TOLLGATE_SANDBOX_KEY", "")
SANDBOX_PUBLISHABLE_KEY = os.environ.get("TOLLGATE_SANDBOX_PUBLISHABLE_KEY", "pk_test_not_needed_here")
PLACES = ["simulator", "sandbox"] if SANDBOX_KEY else ["simulator"]


@dataclass
class Stripe:
    """A gateway, an account ('' is the key's own), and a customer in it."""

    gateway: StripeGateway
    account: str
    tenant: Tenant
    customer: str

    async def saved(self, token: str) -> str:
        """A test method attached by a SetupIntent, as a browser saves one."""
        made = await self.gateway.create_setup_intent(
            self.account, self.customer, self.tenant, key=f"setup-{uuid4()}"
        )
        options = {"stripe_account": self.account} if self.account else {}
        await self.gateway.client.v1.setup_intents.confirm_async(
            made.intent,
            {"payment_method": token},
            options,  # type: ignore[arg-type]
        )
        read = await self.gateway.read_setup_intent(self.account, made.intent)
        assert read.finished
        assert read.method is not None
        return read.method.stripe_method

    def attempt(self, method: str, amount: int) -> Attempt:
        now = datetime.now(UTC)
        return Attempt(
            provider_id=self.tenant.provider_id,
            tenant_id=self.tenant.tenant_id,
            attempt_id=new_id(),
            payment_id=PaymentId(new_id()),
            account=self.account,
            customer=self.customer,
            stripe_method=method,
            off_session=True,
            save_method=False,
            amount_minor=amount,
            currency=Currency("USD"),
            description="Invoice KV-1",
            state=State.SUBMITTED,
            touched_at=now,
            submitted_at=now,
        )

    def refund(self, intent: str | None, amount: int) -> Refund:
        now = datetime.now(UTC)
        return Refund(
            provider_id=self.tenant.provider_id,
            tenant_id=self.tenant.tenant_id,
            refund_id=new_id(),
            payment_id=PaymentId(new_id()),
            request_id="refund",
            fingerprint="",
            amount_minor=amount,
            currency=Currency("USD"),
            to="method",
            reason="asked",
            by="ann",
            state=RefundState.SUBMITTED,
            account=self.account,
            intent=intent,
            shares=(),
            at=now,
            touched_at=now,
            submitted_at=now,
        )


@pytest.fixture
def place(request: pytest.FixtureRequest, simulator_url: str) -> Iterator[tuple[StripeKeys, str, str]]:
    """Keys, base address and account of where Stripe is asked."""
    if request.param == "sandbox":
        yield StripeKeys(Keys(SANDBOX_KEY, SANDBOX_PUBLISHABLE_KEY, "whsec_not_used"), STRIPE), STRIPE, ""
        return
    account = f"acct_{uuid4().hex[:16]}"
    httpx.put(f"{simulator_url}/_simulator/accounts/{account}", json={}).raise_for_status()
    keys = StripeKeys(Keys(SECRET_KEY, PUBLISHABLE_KEY, "whsec_not_used"), simulator_url)
    yield keys, simulator_url, account


@pytest.fixture
async def stripe(place: tuple[StripeKeys, str, str]) -> AsyncIterator[Stripe]:
    keys, base, account = place
    assert keys.now().secret_key.startswith(("sk_test_", "rk_test_")), "a test key, never a live one"
    gateway = StripeGateway(keys, api_base=base)
    tenant = Tenant(
        ProviderId(uuid4()), TenantId(uuid4()), "Mill Lane", "a@example.com", "UTC", datetime.now(UTC), 0
    )
    yield Stripe(gateway, account, tenant, await gateway.create_customer(account, tenant))
    await gateway.close()


everywhere = pytest.mark.parametrize("place", PLACES, indirect=True)


@everywhere
async def test_a_key_is_one_charge_and_the_list_knows_it(stripe: Stripe) -> None:
    """Acceptance rows 4 and 5: the same attempt sent again is the same PaymentIntent."""
    attempt = stripe.attempt(await stripe.saved("pm_card_visa"), 12345)
    first = await stripe.gateway.charge(attempt)
    again = await stripe.gateway.charge(attempt)
    assert (first.state, first.received_minor, first.currency) == (State.SUCCEEDED, 12345, "USD")
    assert again.intent == first.intent
    found = await stripe.gateway.find_intent(attempt)
    assert found is not None
    assert found.intent == first.intent
    assert await stripe.gateway.find_intent(replace(attempt, attempt_id=new_id())) is None


@everywhere
async def test_declines_say_why(stripe: Stripe) -> None:
    """A saved card that declines when charged: an outcome with its codes, nothing received."""
    outcome = await stripe.gateway.charge(
        stripe.attempt(await stripe.saved("pm_card_chargeCustomerFail"), 4200)
    )
    assert (outcome.state, outcome.received_minor) == (State.FAILED, 0)
    assert outcome.decline is not None
    assert outcome.decline.code == "card_declined"


@everywhere
async def test_refunds_stop_at_what_was_captured(stripe: Stripe) -> None:
    """Acceptance row 19, by Stripe's own account of it."""
    paid = await stripe.gateway.charge(stripe.attempt(await stripe.saved("pm_card_visa"), 10000))
    first = stripe.refund(paid.intent, 3000)
    made = await stripe.gateway.refund(first)
    assert made.state in (RefundState.SUCCEEDED, RefundState.PENDING)
    assert (await stripe.gateway.refund(first)).stripe_refund == made.stripe_refund
    assert await stripe.gateway.find_refund(first) is not None
    with pytest.raises(GatewayRefused):
        await stripe.gateway.refund(stripe.refund(paid.intent, 7001))
    assert (await stripe.gateway.refund(stripe.refund(paid.intent, 7000))).state is not RefundState.FAILED


@everywhere
async def test_a_canceled_intent_cannot_be_paid_and_a_paid_one_not_canceled(stripe: Stripe) -> None:
    """Acceptance rows 7 and 8: what cancel-before-charge relies on."""
    waiting = await stripe.gateway.charge(
        replace(stripe.attempt("", 1000), stripe_method=None, off_session=False)
    )
    assert (waiting.state, waiting.client_secret is not None) == (State.REQUIRES_ACTION, True)
    assert waiting.intent is not None
    gone = await stripe.gateway.cancel_intent(stripe.account, waiting.intent, key=f"cancel-{uuid4()}")
    assert (gone.state, gone.closed) == (State.CANCELED, True)
    paid = await stripe.gateway.charge(stripe.attempt(await stripe.saved("pm_card_visa"), 1000))
    assert paid.intent is not None
    still = await stripe.gateway.cancel_intent(stripe.account, paid.intent, key=f"cancel-{uuid4()}")
    assert (still.state, still.closed) == (State.SUCCEEDED, False)


@everywhere
async def test_a_bank_debit_is_processing(stripe: Stripe) -> None:
    """Acceptance row 16: nothing is received while the bank has not spoken."""
    outcome = await stripe.gateway.charge(
        stripe.attempt(await stripe.saved("pm_usBankAccount_success"), 5000)
    )
    assert (outcome.state, outcome.received_minor) == (State.PROCESSING, 0)
    assert outcome.method is not None
    assert outcome.method.kind == "us_bank_account"
