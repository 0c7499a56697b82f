"""Contacts, senders, invoices as receipts need them, and mails."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.migration import create_house_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_house_tables_v1(op)
    op.create_table(
        "contact",
        sa.Column("provider_id", sa.Uuid, nullable=False),
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("billing_email", sa.Text, nullable=False),
        sa.Column("admin_email", sa.Text, nullable=False),
        sa.Column("closed_on", sa.Date),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.Column("said_by", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "tenant_id", name="pk_contact"),
    )
    op.create_table(
        "sender",
        sa.Column("provider_id", sa.Uuid, nullable=False),
        sa.Column("brand_name", sa.Text, nullable=False),
        sa.Column("colour", sa.Text, nullable=False),
        sa.Column("legal_name", sa.Text, nullable=False),
        sa.Column("address", ARRAY(sa.Text), nullable=False),
        sa.Column("billing_email", sa.Text, nullable=False),
        sa.Column("support_phone", sa.Text, nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.Column("said_by", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name="pk_sender"),
    )
    op.create_table(
        "invoice",
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("invoice_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("balance_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name="pk_invoice"),
    )
    op.create_table(
        "allocation",
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("invoice_id", sa.Uuid, nullable=False),
        sa.Column("payment_id", sa.Uuid, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", "payment_id", name="pk_allocation"),
    )
    _create_mail()


def _create_mail() -> None:
    op.create_table(
        "mail",
        sa.Column("provider_id", sa.Uuid, nullable=False),
        sa.Column("mail_id", sa.Uuid, nullable=False),
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("event_at", INSTANT, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("leased_until", INSTANT),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("taken", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("refused", JSONB, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("problem", sa.Text),
        sa.Column("sent_at", INSTANT),
        sa.Column("deferred_since", INSTANT),
        sa.Column("server_away", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("trace", JSONB, nullable=False, server_default=sa.text("'{}'")),
        sa.PrimaryKeyConstraint("provider_id", "mail_id", name="pk_mail"),
        sa.UniqueConstraint("provider_id", "event_id", "kind", name="uq_mail_provider_id_event_id_kind"),
    )
    op.create_index("ix_mail_waiting", "mail", ["due_at"], postgresql_where=sa.text("state = 'waiting'"))
    op.create_index("ix_mail_held", "mail", ["provider_id"], postgresql_where=sa.text("server_away"))
    op.create_index("ix_mail_newest", "mail", ["provider_id", "created_at", "mail_id"])
    op.create_index("ix_mail_tenant", "mail", ["tenant_id", "created_at"])


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead: going back would drop mails that were promised.")
