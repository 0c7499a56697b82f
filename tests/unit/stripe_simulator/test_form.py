"""The form decoder against an encoder of its own, and the table of cards."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.stripe_simulator import cards, form
from deploy.stripe_simulator.errors import StripeRefusal

NAMES = st.text("abcdefgh_", min_size=1, max_size=6)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3), st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def _schema(value: Any) -> dict[str, Any]:
    """Return the schema that a value satisfies; items of a list share no type, so each list is of its first's."""
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case str():
            return {"type": "string"}
        case list():
            return {"type": "array", "items": _schema(value[0])}
    return {"type": "object", "properties": {name: _schema(child) for name, child in value.items()}}


def _encode(value: Any, name: str) -> list[tuple[str, str]]:
    match value:
        case bool():
            return [(name, str(value).lower())]
        case list():
            return [pair for place, item in enumerate(value) for pair in _encode(item, f"{name}[{place}]")]
        case dict():
            return [
                pair
                for key, child in value.items()
                for pair in _encode(child, f"{name}[{key}]" if name else key)
            ]
    return [(name, str(value))]


def _alike(value: Any) -> Any:
    """Make every list hold copies of its first item, so that one schema describes it."""
    match value:
        case list():
            return [_alike(value[0])] * len(value)
        case dict():
            return {name: _alike(child) for name, child in value.items()}
    return value


@given(st.dictionaries(NAMES, VALUES, max_size=4).map(_alike))
@settings(max_examples=100, deadline=None)
def test_reads_back_what_was_encoded(value: dict[str, Any]) -> None:
    """Nested objects, lists, booleans, numbers and any text come back as they were."""
    assert form.coerce(form.parse(urlencode(_encode(value, ""))), _schema(value)) == value


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """No body breaks the decoder: it gives an object or a refusal."""
    try:
        assert isinstance(form.parse(text), dict)
    except StripeRefusal as refusal:
        assert refusal.status == 400


@pytest.mark.parametrize("text", ["a[b=1", "a]=1", "[a]=1", "a=1&a[b]=2", "a[b]=1&a=2", "a[b]x=1"])
def test_names_that_make_no_sense_are_refused(text: str) -> None:
    """A malformed name, or one that is both a value and an object."""
    with pytest.raises(StripeRefusal):
        form.parse(text)


def test_every_test_card_is_a_valid_number_with_a_known_decline() -> None:
    """A misprint in the table would make a card that nobody can type."""
    for card in cards.CARDS:
        assert cards.passes_luhn(card.number), card
        assert {card.saving, card.charging} - {None} <= set(cards.DECLINES), card
    assert len(cards.BY_NUMBER) == len(cards.CARDS)
    assert len({card.token for card in cards.CARDS}) == len(cards.CARDS)
    assert not cards.passes_luhn("4242424242424241")
