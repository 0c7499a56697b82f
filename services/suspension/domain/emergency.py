"""Calls that no bill may stop. Nothing here looks anything up."""

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

# Reach an emergency service, or its test line (933), wherever they are dialled; each country's own come on top.
EVERYWHERE = frozenset({"112", "911", "999", "933"})
_URN = "urn:service:sos"  # RFC 5031, with sub-services like urn:service:sos.fire
LONGEST_NUMBER = 64
# An address with its display name and parameters; what is longer is cut before anything else is done with it.
LONGEST_TEXT = 1024
# The longest emergency numbers have six digits; anything longer need not be looked up.
_LONGEST_SHORT = 6
# Calling codes have one to three digits (ITU-T E.164); no subscriber has a number of six digits with its code.
_LONGEST_WITH_CODE = 6
_INTERNATIONAL_PREFIXES = ("+", "00", "011")
# No subscriber has four digits, so nothing else can be meant.
_OUTSIDE_LINE = ("9", "0")

# RFC 3261 name-addr: a display name, quoted or not, and an address in angle brackets. Possessive, so always linear.
_NAME_ADDRESS = re.compile(r'(?s)(?:"(?:[^"\\]|\\.)*+")?+[^<]*+<([^>]*+)')
_SCHEME = re.compile(r"\s*+(?:sips?|tel)\s*+:")
# Ends before a password or port, the host, the parameters, the headers or a pause for dialling on.
_USER = re.compile(r"[^:@;?,]*+")
_CONTROLS = "".join(map(chr, (*range(32), 127)))
_SEPARATORS = str.maketrans("", "", " -.()/\"'<>" + _CONTROLS)
# Invisible marks that come along when a number is copied, blanks, and dashes of other scripts.
_DROPPED = frozenset({"Cf", "Cc", "Zs", "Pd"})


def dialled(to: str) -> str:
    """The number within what a switch sends, in ASCII digits and without separators.

    ``sip:911@host;user=phone``, ``"Alarm" <sip:%39%31%31@host>``, ``tel:+1-911``, ``911#`` or the bare number; digits
    of every script count. Empty for what is too long to be one.
    """
    text = to.strip()
    if to[:1] == " " and text[:1].isdigit():
        # A plus sign that was not escaped in a query.
        text = "+" + text
    cut = len(text) > LONGEST_TEXT
    text = _in_ascii(unquote(text[:LONGEST_TEXT])).lower()
    named = _NAME_ADDRESS.match(text)
    if named is not None:
        text = named[1]
    if text.strip().startswith(_URN):
        return text.partition(";")[0].strip()
    scheme = _SCHEME.match(text)
    user = _USER.match(text, scheme.end() if scheme else 0)
    if user is None or (cut and user.end() == len(text)):
        return ""  # its end is not in sight
    plus = "+" if scheme and user[0][:1] == " " and user[0].strip()[:1].isdigit() else ""
    number = plus + user[0].translate(_SEPARATORS).strip("#*")
    return number if len(number) <= LONGEST_NUMBER else ""


def _in_ascii(text: str) -> str:
    """Digits and signs of other scripts (full-width ones, for example) as ASCII, without blanks and dashes."""
    if text.isascii():
        return text
    # Some signs stand for whole phrases.
    plain = unicodedata.normalize("NFKC", text)[:LONGEST_TEXT]
    return "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign
        for sign in plain
        if unicodedata.category(sign) not in _DROPPED
    )


def is_emergency(
    number: str,
    country: str | None,
    of_country: Callable[[str, str], bool],
    calling_code: Callable[[str], str],
) -> bool:
    """Whether ``number`` (from ``dialled``) reaches an emergency service in ``country`` (ISO 3166-1 alpha-2).

    Switches that write all numbers in E.164 put a plus sign and the country's calling code before a short number too,
    so both may be there. ``of_country(number, country)`` knows each country's own numbers, ``calling_code(country)``
    is ``1`` or ``49``, empty for an unknown country.
    """
    if number == _URN or number.startswith(_URN + "."):
        return True
    if number in EVERYWHERE:
        return True
    for prefix in _INTERNATIONAL_PREFIXES:
        rest = number.removeprefix(prefix)
        # Below any code, since a switch's own country need not be the tenant's.
        if (
            rest != number
            and 3 <= len(rest) <= _LONGEST_WITH_CODE
            and rest.isdigit()
            and rest[-3:] in EVERYWHERE
        ):
            return True
    if _after_outside_line(number) in EVERYWHERE:
        return True
    if country is None:
        return False
    code = calling_code(country)
    bare = {number, *(number.removeprefix(prefix) for prefix in _INTERNATIONAL_PREFIXES)}
    readings = bare | {one.removeprefix(code) for one in bare} | {_after_outside_line(number)}
    return any(_is_short(one) and (one in EVERYWHERE or of_country(one, country)) for one in readings)


def _after_outside_line(number: str) -> str:
    """``9911`` or ``0112``, as people dial who need a digit to get outside, and as a switch may hand it on."""
    return number[1:] if len(number) == 4 and number[0] in _OUTSIDE_LINE else ""


def _is_short(number: str) -> bool:
    return 0 < len(number) <= _LONGEST_SHORT and number.isascii() and number.isdigit()
