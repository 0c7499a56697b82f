"""A provider's colour in a mail: the fill is the colour itself, and what is written on it can always be read."""

import re
from dataclasses import dataclass

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
DEFAULT_COLOUR = "#1C5AA8"
WHITE, INK, BLACK = "#FFFFFF", "#14181F", "#000000"
READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3


def _luminance(colour: str) -> float:
    """Relative luminance of ``#RRGGBB``, 0 to 1 (WCAG 2.2)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@dataclass(frozen=True, slots=True)
class Colours:
    """``fill`` and the colour of words on it."""

    fill: str
    on_fill: str


def colours(wanted: str) -> Colours:
    """White on the colour if it can be read there, else ink, else black: one always can. Not ``#RRGGBB``: our own."""
    fill = wanted if _COLOUR.fullmatch(wanted) else DEFAULT_COLOUR
    for candidate in (WHITE, INK):
        if contrast(fill, candidate) >= READABLE:
            return Colours(fill, candidate)
    return Colours(fill, BLACK)
