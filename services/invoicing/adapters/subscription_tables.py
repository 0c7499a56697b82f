"""What was agreed with tenants over time, and who changed it."""

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB


def add_subscription_tables(metadata: MetaData) -> None:
    """Plan assignments, add-on quantities, coupons, discounts and the history of changes."""
    # Which version of which plan a tenant is on, from which day; one row a day, the last state counts (R23).
    Table(
        "plan_assignment",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("from_date", Date, primary_key=True),
        Column("provider_id", Uuid, nullable=False),
        Column("plan_id", Uuid, nullable=False),
        Column("plan_version", Integer, nullable=False),
    )
    Table(
        "add_on_quantity",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("code", Text, primary_key=True),
        Column("from_date", Date, primary_key=True),
        Column("provider_id", Uuid, nullable=False),
        Column("quantity", Integer, nullable=False),
    )
    Table(
        "coupon",
        metadata,
        Column("provider_id", Uuid, primary_key=True),
        Column("code", Text, primary_key=True),
        Column("terms", JSONB, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
    )
    Table(
        "tenant_discount",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("discount_id", Uuid, primary_key=True),
        Column("provider_id", Uuid, nullable=False),
        Column("code", Text),
        Column("name", Text, nullable=False),
        Column("percent", Numeric(9, 6)),
        Column("amount", Numeric),
        Column("applies_to", Text, nullable=False),
        Column("from_date", Date, nullable=False),
        Column("until_date", Date),
        UniqueConstraint("tenant_id", "code"),
    )
    # Who changed what of a subscription, when, and from which day it holds.
    Table(
        "subscription_change",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("change_id", Uuid, primary_key=True),
        Column("provider_id", Uuid, nullable=False),
        Column("made_at", DateTime(timezone=True), nullable=False),
        Column("effective_on", Date, nullable=False),
        Column("what", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("detail", JSONB, nullable=False),
        Index("ix_subscription_change_newest", "tenant_id", "made_at"),
    )
