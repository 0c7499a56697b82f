"""Calls are rated by decks and plans; lines of a day; revisions; thresholds; re-rating."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_INSTANT = sa.DateTime(timezone=True)
_PRICE = sa.Numeric(precision=20, scale=6)


def _json() -> postgresql.JSONB:
    return postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    _plans()
    _calls()
    _decks()
    _periods()
    _re_ratings()


def _plans() -> None:
    op.add_column("provider", sa.Column("time_zone", sa.Text()))
    op.add_column("tenant", sa.Column("anchor_day", sa.Integer()))
    for column in (
        sa.Column("rated_by_deck", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("deck", sa.Text(), server_default="standard", nullable=False),
        sa.Column("class_terms", _json(), server_default="{}", nullable=False),
        sa.Column("bundles", _json(), server_default="[]", nullable=False),
        sa.Column("counts", sa.Text(), server_default="peak", nullable=False),
        sa.Column("spend_alert_minor", sa.BigInteger()),
        sa.Column("spend_limit_minor", sa.BigInteger()),
        sa.Column("currency", sa.Text(), server_default="USD", nullable=False),
    ):
        op.add_column("plan_version", column)


def _calls() -> None:
    for column in (
        sa.Column("destination", sa.Text()),
        sa.Column("deck_version_id", sa.Uuid()),
        sa.Column("deck_prefix", sa.Text()),
        sa.Column("price_per_minute", _PRICE),
        sa.Column("connect_fee", _PRICE),
        sa.Column("segments", _json()),
        sa.Column("charge_cap", _PRICE),
        sa.Column("charge", _PRICE),
        sa.Column("chargeable", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("extension", sa.Text()),
        sa.Column("known_class", sa.Text()),
    ):
        op.add_column("call", column)
    op.create_table(
        "day_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("call_class", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("price_per_minute", _PRICE, nullable=False),
        sa.Column("connect_fee", _PRICE, nullable=False),
        sa.Column("capped", sa.Boolean(), nullable=False),
        sa.Column("chargeable", sa.Boolean(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("line_calls", sa.BigInteger(), nullable=False),
        sa.Column("billed_seconds", sa.BigInteger(), nullable=False),
        sa.Column("charge", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "local_day",
            "plan_id",
            "plan_version",
            "call_class",
            "direction",
            "destination",
            "price_per_minute",
            "connect_fee",
            "capped",
            "chargeable",
            "extension",
            name=op.f("pk_day_line"),
        ),
    )
    # Calls until now: the class's own price, else the plan's; internal free unless priced, emergency always.
    op.execute(
        "UPDATE call c SET connect_fee = 0, price_per_minute = p.price,"
        " chargeable = c.call_class NOT IN ('internal', 'emergency') OR p.own IS NOT NULL,"
        " charge = round(c.billed_seconds * p.price / 60, 6)"
        " FROM (SELECT k.tenant_id, k.call_key, pv.class_prices ->> k.call_class AS own, CASE"
        " WHEN k.call_class = 'emergency' THEN 0"
        " WHEN k.call_class = 'internal' THEN COALESCE((pv.class_prices ->> k.call_class)::numeric, 0)"
        " ELSE COALESCE((pv.class_prices ->> k.call_class)::numeric, pv.price_per_minute) END AS price"
        " FROM call k JOIN plan_version pv ON pv.provider_id = k.provider_id AND pv.plan_id = k.plan_id"
        " AND pv.version = k.plan_version WHERE k.billed_seconds > 0) p"
        " WHERE p.tenant_id = c.tenant_id AND p.call_key = c.call_key"
    )
    op.execute(
        "INSERT INTO day_line SELECT tenant_id, local_day, plan_id, plan_version, call_class, direction, '',"
        " price_per_minute, 0, false, chargeable, '', provider_id, count(*), count(*), sum(billed_seconds), 0"
        " FROM call WHERE billed_seconds > 0 AND price_per_minute IS NOT NULL GROUP BY tenant_id, local_day, plan_id,"
        " plan_version, call_class, direction, price_per_minute, chargeable, provider_id"
    )


def _decks() -> None:
    op.create_table(
        "deck_version",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "version_id", name=op.f("pk_deck_version")),
        sa.UniqueConstraint(
            "provider_id", "name", "number", name=op.f("uq_deck_version_provider_id_name_number")
        ),
    )
    op.create_table(
        "deck_row",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("call_class", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "provider_id", "version_id", "direction", "prefix", "begins", name=op.f("pk_deck_row")
        ),
    )
    op.create_table(
        "rating_calendar",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("body", _json(), nullable=False),
        sa.Column("kept_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "version", name=op.f("pk_rating_calendar")),
    )


def _periods() -> None:
    for column in (
        sa.Column("parts", _json(), server_default="[]", nullable=False),
        sa.Column("share_days", sa.Integer()),
        sa.Column("share_of_days", sa.Integer()),
        # Why the next revision is said.
        sa.Column("reason", sa.Text(), server_default="period_ended", nullable=False),
        sa.Column("reason_text", sa.Text()),
    ):
        op.add_column("period_close", column)
    op.create_table(
        "period_revision",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("metered_at", _INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_text", sa.Text()),
        sa.Column("lines", _json(), nullable=False),
        sa.Column("pools", _json(), nullable=False),
        sa.Column("days", _json(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "start_date", "revision", name=op.f("pk_period_revision")),
    )
    op.create_table(
        "running_period",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        # Charge of all calls before included minutes, in millionths of a minute's price: seconds x price x 10^6.
        # None: to be read from the rollup again.
        sa.Column("gross", sa.Numeric()),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("check_seconds", sa.BigInteger(), nullable=False),
        sa.Column("said", _json(), nullable=False),
        # Of a spend limit that a person released: the limit from then on in this period, or none.
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("limit_minor", sa.BigInteger()),
        # A reached spend limit that was not cleared yet.
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "start_date", name=op.f("pk_running_period")),
    )


def _re_ratings() -> None:
    op.create_table(
        "rated_before",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("call_key", sa.Uuid(), nullable=False),
        sa.Column("until_revision", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("rating", _json(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "call_key", "until_revision", name=op.f("pk_rated_before")),
    )
    op.create_table(
        "re_rating",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("re_rating_id", sa.Uuid(), nullable=False),
        # None: all tenants of the provider.
        sa.Column("tenant_id", sa.Uuid()),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        # Where it is: the tenant in hand, the last call done in it.
        sa.Column("at_tenant", sa.Uuid()),
        sa.Column("at_placed", _INSTANT),
        sa.Column("at_call", sa.Uuid()),
        sa.Column("tenant_changed", sa.Boolean(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("unrated", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", _INSTANT),
        sa.PrimaryKeyConstraint("provider_id", "re_rating_id", name=op.f("pk_re_rating")),
    )
    op.create_index(
        "ix_re_rating_running",
        "re_rating",
        ["provider_id"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
    )
