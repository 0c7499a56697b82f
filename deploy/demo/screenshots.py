"""`make screenshots`: every state of the Billing page at two widths and in both themes, from the running demonstration.

python -m deploy.demo.screenshots --links .run/links.txt --into docs/screenshots
"""

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from playwright.async_api import Browser, Page, Route, async_playwright

from deploy.local.chromium import system_chromium
from deploy.local.errors import LocalError

WIDTHS = {"wide": 1280, "phone": 390}
THEMES = ("light", "dark")
SETTLE_MS = 600
WAIT_MS = 20_000
Act = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class State:
    """One picture: who looks at which view, and what they do first."""

    name: str
    person: str
    view: str = "/billing"
    act: Act | None = None
    whole: bool = True


async def _press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).first.click()


async def _first_invoice(page: Page) -> None:
    await page.locator("[data-section=invoices] tbody a").first.click()
    await page.locator("[data-section=explanation]").wait_for()


async def _line_calls(page: Page) -> None:
    """The calls behind the first usage line that any invoice has."""
    links = page.locator("[data-section=invoices] tbody th a")
    for place in range(await links.count()):
        await links.nth(place).click()
        await page.locator("[data-section=invoice]").wait_for()
        calls = page.locator("[data-section=invoice] tbody a[href*='/billing/calls']")
        if await calls.count():
            await calls.first.click()
            await page.locator("[data-section=calls] tbody tr").first.wait_for()
            return
        await page.get_by_role("link", name="Billing").last.click()
        await links.first.wait_for()


async def _pay(page: Page) -> None:
    await page.locator("[data-section=balance] .filled").click()
    await page.get_by_role("dialog").wait_for()


async def _offline(page: Page) -> None:
    await page.context.set_offline(True)
    await page.wait_for_timeout(SETTLE_MS)


async def _without_usage(page: Page) -> None:
    await page.route("**/api/v1/billing/overview", _usage_away)
    await page.reload()
    await page.locator("[data-section=usage] .notice").wait_for()


async def _usage_away(route: Route) -> None:
    answer = await route.fetch()
    document = await answer.json()
    document["usage"] = {
        "error": {"title": "Usage can't be loaded right now.", "detail": "Try again in a moment."}
    }
    await route.fulfill(response=answer, json=document)


STATES = (
    State("overview-nothing-to-pay", "Fenwick Dental Group admin"),
    State("overview-due", "Hollis & Grant Law admin"),
    State("overview-overdue", "Bright Bikes admin", "/billing/overview"),
    State("overview-empty-trial", "Orchard Books admin"),
    State("overview-german", "Adler Optik GmbH admin"),
    State("section-away", "Fenwick Dental Group admin", act=_without_usage),
    State("offline", "Fenwick Dental Group admin", act=_offline, whole=False),
    State("invoice", "Fenwick Dental Group admin", act=_first_invoice),
    State("pay-now", "Hollis & Grant Law admin", act=_pay, whole=False),
    State("calls", "Fenwick Dental Group admin", "/billing/calls", whole=False),
    State("calls-of-a-line", "Bright Bikes admin", "/billing/overview", _line_calls, whole=False),
    State("suspended", "Bright Bikes admin"),
    State("suspended-user", "Bright Bikes user"),
)


def read_links(file: Path) -> dict[str, str]:
    """Addresses with tokens by the person's name. Raises LocalError when the demonstration has not written them."""
    if not file.exists():
        raise LocalError(f"there is no {file}: start the demonstration with `make run`, then try again")
    return dict(re.findall(r"(.+)\n {2}(\S+#token=\S+)", file.read_text()))


async def _take(browser: Browser, link: str, state: State, width: str, theme: str, into: Path) -> None:
    context = await browser.new_context(
        viewport={"width": WIDTHS[width], "height": 900 if width == "wide" else 844},
        color_scheme="dark" if theme == "dark" else "light",
        locale="en-US",
    )
    page = await context.new_page()
    page.set_default_timeout(WAIT_MS)
    address, token = link.split("#token=")
    await page.goto(f"{address.removesuffix('/billing')}{state.view}#token={token}")
    await page.locator("main h1:not(.unseen)").wait_for()
    await page.locator(".skeleton").first.wait_for(state="detached")
    if state.act:
        await state.act(page)
    await page.wait_for_timeout(SETTLE_MS)
    await page.screenshot(path=into / f"{state.name}-{width}-{theme}.png", full_page=state.whole)
    await context.close()


async def take_all(links: dict[str, str], into: Path) -> None:
    """Takes every picture anew into a folder that is there."""
    chromium = system_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]
        )
        for state in STATES:
            for width in WIDTHS:
                for theme in THEMES:
                    await _take(browser, links[state.person], state, width, theme, into)
        await browser.close()


def main(
    links: Annotated[Path, typer.Option(help="links.txt of the running demonstration")] = Path(
        ".run/links.txt"
    ),
    into: Annotated[Path, typer.Option(help="folder, made anew")] = Path("docs/screenshots"),
) -> None:
    """Takes the pictures of the documentation."""
    known = read_links(links)
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    asyncio.run(take_all(known, into))
    sizes = [file.stat().st_size for file in into.glob("*.png")]
    typer.echo(f"{len(sizes)} pictures, {sum(sizes) / 1e6:.1f} MB, in {into}")


if __name__ == "__main__":
    typer.run(main)
