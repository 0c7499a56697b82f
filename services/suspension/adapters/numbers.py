"""What numbers mean in a country, by Google's metadata (phonenumbers)."""

from functools import lru_cache

import phonenumbers


@lru_cache(maxsize=4096)
def is_emergency_in(number: str, country: str) -> bool:
    """Whether ``number`` (digits only) is an emergency number of ``country`` (ISO 3166-1 alpha-2)."""
    # The longest emergency numbers have six digits; anything longer need not be looked up (or cached).
    return len(number) <= 6 and bool(phonenumbers.is_emergency_number(number, country))


@lru_cache(maxsize=4096)
def international(number: str, country: str) -> str | None:
    """The number in E.164 as dialled in ``country``; None for what is no telephone number."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
