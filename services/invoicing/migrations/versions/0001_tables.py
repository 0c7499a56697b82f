"""The first tables of invoicing, and the guard over issued invoices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.migration import create_house_tables_v1

revision = "0001"
down_revision = None

_GUARD = """
CREATE FUNCTION invoice_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'invoice % is issued and cannot be deleted; cancel it with a credit note', OLD.number;
    END IF;
    IF to_jsonb(NEW) - '{paid_minor,paid_at,overdue_marked_at,cancelled_at}'::text[]
       IS DISTINCT FROM to_jsonb(OLD) - '{paid_minor,paid_at,overdue_marked_at,cancelled_at}'::text[] THEN
        RAISE EXCEPTION 'invoice % is issued and cannot change; correct it with a credit note', OLD.number;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoice_immutable BEFORE UPDATE OR DELETE ON invoice
    FOR EACH ROW EXECUTE FUNCTION invoice_is_immutable();
"""


def upgrade() -> None:
    create_house_tables_v1(op, journal=True)
    op.create_table(
        "billing_period",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("full_days", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("fee_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finalise_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("totals", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("billed", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "start_date", name=op.f("pk_billing_period")),
    )
    op.create_index("ix_billing_period_due", "billing_period", ["state", "end_at"], unique=False)
    op.create_index(
        "ix_billing_period_fee",
        "billing_period",
        ["fee_due_at"],
        unique=False,
        postgresql_where=sa.text("fee_due_at IS NOT NULL"),
    )
    op.create_index("ix_billing_period_provider", "billing_period", ["provider_id", "state"], unique=False)
    op.create_table(
        "clock_advance",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting_for", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("arrived", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_clock_advance")),
    )
    op.create_table(
        "credit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("credit_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("left_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "credit_id", name=op.f("pk_credit")),
    )
    op.create_table(
        "invoice",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("collectable", sa.Boolean(), nullable=False),
        sa.Column("usage_start", sa.Date(), nullable=True),
        sa.Column("usage_end", sa.Date(), nullable=True),
        sa.Column("fee_start", sa.Date(), nullable=True),
        sa.Column("fee_end", sa.Date(), nullable=True),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("overdue_marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("provider_id", "number", name=op.f("uq_invoice_provider_id_number")),
    )
    op.create_index(
        "ix_invoice_overdue",
        "invoice",
        ["overdue_at"],
        unique=False,
        postgresql_where=sa.text("overdue_marked_at IS NULL"),
    )
    op.create_index("ix_invoice_provider", "invoice", ["provider_id", "issued_at"], unique=False)
    op.create_table(
        "invoice_number",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "series", name=op.f("pk_invoice_number")),
    )
    op.create_table(
        "invoice_payment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", "payment_id", name=op.f("pk_invoice_payment")),
    )
    op.create_table(
        "one_time_charge",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("charged_on", sa.Date(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "charge_id", name=op.f("pk_one_time_charge")),
    )
    op.create_table(
        "plan_version",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "plan_id", "version", name=op.f("pk_plan_version")),
        sa.UniqueConstraint(
            "provider_id", "name", "version", name=op.f("uq_plan_version_provider_id_name_version")
        ),
    )
    op.create_table(
        "provider",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_provider")),
    )
    op.create_table(
        "tenant",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("anchor_day", sa.Integer(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("trial_ends_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "tenant_id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("provider_id", "slug", name=op.f("uq_tenant_provider_id_slug")),
    )
    op.create_index("ix_tenant_id", "tenant", ["tenant_id"], unique=False)
    function, _, trigger = _GUARD.partition("CREATE TRIGGER")
    op.execute(function)
    op.execute("CREATE TRIGGER" + trigger)
