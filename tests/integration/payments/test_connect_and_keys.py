"""Each provider its own account; keys and secrets rotate without a restart, and never go where they must not."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from services.payments.adapters.stripe_books import StripeBooks
from services.payments.adapters.stripe_gateway import StripeGateway
from services.payments.adapters.stripe_keys import BadKeys, Keys, StripeKeys
from services.payments.adapters.webhook_signature import BadSignature, WebhookVerifier
from services.payments.use_cases.connect_account import account_status, begin_onboarding
from shared.clock import SystemClock
from shared.ids import ProviderId
from tests.integration.payments.test_http import signed
from tests.integration.payments.world import World
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, SECRET_KEY

pytestmark = pytest.mark.integration
GIVEN = Keys(SECRET_KEY, PUBLISHABLE_KEY, "whsec_from_environment")


async def test_a_provider_is_connected_by_a_link(world: World) -> None:
    """Not ready before the visit, ready after it; asking again makes no second account."""
    assert isinstance(world.gateway, StripeGateway)
    books, provider = StripeBooks(world.gateway), ProviderId(uuid4())
    asked: dict[str, Any] = {
        "country": "US",
        "email": "owner@example.com",
        "return_url": "https://example.com/done",
        "refresh_url": "https://example.com/again",
    }
    first = await begin_onboarding(world.open_work, books, provider, **asked)
    account, facts = await account_status(world.open_work, books, provider)
    assert facts is not None
    assert (account, facts.charges_enabled) == (first.account, False)
    async with httpx.AsyncClient() as visitor:
        assert (await visitor.get(first.url)).status_code == 303
    second = await begin_onboarding(world.open_work, books, provider, **asked)
    assert second.account == first.account
    _, facts = await account_status(world.open_work, books, provider)
    assert facts is not None
    assert facts.charges_enabled


async def test_keys_are_read_again_when_their_file_changes(world: World, tmp_path: Path) -> None:
    """The next call uses the new key; a broken file leaves the old one in use."""
    file = tmp_path / "stripe.env"
    file.write_text("# rotated by the operator\nTOLLGATE_STRIPE_SECRET_KEY=sk_test_first_key\n")
    keys = StripeKeys(GIVEN, world.simulator.url, file)
    gateway = StripeGateway(keys, api_base=world.simulator.url)
    try:
        assert keys.now().secret_key == "sk_test_first_key"
        assert keys.now().webhook_secret == "whsec_from_environment"
        first = gateway.client
        file.write_text("TOLLGATE_STRIPE_SECRET_KEY=sk_test_second_key_longer\n")
        assert keys.now().secret_key == "sk_test_second_key_longer"
        assert gateway.client is not first
        assert (await world.intents()) == []
        for broken in ("TOLLGATE_STRIPE_SECRET_KEY=sk_live_0123456789\n", "SOMETHING=else_entirely\n", "x\n"):
            file.write_text(broken)
            assert keys.now().secret_key == "sk_test_second_key_longer"
        file.unlink()
        assert keys.now().secret_key == "sk_test_second_key_longer"
    finally:
        await gateway.close()


async def test_webhook_secrets_rotate_without_a_lost_delivery(tmp_path: Path) -> None:
    """Old alone, old and new, new alone: each delivery holds as long as its secret is named."""
    file = tmp_path / "stripe.env"
    body = b"{}"

    def write(secrets: str) -> None:
        file.write_text(f"TOLLGATE_STRIPE_WEBHOOK_SECRET={secrets}\n")

    write("whsec_old_secret")
    keys = StripeKeys(GIVEN, "http://127.0.0.1:1", file)
    verifier = WebhookVerifier(lambda: keys.now().webhook_secrets(), SystemClock().now)

    def holds(secret: str) -> bool:
        try:
            verifier.verify(body, signed(body, secret=secret)["Stripe-Signature"])
        except BadSignature:
            return False
        return True

    assert (holds("whsec_old_secret"), holds("whsec_new_secret")) == (True, False)
    write("whsec_old_secret, whsec_new_secret")
    assert (holds("whsec_old_secret"), holds("whsec_new_secret")) == (True, True)
    write("whsec_new_secret")
    assert (holds("whsec_old_secret"), holds("whsec_new_secret")) == (False, True)
    assert isinstance(keys.now().webhook_secrets(), SecretStr)


@pytest.mark.parametrize(
    ("keys", "base"),
    [
        (Keys("sk_live_0123456789", "pk_live_0123456789", "whsec_0123456789"), "http://127.0.0.1:12111"),
        (Keys("rk_live_0123456789", "pk_test_0123456789", "whsec_0123456789"), "https://api.stripe.com"),
        (Keys("sk_test_0123456789", "pk_live_0123456789", "whsec_0123456789"), "https://api.stripe.com"),
        (Keys("sk_test_0123456789", "pk_test_0123456789", "whsec_0123456789,"), "https://api.stripe.com"),
        (Keys("", "pk_test_0123456789", "whsec_0123456789"), "https://api.stripe.com"),
    ],
)
def test_keys_that_must_not_be_used_are_refused(keys: Keys, base: str) -> None:
    """A live key and an address that is not Stripe's; a live and a test key; an empty secret. Never their value."""
    with pytest.raises(BadKeys) as refused:
        StripeKeys(keys, base)
    assert "0123456789" not in str(refused.value)
