"""What tests say to the simulator, and builders of what most of them need."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import stripe

SECRET_KEY = "sk_test_tollgate"
PUBLISHABLE_KEY = "pk_test_tollgate"
DEADLINE_SECONDS = 5.0
RETURN_URL = "https://example.com/back"
"""Where a payment that may redirect comes back to."""

T = TypeVar("T")


@dataclass(frozen=True)
class Simulator:
    """A running simulator, an account in it and its control API."""

    url: str
    account: str
    control: httpx.Client

    def client(self, *, retries: int = 0, account: str | None = None) -> stripe.StripeClient:
        """Return the official SDK pointed at the simulator."""
        return stripe.StripeClient(
            SECRET_KEY,
            base_addresses={"api": self.url},
            stripe_account=account or self.account,
            max_network_retries=retries,
            http_client=stripe.HTTPXClient(timeout=5, allow_sync_methods=True),
        )

    def raw(
        self, method: str, path: str, data: dict[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        """Send a request as no SDK would; ``Header_name`` becomes ``Header-name``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {SECRET_KEY}", "Stripe-Account": self.account} | named
        return self.control.request(method, path, data=data, headers=sent)

    def fault(self, **fault: Any) -> None:
        """Order a fault for this test's account."""
        self.control.post("/_simulator/faults", json={"account": self.account} | fault).raise_for_status()

    def ledger(self, currency: str = "usd") -> dict[str, Any]:
        """Return what the simulated Stripe holds for this test's account."""
        answer = (
            self.control.get("/_simulator/ledger", params={"account": self.account}).raise_for_status().json()
        )
        money: dict[str, Any] = answer["accounts"][self.account]["currencies"][currency]
        return money

    def requests(self, path: str) -> list[dict[str, Any]]:
        """Return this account's remembered requests to a path."""
        answer = self.control.get("/_simulator/requests", params={"path": path}).raise_for_status().json()
        return [line for line in answer["requests"] if line["account"] == self.account]

    def type_card(self, number: str, **fields: str) -> httpx.Response:
        """Do what the card fields do: send a number with the publishable key from the simulator's own page."""
        card = {"number": number, "exp_month": "12", "exp_year": "2034", "cvc": "123"} | fields
        form = {"type": "card"} | {f"card[{name}]": value for name, value in card.items()}
        return self.raw(
            "POST", "/v1/payment_methods", form, Authorization=f"Bearer {PUBLISHABLE_KEY}", Origin=self.url
        )

    def told(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Ask something of the control API in this test's account."""
        answer = self.control.request(method, path, json={"account": self.account} | body)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def pass_bank_days(self, days: float) -> None:
        """Let days pass at the banks, for every account."""
        self.control.post("/_simulator/bank-days", json={"days": days}).raise_for_status()

    def authenticate(self, intent: str, *, passed: bool) -> str:
        """Finish a 3-D Secure challenge; return the intent's status."""
        answer = self.control.post(
            f"/_simulator/intents/{intent}/authenticate", json={"account": self.account, "passed": passed}
        )
        status: str = answer.raise_for_status().json()["status"]
        return status


def saved_card(api: stripe.StripeClient, card: str = "pm_card_visa") -> tuple[str, str]:
    """Return a customer and a payment method attached to it."""
    customer = api.v1.customers.create(params={"email": "owner@example.com"})
    method = api.v1.payment_methods.attach(card, params={"customer": customer.id})
    return customer.id, method.id


def error_of(error: stripe.StripeError) -> dict[str, Any]:
    """Return the error object as it came over the wire."""
    body: Any = error.json_body
    found: dict[str, Any] = body["error"]
    return found


def off_session(customer: str, method: str, amount: int = 12345) -> Any:
    """Return the parameters of an automatic payment in US cents."""
    return {
        "amount": amount,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "off_session": True,
        "confirm": True,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "metadata": {"attempt": "1"},
    }


def eventually(look: Callable[[], T], *, seconds: float = DEADLINE_SECONDS) -> T:
    """Return the first true result of ``look``; fail at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"still {seen!r} after {seconds} s")
        time.sleep(0.02)
