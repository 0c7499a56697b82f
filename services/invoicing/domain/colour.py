"""A provider's colour on white paper: dark enough to be read, whatever was chosen."""

READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3
_STEPS = 40


def _channels(colour: str) -> list[float]:
    """Linear red, green and blue of ``#RRGGBB``, 0 to 1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def _hex(linear: list[float]) -> str:
    parts = [12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in linear]
    return "#" + "".join(f"{int(part * 255):02X}" for part in parts)


def contrast_on_white(colour: str) -> float:
    """Contrast ratio with white, 1 to 21 (WCAG 2.2)."""
    red, green, blue = _channels(colour)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def ink(colour: str) -> str:
    """The colour itself if it can be read on white, else the same hue, darkened until it can."""
    if contrast_on_white(colour) >= READABLE:
        return colour
    channels = _channels(colour)
    for step in range(1, _STEPS + 1):
        darker = _hex([channel * (1 - step / _STEPS) for channel in channels])
        if contrast_on_white(darker) >= READABLE:
            return darker
    return "#000000"
