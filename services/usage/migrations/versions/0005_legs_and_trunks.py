"""Legs are kept to be joined; trunks name tenants; a provider chooses who pays between tenants and for forwarding."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "leg",
        sa.Column("provider_id", sa.Uuid(), primary_key=True),
        sa.Column("leg_key", sa.Uuid(), primary_key=True),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("quarantine_id", sa.Uuid()),
        sa.Column("call_placed_at", _INSTANT),
        sa.Column("call_fingerprint", sa.LargeBinary()),
        sa.Column("call_tenants", sa.Text(), nullable=False),
    )
    op.create_index("ix_leg_group", "leg", ["provider_id", "group_id"])
    op.create_index("ix_leg_received_at", "leg", ["received_at"])
    op.create_table(
        "leg_tie",
        sa.Column("provider_id", sa.Uuid(), primary_key=True),
        sa.Column("tie_key", sa.Uuid(), primary_key=True),
        sa.Column("group_id", sa.Uuid(), nullable=False),
    )
    op.create_index("ix_leg_tie_group", "leg_tie", ["provider_id", "group_id"])
    op.create_table(
        "trunk",
        sa.Column("provider_id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
    )
    op.create_table(
        "intake_option",
        sa.Column("provider_id", sa.Uuid(), primary_key=True),
        sa.Column("between_tenants", sa.Text(), nullable=False),
        sa.Column("forwarded_calls", sa.Text(), nullable=False),
    )
    op.create_index(
        "ix_call_flagged",
        "call",
        ["provider_id", "placed_at", "call_key"],
        postgresql_where=sa.text("flags <> ''"),
    )
