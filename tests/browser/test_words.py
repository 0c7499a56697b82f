"""The page's catalogues: every language says everything, with the same blanks, and the page speaks the tenant's."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.scenes import suspend, text_of
from tests.support.fake_services import OPEN_INVOICE, TENANT, VISA

pytestmark = pytest.mark.browser

COMPARE = """async () => {
  const languages = ["en", "de", "fr", "es"];
  const [english, ...others] = await Promise.all(languages.map(async (one) => (await import(`/static/words/${one}.js`)).default));
  const blanks = (text) => [...new Set(text.match(/\\{\\w+\\}/g) || [])].sort().join(" ");
  const sentences = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry));
  const wrong = [];
  for (const [place, words] of [english, ...others].entries()) {
    const language = languages[place];
    for (const key of Object.keys(english)) if (!(key in words)) wrong.push(`${language} lacks ${key}`);
    for (const [key, entry] of Object.entries(words)) {
      if (!(key in english)) { wrong.push(`${language} has ${key} alone`); continue; }
      if ((typeof entry) !== (typeof english[key])) wrong.push(`${language} ${key} differs in plurals`);
      // A singular may do without its figure.
      const wanted = blanks(sentences(english[key]).at(-1));
      if (blanks(sentences(entry).at(-1)) !== wanted) wrong.push(`${language} ${key}: ${wanted}`);
      if (typeof entry === "object") {
        for (const rule of new Intl.PluralRules(language).resolvedOptions().pluralCategories) {
          if (!(rule in entry)) wrong.push(`${language} ${key} lacks ${rule}`);
        }
      }
      for (const text of sentences(entry)) if (!text.trim()) wrong.push(`${language} ${key} is empty`);
    }
  }
  return [Object.keys(english).length, wrong];
}"""


async def test_every_language_says_everything(site: Site) -> None:
    """The same keys, the same blanks, and each plural that the language has."""
    page = await site.open()
    count, wrong = await page.evaluate(COMPARE)
    assert wrong == []
    assert count > 300


async def test_every_key_that_a_module_uses_has_words(site: Site) -> None:
    """A key that is written out in a module is in the catalogue; no key of the catalogue is forgotten."""
    page = await site.open()
    words = await page.evaluate("import('/static/words/en.js').then((found) => Object.keys(found.default))")
    used = await _keys_in_modules()
    # A file's name, and the beginning of a status's key.
    used -= {"calls.csv", "plans.state"}
    assert {key for key in used if key not in words} == set()
    # Those that are put together from a value.
    built = (
        "service.",
        "invoice.",
        "payment.",
        "plans.state.",
        "reason.",
        "decline.",
        "error.",
        "model.",
        "invoices.",
        "payments.",
        "pause.",
        "under_way.",
        "next.",
        "barred.",
    )
    assert {key for key in words if key not in used and not key.startswith(built)} == set()


async def _keys_in_modules() -> set[str]:
    import re
    from pathlib import Path

    import services.gateway

    static = Path(services.gateway.__file__).parent / "static"
    modules = [file for file in static.rglob("*.js") if file.parent.name != "words"]
    groups = "nav|page|list|do|error|balance|summary|usage|chart|alerts|methods|method|delete|auto|ask|form|invoices|invoice|why|plans|pay|decline|bank|reason|payments|payment|calls|suspended|works|closed"
    found = re.compile(rf'"((?:{groups})\.[A-Za-z_.-]+[A-Za-z_])"')
    return {key for file in modules for key in found.findall(file.read_text())}


@pytest.mark.parametrize(
    ("locale", "headings", "amount"),
    [
        (
            "de",
            ["Ihr Tarif", "Verbrauch in diesem Zeitraum", "Zahlungsmittel", "Rechnungen", "Zahlungsverlauf"],
            "328,95 $",
        ),
        (
            "fr-FR",
            [
                "Votre abonnement",
                "Consommation de la période",
                "Moyens de paiement",
                "Factures",
                "Historique des paiements",
            ],
            "328,95 $US",
        ),
        (
            "es",
            [
                "Resumen del plan",
                "Consumo de este periodo",
                "Métodos de pago",
                "Facturas",
                "Historial de pagos",
            ],
            "328,95 US$",
        ),
    ],
)
async def test_the_page_speaks_the_tenants_language(
    site: Site, locale: str, headings: list[str], amount: str
) -> None:
    """Headings, amounts and the document's own language; not a word of English in between."""
    for key in (f"invoicing {TENANT}", f"invoicing {TENANT}/summary"):
        site.services.answers[key]["locale"] = locale
    page = await site.open("tenant_admin")
    await expect(page.locator("[data-section=payments] table")).to_be_visible()
    assert await page.locator("main h2").all_inner_texts() == headings
    assert amount in await text_of(page, "[data-section=invoices]")
    assert await page.locator("html").get_attribute("lang") == locale[:2]
    shown = await text_of(page, "body")
    for english in ("Pay Now", "Download", "Delete", "Balance", "Succeeded", "Overage"):
        assert english not in shown, english


async def test_a_language_of_its_own_stands_before_signing_in(site: Site) -> None:
    """Without a tenant to ask, the browser's language counts."""
    page = await site.open(locale="fr-CA")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Veuillez vous connecter")


async def test_the_suspension_page_is_translated(site: Site) -> None:
    """The page that matters most is understood."""
    for key in (f"invoicing {TENANT}", f"invoicing {TENANT}/summary"):
        site.services.answers[key]["locale"] = "de"
    suspend(site)
    page = await site.open("tenant_admin")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Telefondienst ist gesperrt")
    await expect(
        page.get_by_role("button", name="178,95\u00a0$ bezahlen und Sperre aufheben")
    ).to_be_visible()


async def test_a_decline_is_said_in_the_tenants_language(site: Site) -> None:
    """By its reason, not by the server's English sentence."""
    for key in (f"invoicing {TENANT}", f"invoicing {TENANT}/summary"):
        site.services.answers[key]["locale"] = "de"
    site.services.handlers[f"payments POST {TENANT}/payments"] = lambda _: (
        200,
        {
            "payment_id": str(VISA),
            "at": "2026-11-18T15:31:00Z",
            "amount": {"minor": 17895, "currency": "USD"},
            "status": "failed",
            "reason": "no_funds",
            "sentence": "Your bank declined it.",
            "method": None,
            "invoices": [
                {
                    "invoice_id": str(OPEN_INVOICE),
                    "number": "KV",
                    "amount": {"minor": 17895, "currency": "USD"},
                }
            ],
        },
    )
    page = await site.open("tenant_admin")
    await page.locator("[data-section=balance]").get_by_role("button", name="Jetzt bezahlen").click()
    await page.get_by_role("button", name="178,95\u00a0$ bezahlen").click()
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("Ihre Bank hat Visa •••• 4242 abgelehnt: nicht genug Guthaben.")
    await expect(alert).to_contain_text("Es wurde kein Geld abgebucht.")
