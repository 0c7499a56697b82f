"""Numbers, dates, addresses, colours and pauses of the mails."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from services.notifications.domain.address import one_line, usable_address, usable_addresses
from services.notifications.domain.brand import BLACK, INK, READABLE, WHITE, colours, contrast
from services.notifications.domain.facts import Kind, Restored
from services.notifications.domain.mail import (
    GIVE_UP_AFTER,
    Delivery,
    Mail,
    State,
    after_delivery,
    again,
    pause_after,
)
from services.notifications.entrypoints.consumers import HANDLERS
from shared.formats import LocalFormats
from shared.ids import EventId
from shared.messaging.topology import SUBSCRIPTIONS
from shared.money import Currency, Money, exponent
from tests.support.mail import NOON, PROVIDER, TENANT, settings

# Time says nothing on a busy machine.
unhurried = hypothesis_settings(deadline=None)
MINUS, NBSP, THIN = "\u2212", "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("locale", "amount", "day", "moment"),
    [
        ("en-US", "$1,234.50", "Nov 5, 2026", f"Nov 5, 2026, 2:05{NBSP}PM EST"),
        ("de-DE", f"1.234,50{NBSP}$", "5. Nov. 2026", "5. Nov. 2026, 14:05 "),
        ("fr-FR", f"1{THIN}234,50{NBSP}$US", "5 nov. 2026", "5 nov. 2026, 14:05 "),
        ("es-ES", f"1234,50{NBSP}US$", "5 nov 2026", "5 nov 2026, 14:05 "),
        ("xx-nonsense", "$1,234.50", "Nov 5, 2026", f"Nov 5, 2026, 2:05{NBSP}PM EST"),
        ("../../etc/passwd", "$1,234.50", "Nov 5, 2026", f"Nov 5, 2026, 2:05{NBSP}PM EST"),
    ],
)
def test_writes_numbers_and_dates_in_the_tenants_way(locale: str, amount: str, day: str, moment: str) -> None:
    """The table of design/ui.md, Numbers and dates; an unknown locale is American English."""
    formats = LocalFormats(locale, "America/New_York")
    assert formats.money(Money(123450, Currency("USD"))) == amount
    assert formats.day(date(2026, 11, 5)) == day
    assert formats.moment(datetime(2026, 11, 5, 19, 5, tzinfo=UTC)).startswith(moment)


_CURRENCIES = st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "CLF", "ISK", "HUF", "IQD", "LBP", "XAF"])
_LOCALES = st.sampled_from(["en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "pt-PT", "pl-PL", "de-CH", "sv-SE"])


@unhurried
@given(minor=st.integers(-(10**12), 10**12), code=_CURRENCIES, locale=_LOCALES)
def test_an_amount_keeps_every_digit_and_never_breaks(minor: int, code: str, locale: str) -> None:
    """Reading the digits back gives the minor units; the sign is U+2212; no space or hyphen may end a line."""
    amount = Money(minor, Currency(code))
    text = LocalFormats(locale, "Europe/Berlin").money(amount)
    assert int("".join(re.findall(r"[0-9]", text))) == abs(minor)
    assert text.count(MINUS) == (1 if minor < 0 else 0)
    assert not re.search(r"[ \t\n-]", text)
    places = exponent(amount.currency)
    fraction = re.search(r"[.,]([0-9]+)(?:[^0-9]*)$", text)
    if places:
        assert fraction is not None
        assert len(fraction.group(1)) == places


@unhurried
@given(seconds=st.integers(0, 15 * 366 * 86_400))
def test_a_day_is_the_tenants_day(seconds: int) -> None:
    """An instant in UTC is shown as the calendar day in the tenant's zone."""
    at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    formats = LocalFormats("en-US", "Pacific/Auckland")
    assert formats.day_of(at) == formats.day(formats.local_day(at))
    assert abs((formats.local_day(at) - at.date()).days) <= 1
    assert LocalFormats("en-US", "No/Where").local_day(at) == at.date()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ann@acme.example", "ann@acme.example"),
        (" ann.b+tag@ACME.example ", "ann.b+tag@acme.example"),
        ("info@müller.example", "info@xn--mller-kva.example"),
        ("ann@acme.example\r\nRCPT TO:<x@evil.example>", None),
        ("ann@acme.example>\r\nDATA", None),
        ("Ann <ann@acme.example>", None),
        ("ann@acme.example, bob@acme.example", None),
        ("ann@@acme.example", None),
        ("ann@", None),
        ("@acme.example", None),
        ("ann", None),
        ("a..b@acme.example", None),
        ("ann@acme..example", None),
        ("ann@-acme.example", None),
        ("ann@[127.0.0.1]", None),
        ("zoë@acme.example", None),
        ("a" * 65 + "@acme.example", None),
        ("", None),
    ],
)
def test_takes_plain_addresses_only(text: str, address: str | None) -> None:
    """What could break out of an SMTP command or a header is no address."""
    assert usable_address(text) == address


@unhurried
@given(st.text(max_size=60))
def test_no_address_carries_a_line_break_or_bracket(text: str) -> None:
    """Whatever the text: the result can stand in RCPT TO."""
    for candidate in (text, f"a@{text}", f"{text}@acme.example"):
        found = usable_address(candidate)
        assert found is None or re.fullmatch(r"[!-;=?-~]+@[a-z0-9.-]+", found)


def test_one_mailbox_is_written_to_once() -> None:
    """Equal but for letters' case is equal; unusable ones are left out."""
    assert usable_addresses(["Ann@acme.example", "ann@ACME.example", "broken", "bob@acme.example"]) == (
        "Ann@acme.example",
        "bob@acme.example",
    )


@unhurried
@given(st.text(max_size=300), st.integers(2, 200))
def test_one_line_is_one_line(text: str, longest: int) -> None:
    """No control or direction character, no line break of Unicode, not too long."""
    line = one_line(text, longest=longest)
    assert len(line.splitlines()) <= 1
    assert len(line) <= longest
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029]", line)
    assert one_line(line, longest=longest) == line


@unhurried
@given(st.integers(0, 0xFFFFFF))
def test_words_on_the_brands_colour_can_always_be_read(value: int) -> None:
    """4.5 to 1 for every colour there is."""
    colour = f"#{value:06X}"
    chosen = colours(colour)
    assert chosen.fill == colour
    assert contrast(chosen.fill, chosen.on_fill) >= READABLE


def test_ink_comes_before_black() -> None:
    """White where it can be read, ink on bright colours, black only between (design/ui.md, Brand)."""
    assert [colours(fill).on_fill for fill in ("#1C5AA8", "#FFB300", "#7A7A7A")] == [WHITE, INK, BLACK]


def a_mail(**values: object) -> Mail:
    return Mail(
        **{  # type: ignore[arg-type]
            "provider_id": PROVIDER,
            "mail_id": UUID(int=5),
            "tenant_id": TENANT,
            "kind": Kind.RESTORED,
            "event_id": EventId(UUID(int=6)),
            "event_at": NOON,
            "facts": Restored(NOON),
            "created_at": NOON,
            "due_at": NOON,
            **values,
        }
    )


_REPLIES = st.dictionaries(
    st.sampled_from(["a@x.example", "b@x.example"]), st.sampled_from(["taken", "refused", "deferred"])
)


@unhurried
@given(st.lists(_REPLIES, min_size=1, max_size=12))
def test_no_address_is_forgotten_and_none_is_served_twice(rounds: list[dict[str, str]]) -> None:
    """Whatever the server says, in whatever order: waiting while one address is open, and never asked again after."""
    everybody = ("a@x.example", "b@x.example")
    mail, now = a_mail(), NOON
    for replies in rounds:
        open_ones = mail.still_to_reach(everybody)
        if mail.state is not State.WAITING:
            break
        said = {address: replies.get(address, "deferred") for address in open_ones}
        mail = after_delivery(
            mail,
            Delivery(
                taken=tuple(a for a, word in said.items() if word == "taken"),
                refused={a: "550 no" for a, word in said.items() if word == "refused"},
                deferred={a: "450 later" for a, word in said.items() if word == "deferred"},
            ),
            now,
        )
        assert set(mail.taken).isdisjoint(mail.refused)
        assert len(mail.taken) == len(set(mail.taken))
        assert (mail.state is State.WAITING) == bool(mail.still_to_reach(everybody))
        assert (mail.state is State.SENT) == (mail.state is not State.WAITING and bool(mail.taken))
        assert mail.state is not State.WAITING or mail.due_at > now
        now = mail.due_at


def test_days_of_waiting_for_the_server_do_not_count_as_deferral() -> None:
    """First deferred a week after it was queued: tried on, not given up."""
    late = NOON + timedelta(days=7)
    mail = after_delivery(a_mail(), Delivery(deferred={"a@x.example": "450 later"}), late)
    assert mail.state is State.WAITING
    given_up = after_delivery(mail, Delivery(deferred={"a@x.example": "450 later"}), late + GIVE_UP_AFTER)
    assert given_up.state is State.REFUSED
    assert again(given_up, late).still_to_reach(("a@x.example",)) == ("a@x.example",)


@unhurried
@given(st.integers(1, 10_000))
def test_pauses_grow_and_end_at_an_hour(attempts: int) -> None:
    """A minute at first, never shorter than the one before, at most an hour."""
    assert timedelta(minutes=1) <= pause_after(attempts) <= pause_after(attempts + 1) <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"mail_from": "Tollgate <x@y.example>"}, "plain mail address"),
        ({"smtp_user": "u"}, "go together"),
        (
            {"smtp_user": "u", "smtp_password": SecretStr("p"), "smtp_host": "mail.example"},
            "in the clear",
        ),
        ({"smtp_tls": "ssl"}, "none"),
        ({"billing_url": "javascript:alert(1)"}, "pattern"),
    ],
)
def test_wrong_mail_settings_are_refused(values: dict[str, object], problem: str) -> None:
    """At start, naming what is wrong: no password in the clear over a network."""
    with pytest.raises(ValidationError, match=problem):
        settings(25, **values)


def test_a_password_may_cross_the_loopback() -> None:
    """A relay on this machine needs no TLS."""
    assert settings(25, smtp_user="u", smtp_password=SecretStr("p")).smtp_user == "u"


def test_every_subscribed_event_has_a_handler() -> None:
    """And no other."""
    assert set(HANDLERS) == set(SUBSCRIPTIONS["notifications"])


def test_money_is_decimal_all_the_way() -> None:
    """A sum that no float holds is shown exactly."""
    assert (
        LocalFormats("en-US", "UTC").money(Money(9007199254740993, Currency("USD")))
        == "$90,071,992,547,409.93"
    )
    assert Money(9007199254740993, Currency("USD")).decimal == Decimal("90071992547409.93")
