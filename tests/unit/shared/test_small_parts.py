"""Clock, journal, settings, logs and envelopes of the house."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import events
from shared.clock import local_date, local_midnight
from shared.errors import Permanent
from shared.events.envelope import Envelope, open_event
from shared.events.invoicing import ClockAdvanced
from shared.ids import EventId, ProviderId, derived_id, new_id
from shared.journal import JournalEntry, Posting, Unbalanced
from shared.money import Money, currency
from shared.telemetry import redact

zones = st.sampled_from(
    ["America/New_York", "Europe/Berlin", "Africa/Cairo", "America/Havana", "Pacific/Apia"]
)


@given(st.dates(date(2000, 1, 1), date(2037, 12, 31)), zones)
def test_local_midnight_is_the_first_instant_of_the_day(day: date, zone_name: str) -> None:
    """Also on the days on which a zone skips midnight; Apia left out a whole day in 2011."""
    zone = ZoneInfo(zone_name)
    if (zone_name, day) == ("Pacific/Apia", date(2011, 12, 30)):
        return
    start = local_midnight(day, zone)
    assert day == local_date(start, zone)
    just_before = datetime.fromtimestamp(start.timestamp() - 1, UTC)
    assert local_date(just_before, zone) < day


def test_a_day_of_summer_time_change_lasts_23_hours() -> None:
    """Mixed lengths and DST are real (rules of money)."""
    zone = ZoneInfo("America/New_York")
    length = local_midnight(date(2026, 3, 9), zone) - local_midnight(date(2026, 3, 8), zone)
    assert length.total_seconds() == 23 * 3600


def _entry(*minors: int) -> JournalEntry:
    usd = currency("USD")
    postings = [Posting(f"account-{n}", Money(minor, usd)) for n, minor in enumerate(minors)]
    return JournalEntry(ProviderId(uuid4()), uuid4(), uuid4(), datetime.now(UTC), "test", postings)  # type: ignore[arg-type]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_a_journal_entry_sums_to_zero_or_is_refused(minors: list[int]) -> None:
    """Every posting sums to zero per currency (rules of money)."""
    if sum(minors) == 0:
        _entry(*minors)
    else:
        with pytest.raises(Unbalanced):
            _entry(*minors)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("key sk_test_51AbCdEfGh failed", "51AbCdEfGh"),
        ("secret whsec_abcdef012345", "abcdef012345"),
        ("card 4242 4242 4242 4242 refused", "4242 4242 4242"),
        ("card 4242424242424242", "42424242"),
        ("call to +14155550123", "415555"),
        ("postgresql://u:hunter2@host/db", "hunter2"),
        ("Bearer eyJhbGciOi.eyJzdWIi.c2ln", "eyJzdWIi"),
    ],
)
def test_no_secret_card_or_full_number_reaches_a_log(text: str, hidden: str) -> None:
    """Redaction works on the form of a value, whatever its field is called."""
    assert hidden not in redact(text)


def test_ids_and_stamps_stay_readable_in_a_log() -> None:
    """What an operator searches by is not taken for a card."""
    text = f"invoice KV-2026-01187 of {uuid4()} at 2026-11-01T04:00:00Z"
    assert text == redact(text)


def test_derived_ids_are_stable_and_distinct() -> None:
    """A step done twice meets its own row, another one's never."""
    assert derived_id("a", 1) == derived_id("a", 1)
    assert derived_id("a", 1) != derived_id("a1", "")


@given(st.lists(st.text(max_size=20), max_size=4))
def test_derived_ids_are_those_of_uuid5(parts: list[str]) -> None:
    """Rows bear them already, so the shorter way must say the same."""
    namespace = UUID("6f6a2c1e-5a7b-5c0e-9d55-70116a7e0001")
    assert derived_id(*parts) == uuid5(namespace, "\x1f".join(parts))


def _envelope(event: events.Event) -> Envelope:
    now = datetime(2026, 11, 1, 4, tzinfo=UTC)
    return Envelope.of(event, event_id=EventId(new_id()), source="tollgate/test", time=now, sent_at=now)


def test_an_event_survives_the_wire_unchanged() -> None:
    """CloudEvents structured JSON there and back."""
    event = ClockAdvanced(provider_id=ProviderId(uuid4()), now=datetime(2026, 11, 1, tzinfo=UTC))
    envelope = _envelope(event)
    received = Envelope.from_bytes(envelope.to_bytes())
    assert envelope == received
    assert event == open_event(received, ClockAdvanced)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'"x"', b'{"id": 3}', b"\xff\xfe"])
def test_what_is_no_event_of_ours_is_permanent(body: bytes) -> None:
    """It goes to the dead letters at once instead of round and round."""
    with pytest.raises(Permanent):
        Envelope.from_bytes(body)


def test_unknown_fields_of_a_newer_publisher_are_ignored() -> None:
    """Additive changes only: an older consumer goes on."""
    event = ClockAdvanced(provider_id=ProviderId(uuid4()), now=datetime(2026, 11, 1, tzinfo=UTC))
    envelope = _envelope(event)
    newer = Envelope.from_bytes(envelope.to_bytes().replace(b'"now":', b'"later_addition":1,"now":'))
    assert event == open_event(newer, ClockAdvanced)


@pytest.mark.parametrize(
    "service", ["usage", "invoicing", "payments", "suspension", "notifications", "gateway"]
)
def test_a_missing_setting_stops_the_service_with_one_line_naming_it(service: str) -> None:
    """An operator reads one line, not a traceback, and no value of a secret."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOLLGATE_")}
    started = subprocess.run(
        [sys.executable, "-m", f"services.{service}", "serve"],
        env={
            **environment,
            "TOLLGATE_BROKER_URL": "amqp://secret-user:secret@h/",
            "TOLLGATE_HTTP_PORT": "nine",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert started.returncode == 78
    assert len(started.stderr.strip().splitlines()) == 1
    assert "TOLLGATE_DATABASE_URL: is not set" in started.stderr
    assert "TOLLGATE_HTTP_PORT" in started.stderr
    assert "secret" not in started.stderr
