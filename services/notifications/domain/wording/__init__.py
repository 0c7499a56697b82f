"""One module per language, each with every text that a tenant may read in a mail."""

from services.notifications.domain.letter import Wording
from services.notifications.domain.wording import de, en, es, fr
from services.notifications.domain.wording.letters import Letters

LANGUAGES: dict[str, Wording] = {module.TEXTS.language: Letters(module.TEXTS) for module in (en, de, fr, es)}


def _language(locale: str) -> str:
    return locale.replace("_", "-").split("-")[0].lower()


def wording_for(locale: str) -> Wording:
    """The catalogue of a BCP 47 locale's language; English where we have none yet."""
    return LANGUAGES.get(_language(locale), LANGUAGES["en"])


def shown_locale(locale: str) -> str:
    """The locale of numbers and dates: the same, or plain English where the words are English for want of others."""
    return locale if _language(locale) in LANGUAGES else "en-US"
