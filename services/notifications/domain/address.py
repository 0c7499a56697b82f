"""Mail addresses and other words of strangers that end up in a mail's header: nothing may break out of its line."""

import re
import unicodedata
from collections.abc import Iterable

LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
LONGEST_LOCAL_PART = 64  # RFC 5321, section 4.5.3.1.1
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")

_JOINERS = "\u200c\u200d"
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def usable_address(text: str) -> str | None:
    """The address as a mail server takes it, its domain in ASCII; None for what is no plain ``local@domain``.

    Quoted local parts, display names, literals and control characters are not taken: an address is used in SMTP
    commands, where a line break would start a command of a stranger's choice.
    """
    local, at, domain = text.strip(" ").rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local) > LONGEST_LOCAL_PART:
        return None
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = ascii_domain.split(".")
    address = f"{local}@{ascii_domain}"
    if not all(_LABEL.fullmatch(label) for label in labels) or len(address) > LONGEST_ADDRESS:
        return None
    return address


def usable_addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """Those that can be used, in order, each mailbox once however its letters are written."""
    found: dict[str, str] = {}
    for text in texts:
        address = usable_address(text)
        if address is not None:
            found.setdefault(address.lower(), address)
    return tuple(found.values())


def one_line(text: str, *, longest: int = 120) -> str:
    """Text of a stranger as one line without control, direction or unassigned characters, cut to ``longest``.

    The joiners stay: without them Persian, Hindi and many emoji are spelt wrongly.
    """
    return _one_line(text, longest, _JOINERS)


def isolated(name: str) -> str:
    """A name that runs from right to left, between marks that keep it from moving the words and figures around it.

    First-strong isolate and its end (Unicode UAX #9, section 2.4). Other names stay as they are.
    """
    if any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in name):
        return f"{ISOLATE}{name}{END_OF_ISOLATE}"
    return name


def our_line(text: str, *, longest: int = 120) -> str:
    """``one_line`` for a sentence of ours: what ``isolated`` put around names stays, unless the cut took an end away."""
    line = _one_line(text, longest, _JOINERS + ISOLATE + END_OF_ISOLATE)
    open_ones = 0
    for letter in line:
        open_ones += (letter == ISOLATE) - (letter == END_OF_ISOLATE)
        if open_ones < 0:
            return one_line(text, longest=longest)
    return line if not open_ones else one_line(text, longest=longest)


def _one_line(text: str, longest: int, kept_formats: str) -> str:
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    kept = "".join(c for c in spaced if c in kept_formats or not unicodedata.category(c).startswith("C"))
    line = re.sub(r" {2,}", " ", kept).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
