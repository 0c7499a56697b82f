"""Numbering plans of all countries, from Google's libphonenumber (phonenumberslite)."""

from functools import lru_cache

import phonenumbers
from phonenumbers import shortnumberinfo

from services.usage.domain.calls import Parties

_DIALLED = frozenset("+0123456789 ()-./")


@lru_cache(maxsize=65_536)
def _parse(number: str, country: str | None) -> tuple[str, bool] | None:
    """(E.164, toll free) of a number as dialled in ``country``; None for extensions, short codes and names."""
    if not number or not set(number) <= _DIALLED:
        return None
    # Carriers deliver E.164 with and without its plus sign.
    for text, region in ((number, country), ("+" + number.lstrip("+"), None)):
        try:
            parsed = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed) and len(str(parsed.national_number)) >= 7:
            kind = phonenumbers.number_type(parsed)
            return (
                phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
                kind == phonenumbers.PhoneNumberType.TOLL_FREE,
            )
    return None


@lru_cache(maxsize=4096)
def _is_emergency(number: str, country: str) -> bool:
    # A service's name instead of digits (RFC 5031): urn:service:sos, urn:service:sos.police.
    if number[:15].lower() == "urn:service:sos":
        return True
    return len(number) <= 8 and bool(shortnumberinfo.is_emergency_number(number, country))


class PhoneNumbers:
    """The numbering port; answers are kept, since the same numbers call again and again."""

    def e164(self, number: str, country: str | None) -> str | None:
        found = _parse(number, country)
        return None if found is None else found[0]

    def parties(self, from_number: str, to_number: str, country: str) -> Parties:
        caller, called = _parse(from_number, country), _parse(to_number, country)
        return Parties(
            from_number=caller[0] if caller else from_number,
            to_number=called[0] if called else to_number,
            to_emergency=_is_emergency(to_number, country),
            to_toll_free=bool(called and called[1]),
        )
