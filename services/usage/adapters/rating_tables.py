"""Tables of rating: decks, calendars, lines of a day, revisions, running periods, re-ratings."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

_INSTANT = DateTime(timezone=True)
_PRICE = Numeric(20, 6)


def add_rating_tables(metadata: MetaData) -> None:
    """See docs/design-rating.md for what each of them is for."""
    _add_decks(metadata)
    _add_periods(metadata)
    _add_re_ratings(metadata)
    Table(
        "day_line",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("local_day", Date, primary_key=True),
        Column("plan_id", Uuid, primary_key=True),
        Column("plan_version", Integer, primary_key=True),
        Column("call_class", Text, primary_key=True),
        Column("direction", Text, primary_key=True),
        Column("destination", Text, primary_key=True),
        Column("price_per_minute", _PRICE, primary_key=True),
        Column("connect_fee", _PRICE, primary_key=True),
        Column("capped", Boolean, primary_key=True),
        Column("chargeable", Boolean, primary_key=True),
        Column("extension", Text, primary_key=True),
        Column("provider_id", Uuid, nullable=False),
        Column("calls", BigInteger, nullable=False),
        Column("line_calls", BigInteger, nullable=False),
        Column("billed_seconds", BigInteger, nullable=False),
        Column("charge", Numeric, nullable=False),
    )


def _add_decks(metadata: MetaData) -> None:
    Table(
        "deck_version",
        metadata,
        Column("provider_id", Uuid, primary_key=True),
        Column("version_id", Uuid, primary_key=True),
        Column("name", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("effective_from", Date, nullable=False),
        Column("rows", Integer, nullable=False),
        Column("content_hash", LargeBinary, nullable=False),
        Column("uploaded_at", _INSTANT, nullable=False),
        UniqueConstraint("provider_id", "name", "number"),
    )
    Table(
        "deck_row",
        metadata,
        Column("provider_id", Uuid, primary_key=True),
        Column("version_id", Uuid, primary_key=True),
        Column("direction", Text, primary_key=True),
        Column("prefix", Text, primary_key=True),
        Column("begins", Date, primary_key=True),
        Column("destination", Text, nullable=False),
        Column("call_class", Text, nullable=False),
        # Prices, fee, minimum, increment and cap in the one text form of domain/deck.py.
        Column("terms", Text, nullable=False),
    )
    Table(
        "rating_calendar",
        metadata,
        Column("provider_id", Uuid, primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("effective_from", Date, nullable=False),
        Column("body", JSONB, nullable=False),
        Column("kept_at", _INSTANT, nullable=False),
    )


def _add_periods(metadata: MetaData) -> None:
    Table(
        "period_revision",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("start_date", Date, primary_key=True),
        Column("revision", Integer, primary_key=True),
        Column("provider_id", Uuid, nullable=False),
        Column("metered_at", _INSTANT, nullable=False),
        Column("reason", Text, nullable=False),
        Column("reason_text", Text),
        Column("lines", JSONB, nullable=False),
        Column("pools", JSONB, nullable=False),
        Column("days", JSONB, nullable=False),
    )
    Table(
        "running_period",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("start_date", Date, primary_key=True),
        Column("end_date", Date, nullable=False),
        Column("provider_id", Uuid, nullable=False),
        # Charge of all calls before included minutes, in millionths of a minute's price: seconds x price x 10^6.
        # None: to be read from the rollup again.
        Column("gross", Numeric),
        Column("seconds", BigInteger, nullable=False),
        Column("check_seconds", BigInteger, nullable=False),
        Column("said", JSONB, nullable=False),
        # Of a spend limit that a person released: the limit from then on in this period, or none.
        Column("released", Boolean, nullable=False),
        Column("limit_minor", BigInteger),
        # A reached spend limit that was not cleared yet.
        Column("holds", Boolean, nullable=False),
    )


def _add_re_ratings(metadata: MetaData) -> None:
    Table(
        "rated_before",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("call_key", Uuid, primary_key=True),
        # The rating holds for revisions of the period before this one.
        Column("until_revision", Integer, primary_key=True),
        Column("provider_id", Uuid, nullable=False),
        Column("rating", JSONB, nullable=False),
    )
    Table(
        "re_rating",
        metadata,
        Column("provider_id", Uuid, primary_key=True),
        Column("re_rating_id", Uuid, primary_key=True),
        # None: all tenants of the provider.
        Column("tenant_id", Uuid),
        Column("start_date", Date, nullable=False),
        Column("end_date", Date, nullable=False),
        Column("reason", Text, nullable=False),
        Column("asked_at", _INSTANT, nullable=False),
        Column("state", Text, nullable=False),
        # Where it is: the tenant in hand, the last call done in it.
        Column("at_tenant", Uuid),
        Column("at_placed", _INSTANT),
        Column("at_call", Uuid),
        Column("tenant_changed", Boolean, nullable=False),
        Column("calls", BigInteger, nullable=False),
        Column("changed", BigInteger, nullable=False),
        Column("unrated", BigInteger, nullable=False),
        Column("finished_at", _INSTANT),
        Index("ix_re_rating_running", "provider_id", postgresql_where=text("state = 'running'")),
    )
