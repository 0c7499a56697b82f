"""What the browser tests set up and read more than once."""

from typing import Any

from playwright.async_api import Page

from tests.browser.conftest import Site
from tests.support.fake_services import PAYMENT, TENANT, VISA, answers, usd


def suspend(site: Site) -> None:
    """Takes Fenwick's service away for the open invoice."""
    site.services.answers[f"suspension {TENANT}/standing"] |= {
        "stage": "both_barred",
        "suspended": True,
        "since": "2026-12-06T05:00:00Z",
        "owed": usd(17895),
        "steps": [
            {"kind": "reminder", "day": 12, "on": "2026-12-04", "state": "done"},
            {"kind": "both_barred", "day": 14, "on": "2026-12-06", "state": "done"},
        ],
        "works_now": {"outbound": "reject", "inbound": "announce", "reachable_numbers": []},
    }
    rows = site.services.answers[f"invoicing {TENANT}/invoices?status=unpaid"]["invoices"]
    rows[0]["status"] = "Overdue"


def payment(status: str, **more: Any) -> dict[str, Any]:
    return {
        "payment_id": str(PAYMENT),
        "at": "2026-11-18T15:31:00Z",
        "amount": usd(10000),
        "status": status,
        "method": None,
        "invoices": [],
        **more,
    }


def agree_plan(site: Site) -> None:
    """Two instalments for the open invoice, the first of them next."""
    kept = answers()[f"payments {TENANT}/payment-plans"]
    site.services.answers[f"payments {TENANT}/payment-plans"] = kept


async def text_of(page: Page, selector: str) -> str:
    """The text with plain spaces, as a person reads it."""
    return (await page.locator(selector).inner_text()).replace("\u00a0", " ").replace("\u2009", " ")


def takes_cards(site: Site) -> list[Any]:
    """Saves what Stripe's fields give as Fenwick's first card; gives back the requests to keep one."""
    kept: list[Any] = []

    def keep(body: Any) -> tuple[int, Any]:
        kept.append(body)
        card = {"method_id": str(VISA), "kind": "card", "brand": "visa", "last4": "4242", "is_default": True}
        site.services.answers[f"payments {TENANT}/methods"]["methods"] = [card]
        return 200, {}

    site.services.handlers[f"payments POST {TENANT}/setup-intents"] = lambda _: (
        201,
        {"setup_intent": "seti_1", "client_secret": "seti_1_secret_2", "publishable_key": "pk_test_x"},
    )
    site.services.handlers[f"payments POST {TENANT}/methods"] = keep
    return kept
