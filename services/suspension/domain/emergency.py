"""Calls that no bill may stop. Nothing here looks anything up."""

from collections.abc import Callable

# Reach an emergency service, or its test line (933), wherever they are dialled; each country's own come on top.
EVERYWHERE = frozenset({"112", "911", "999", "933"})
_URN = "urn:service:sos"  # RFC 5031, with sub-services like urn:service:sos.fire
LONGEST_NUMBER = 64
_SEPARATORS = str.maketrans("", "", " -.()/")


def dialled(to: str) -> str:
    """The number within what a switch sends: ``sip:911@host;user=phone``, ``tel:+1 911``, or the bare number.

    Empty for what is too long to be one.
    """
    value = to[: 4 * LONGEST_NUMBER].strip().lower()
    if value.startswith(_URN):
        return value
    scheme, colon, rest = value.partition(":")
    if colon and scheme in ("sip", "sips", "tel"):
        value = rest
    value = value.split("@", 1)[0].split(";", 1)[0].translate(_SEPARATORS)
    return value if len(value) <= LONGEST_NUMBER and len(to) <= 4 * LONGEST_NUMBER else ""


def is_emergency(number: str, country: str | None, of_country: Callable[[str, str], bool]) -> bool:
    """Whether ``number`` (from ``dialled``) reaches an emergency service in ``country`` (ISO 3166-1 alpha-2).

    ``of_country(number, country)`` knows each country's own numbers.
    """
    if number == _URN or number.startswith(_URN + "."):
        return True
    if number in EVERYWHERE:
        return True
    return country is not None and number.isascii() and number.isdigit() and of_country(number, country)
