"""A provider's colour is readable in both themes, whatever it is."""

import pytest

from services.gateway.domain.brand import DARK, LIGHT, Ground, brand_colours, contrast, parse_colour
from shared.errors import Invalid

STEPS = [round(step * 255 / 17) for step in range(18)]


def near(one: str, other: str, *, most: int) -> bool:
    pairs = zip(parse_colour(one), parse_colour(other), strict=True)
    return all(abs(a - b) * 255 <= most for a, b in pairs)


@pytest.mark.parametrize("ground", [LIGHT, DARK], ids=["light", "dark"])
def test_5832_colours_pass(ground: Ground) -> None:
    """Every colour of an 18 x 18 x 18 grid reaches its contrasts (design/ui.md, Tokens)."""
    for red in STEPS:
        for green in STEPS:
            for blue in STEPS:
                made = brand_colours.__wrapped__(f"#{red:02X}{green:02X}{blue:02X}", ground)
                assert contrast(made.fill, made.on_fill) >= 4.5, made
                for under in (ground.card, ground.page):
                    assert contrast(made.line, under) >= ground.line_contrast, made
                    assert contrast(made.link, under) >= ground.link_contrast, made
                assert contrast(made.link, made.tint) >= ground.link_contrast, made


def test_an_amber_brand_gets_darker_lines_and_links() -> None:
    """The worked example of design/ui.md, within the rounding of two ways to fit a colour into sRGB."""
    made = brand_colours("#FFB300", LIGHT)
    assert (made.fill, made.on_fill) == ("#FFB300", "#14181F")
    assert near("#B57E06", made.line, most=8)
    assert near("#976803", made.link, most=8)


def test_a_colour_that_is_readable_stays_as_it_is() -> None:
    """Kestrel's blue needs no help on white."""
    made = brand_colours("#0F5C9C", LIGHT)
    assert (made.line, made.link) == ("#0F5C9C", "#0F5C9C")


@pytest.mark.parametrize("colour", ["", "red", "#FFF", "#12345G", "#1234567", "url(x)"])
def test_anything_else_is_no_colour(colour: str) -> None:
    """It would end up in a style."""
    with pytest.raises(Invalid):
        brand_colours(colour, LIGHT)
