"""The words of documents, one catalogue for each language. Add a module and name it here."""

from services.invoicing.domain.wording import de, en, es, fr
from services.invoicing.domain.wording.words import DocumentWords

CATALOGUES: dict[str, DocumentWords] = {module.WORDS.language: module.WORDS for module in (en, de, fr, es)}


def words_for(locale: str) -> DocumentWords:
    """The catalogue of a locale's language (BCP 47); English where there is none."""
    return CATALOGUES.get(_language(locale), en.WORDS)


def shown_locale(locale: str) -> str:
    """The locale of numbers and dates: the same, or English of the same country where the words are English.

    A date of a right-to-left language among English words would come apart on the page.
    """
    if _language(locale) in CATALOGUES:
        return locale
    *_, last = locale.replace("_", "-").split("-")
    return f"en-{last.upper()}" if len(last) == 2 and "-" in locale.replace("_", "-") else "en-US"


def _language(locale: str) -> str:
    return locale.replace("_", "-").partition("-")[0].lower()
