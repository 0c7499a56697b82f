"""Calls in one partition a month; what makes a call one of its kind in a slim table of its own.

A unique index over months must hold the month, so that the same leg with another time would be counted twice. Hence
`call_key` knows every leg, whatever its time, and a call is inserted only where its key was.
"""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _create_keys()
    _create_months()
    op.create_table(
        "archived_month",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("month_start", sa.Date(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("billed_seconds", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "month_start", name=op.f("pk_archived_month")),
    )


def _create_keys() -> None:
    op.create_table(
        "call_key",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("call_key", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "call_key", name=op.f("pk_call_key")),
    )
    # Calls come about as they are placed: a summary of blocks finds a month's keys, at next to no cost an insert.
    op.create_index("ix_call_key_placed_at", "call_key", ["placed_at"], unique=False, postgresql_using="brin")
    op.execute(
        "INSERT INTO call_key (provider_id, call_key, tenant_id, placed_at, fingerprint)"
        " SELECT provider_id, call_key, tenant_id, placed_at, fingerprint FROM call"
    )


def _create_months() -> None:
    op.drop_index("ix_call_placed_at", "call")
    op.drop_constraint("uq_call_provider_id_call_key", "call")
    op.drop_constraint("pk_call", "call")
    op.drop_column("call", "fingerprint")
    op.add_column(
        "call", sa.Column("first_revision", sa.Integer(), nullable=False, server_default=sa.text("1"))
    )
    op.rename_table("call", "call_before_months")
    op.execute(
        "CREATE TABLE call (LIKE call_before_months INCLUDING DEFAULTS) PARTITION BY RANGE (placed_at)"
    )
    # Leads to a tenant's calls in the order of time, newest first or oldest first: history and drill-down alike.
    op.create_primary_key("pk_call", "call", ["tenant_id", "placed_at", "call_key"])
    found = op.get_bind().execute(
        sa.text("SELECT DISTINCT date_trunc('month', placed_at, 'UTC') AS month FROM call_before_months")
    )
    now = datetime.now(UTC)
    months = {row.month.astimezone(UTC).date() for row in found} | {date(now.year, now.month, 1)}
    for month in sorted(months):
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        op.execute(
            f"CREATE TABLE call_{month:%Y_%m} PARTITION OF call"
            f" FOR VALUES FROM ('{month} 00:00:00+00') TO ('{following} 00:00:00+00')"
        )
    op.execute("INSERT INTO call SELECT * FROM call_before_months")
    op.drop_table("call_before_months")
