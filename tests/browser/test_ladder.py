"""The page says what holds a suspension up, which step comes next, and when paying would not help."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.scenes import suspend
from tests.support.fake_services import TENANT

pytestmark = pytest.mark.browser
SINCE = "2026-11-20T05:00:00Z"


def stand(site: Site, **values: Any) -> None:
    site.services.answers[f"suspension {TENANT}/standing"] |= values


def overdue(site: Site) -> None:
    rows = site.services.answers[f"invoicing {TENANT}/invoices?status=unpaid"]["invoices"]
    rows[0]["status"] = "Overdue"


@pytest.mark.parametrize(
    ("kind", "until", "words"),
    [
        (
            "promise",
            "2026-12-10T05:00:00Z",
            "You promised to pay by Dec 10, 2026: service goes on until then.",
        ),
        ("plan", None, "service goes on while each instalment is paid on its day"),
        ("dispute", None, "A payment is in dispute at your bank, so nothing is stopped until it is decided."),
        ("debit", None, "A payment from your bank is on its way, so nothing is stopped meanwhile."),
        ("hold", None, "Your provider keeps your service going."),
    ],
)
async def test_a_pause_says_why_nothing_is_stopped(
    site: Site, kind: str, until: str | None, words: str
) -> None:
    """Beside what is owed; another tenant's page says nothing of the kind."""
    overdue(site)
    stand(site, pauses=[{"kind": kind, "since": SINCE, "until": until}])
    page = await site.open("tenant_admin")
    await expect(page.locator("[data-section=balance]")).to_contain_text(words)


async def test_the_next_step_and_its_day_are_named(site: Site) -> None:
    """The first that is still to come and has a day."""
    overdue(site)
    stand(
        site,
        steps=[
            {"kind": "reminder", "day": 3, "on": "2026-11-25", "state": "done"},
            {"kind": "reminder", "day": 7, "on": "2026-11-29", "state": "coming"},
            {"kind": "both_barred", "day": 14, "on": "2026-12-06", "state": "coming"},
        ],
        suspends_on="2026-12-06",
    )
    page = await site.open("tenant_admin")
    strip = page.locator("[data-section=balance]")
    await expect(strip).to_contain_text("Next: a reminder on Nov 29, 2026.")
    await expect(strip).to_contain_text("Phone service stops on Dec 6, 2026 unless it is paid.")
    await expect(strip.locator("[data-pause]")).to_have_count(0)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("manual", "Paying does not end that; ask them what to do."),
        ("spend_limit", "Ask your provider to raise the limit or to release it."),
    ],
)
async def test_nobody_is_asked_to_pay_where_paying_does_not_help(site: Site, cause: str, words: str) -> None:
    """Although an invoice is overdue."""
    suspend(site)
    stand(site, cause=cause)
    page = await site.open("tenant_admin")
    await expect(page.locator("main")).to_contain_text(words)
    await expect(page.locator("main")).not_to_contain_text("restore service")


async def test_a_debit_on_its_way_is_named_while_suspended(site: Site) -> None:
    """It lifts nothing by itself (R48), and the page says when service comes back."""
    suspend(site)
    stand(site, cause="unpaid", pauses=[{"kind": "debit", "since": SINCE, "until": None}])
    page = await site.open("tenant_admin")
    await expect(page.locator("main")).to_contain_text(
        "A payment from your bank is on its way. Service comes back when it has arrived."
    )
