"""Strangers' words on a terminal: a tenant's name must not move the cursor or colour the screen."""

import unicodedata


def plain(value: object) -> str:
    """Text without control characters, line breaks included, and without marks that turn its direction."""
    spaced = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in str(value))
    return "".join(
        c for c in spaced if unicodedata.category(c) not in ("Cf", "Cs", "Cn") or c in "\u200c\u200d"
    )
