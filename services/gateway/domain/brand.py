"""A provider's colour made readable: fill, line, link and tint for the light and the dark page (design/ui.md, Tokens).

Lightness is moved in OKLCH (https://bottosson.github.io/posts/oklab/), hue and chroma are kept; contrast is that of
WCAG 2.2. Status colours ignore the brand.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from shared.errors import Invalid

RGB = tuple[float, float, float]  # sRGB, each 0 to 1

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")
_LIGHTNESS_STEPS = 10  # halvings: finer than one step of an 8-bit channel


@dataclass(frozen=True, slots=True)
class Ground:
    """The surfaces of one theme that a brand colour may lie on, and the contrast it needs there."""

    card: str
    page: str
    track: str
    line_contrast: float
    link_contrast: float
    tint_share: float
    line_on_track: bool
    darker: bool  # towards which end the colour moves when its contrast is too low


LIGHT = Ground("#FFFFFF", "#F6F7F9", "#ECEFF3", 3.0, 4.5, 0.08, line_on_track=True, darker=True)
DARK = Ground("#151A21", "#0C0F14", "#262D37", 4.0, 6.0, 0.14, line_on_track=False, darker=False)


@dataclass(frozen=True, slots=True)
class BrandColours:
    """``fill`` under text in ``on_fill``; ``line`` for bars and edges; ``link`` for text and the focus ring."""

    fill: str
    on_fill: str
    line: str
    link: str
    tint: str


def parse_colour(colour: str) -> RGB:
    """Raises ``Invalid`` for anything but #RRGGBB."""
    if not _HEX.fullmatch(colour):
        raise Invalid(f"{colour!r} is no colour; write it like #0F5C9C.", field="colour")
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(colour: RGB) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, part)) * 255):02X}" for part in colour)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _gamma(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def luminance(colour: RGB) -> float:
    red, green, blue = (_linear(part) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG contrast of two #RRGGBB colours, 1 to 21."""
    low, high = sorted((luminance(parse_colour(one)), luminance(parse_colour(other))))
    return (high + 0.05) / (low + 0.05)


def _to_oklab(colour: RGB) -> RGB:
    red, green, blue = (_linear(part) for part in colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _from_oklab(lightness: float, a: float, b: float) -> RGB | None:
    """None when the colour does not exist in sRGB."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    parts = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    if any(part < -1e-4 or part > 1 + 1e-4 for part in parts):
        return None
    red, green, blue = (_gamma(min(1.0, max(0.0, part))) for part in parts)
    return red, green, blue


def _at_lightness(lightness: float, a: float, b: float) -> str:
    """The colour with this lightness and hue; chroma is lowered only as far as sRGB demands."""
    low, high = 0.0, 1.0
    found = _from_oklab(lightness, a, b)
    if found is None:
        for _ in range(14):
            middle = (low + high) / 2
            if _from_oklab(lightness, a * middle, b * middle) is None:
                high = middle
            else:
                low = middle
        found = _from_oklab(lightness, a * low, b * low) or (lightness, lightness, lightness)
    return _hex(found)


def _moved_until(colour: str, *, darker: bool, enough: Callable[[str], bool]) -> str:
    """The colour nearest in lightness that is enough. Contrast only grows on the way to black or white."""
    if enough(colour):
        return colour
    lightness, a, b = _to_oklab(parse_colour(colour))
    end = 0.0 if darker else 1.0
    found = "#000000" if darker else "#FFFFFF"
    near, far = 0.0, 1.0
    for _ in range(_LIGHTNESS_STEPS):
        middle = (near + far) / 2
        tried = _at_lightness(lightness + (end - lightness) * middle, a, b)
        if enough(tried):
            found, far = tried, middle
        else:
            near = middle
    return found


def _mixed(colour: str, ground: str, share: float) -> str:
    over, under = parse_colour(colour), parse_colour(ground)
    red, green, blue = (o * share + u * (1 - share) for o, u in zip(over, under, strict=True))
    return _hex((red, green, blue))


def _on_fill(fill: str) -> str:
    for text in ("#FFFFFF", "#14181F"):
        if contrast(fill, text) >= 4.5:
            return text
    return "#000000"


@lru_cache(maxsize=256)
def brand_colours(colour: str, ground: Ground) -> BrandColours:
    """The five colours of a brand on one theme. Raises ``Invalid`` for a colour that is none."""
    fill = "#" + colour[1:].upper()
    tint = _mixed(fill, ground.card, ground.tint_share)
    under_line = [ground.card, ground.page, *([ground.track] if ground.line_on_track else [])]
    under_link = [ground.card, ground.page, tint]

    def reaches(contrast_min: float, grounds: Iterable[str]) -> Callable[[str], bool]:
        return lambda tried: all(contrast(tried, under) >= contrast_min for under in grounds)

    return BrandColours(
        fill=fill,
        on_fill=_on_fill(fill),
        line=_moved_until(fill, darker=ground.darker, enough=reaches(ground.line_contrast, under_line)),
        link=_moved_until(fill, darker=ground.darker, enough=reaches(ground.link_contrast, under_link)),
        tint=tint,
    )
