"""One module per language, each with every text that a tenant may read in a mail."""

from services.notifications.domain.letter import Wording
from services.notifications.domain.wording import en

LANGUAGES: dict[str, Wording] = {"en": en.English()}


def wording_for(locale: str) -> Wording:
    """The catalogue of a BCP 47 locale's language; English where we have none yet."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return LANGUAGES.get(language, LANGUAGES["en"])
