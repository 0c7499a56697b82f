"""What numbers mean in a country, by Google's metadata (phonenumbers)."""

from functools import lru_cache

import phonenumbers

# Without loading each country's metadata, which takes milliseconds.
_CALLING_CODES = {
    country: str(code)
    for code, countries in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    for country in countries
}

# Reach help as well where they are dialled and are missing from the metadata, which names police, fire and ambulance: mountain,
# air and sea rescue, poison and gas, services for the deaf, for children and for people in a crisis.
_HELP_TOO = {
    "AT": frozenset({"128", "140"}),
    "CA": frozenset({"988"}),
    "CH": frozenset({"145", "1414"}),
    "CN": frozenset({"122"}),
    "ES": frozenset({"061", "062", "080", "085", "088", "091", "092"}),
    "FR": frozenset({"114", "115", "119", "191", "196", "197"}),
    "GB": frozenset({"18000"}),
    "IT": frozenset({"1515", "1530"}),
    "JP": frozenset({"118"}),
    "RU": frozenset({"104"}),
    "US": frozenset({"988"}),
}


@lru_cache(maxsize=4096)
def is_emergency_in(number: str, country: str) -> bool:
    """Whether ``number`` (digits only, at most six) is an emergency number of ``country`` (ISO 3166-1 alpha-2)."""
    return number in _HELP_TOO.get(country, ()) or bool(phonenumbers.is_emergency_number(number, country))


def calling_code(country: str) -> str:
    """``1`` of US, ``49`` of DE (ISO 3166-1 alpha-2); empty for an unknown country."""
    return _CALLING_CODES.get(country, "")


@lru_cache(maxsize=4096)
def international(number: str, country: str) -> str | None:
    """The number in E.164 as dialled in ``country``; None for what is no telephone number."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


@lru_cache(maxsize=4096)
def is_toll_free(number: str) -> bool:
    """Whether a number in E.164 costs its caller nothing."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.TOLL_FREE)
