"""Words of a caller, checked before anything is asked with them."""

from shared.errors import Invalid


def without_nul(field: str, text: str) -> str:
    """Raises ``Invalid`` for text with a NUL, with which PostgreSQL cannot even be asked."""
    if "\x00" in text:
        raise Invalid(f"`{field}` holds a NUL character; leave it out.", field=field)
    return text
