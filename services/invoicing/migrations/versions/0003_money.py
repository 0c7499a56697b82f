"""Tax by jurisdiction, credit notes, refunds, disputes; the database refuses to credit more than there is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_money"
down_revision = "0002_subscriptions"

_GUARD_INVOICE = """
CREATE OR REPLACE FUNCTION guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mutable text[] := ARRAY['paid_minor', 'credited_minor', 'paid_at', 'overdue_marked_at', 'cancelled_at',
                            'collectable'];
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - mutable = to_jsonb(OLD) - mutable THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an issued invoice never changes; correct % with a credit note', OLD.number;
END $$
"""

_GUARD_FINAL = """
CREATE FUNCTION guard_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME;
END $$
"""

# The invoice's row is locked before counting, so that two notes at once are counted one after the other.
_GUARD_NOTE = """
CREATE FUNCTION guard_credit_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    billed bigint;
    noted bigint;
BEGIN
    SELECT total_minor INTO STRICT billed FROM invoice
     WHERE tenant_id = NEW.tenant_id AND invoice_id = NEW.invoice_id FOR UPDATE;
    SELECT coalesce(sum(total_minor), 0) INTO noted FROM credit_note
     WHERE tenant_id = NEW.tenant_id AND invoice_id = NEW.invoice_id;
    IF NEW.total_minor <= 0 OR noted + NEW.total_minor > billed THEN
        RAISE EXCEPTION 'credit notes of % would exceed the % that was billed', noted + NEW.total_minor, billed
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""

_GUARD_NOTE_LINE = """
CREATE FUNCTION guard_credit_note_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    billed bigint;
    noted bigint;
BEGIN
    PERFORM 1 FROM invoice WHERE tenant_id = NEW.tenant_id AND invoice_id = NEW.invoice_id FOR UPDATE;
    SELECT amount_minor INTO STRICT billed FROM invoice_line
     WHERE tenant_id = NEW.tenant_id AND invoice_id = NEW.invoice_id AND position = NEW.line_position;
    SELECT coalesce(sum(amount_minor), 0) + NEW.amount_minor INTO noted FROM credit_note_line
     WHERE tenant_id = NEW.tenant_id AND invoice_id = NEW.invoice_id AND line_position = NEW.line_position;
    IF noted NOT BETWEEN least(billed, 0) AND greatest(billed, 0) THEN
        RAISE EXCEPTION 'line % holds %, credit notes would take % off it', NEW.line_position, billed, noted
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""

_FINAL = ("credit_note", "credit_note_line", "credit_note_tax", "journal_posting")
_WITHOUT = "collectable AND overdue_marked_at IS NULL AND cancelled_at IS NULL AND "


def upgrade() -> None:
    _add_tax()
    _add_notes()
    _add_returns()
    op.add_column(
        "invoice", sa.Column("credited_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_check_constraint(
        "settled",
        "invoice",
        "paid_minor >= 0 AND credited_minor >= 0 AND paid_minor + credited_minor <= total_minor",
    )
    op.create_check_constraint(
        "remaining", "credit", "remaining_minor >= 0 AND remaining_minor <= amount_minor"
    )
    op.drop_index("ix_invoice_overdue", "invoice")
    op.create_index(
        "ix_invoice_overdue",
        "invoice",
        ["provider_id", "overdue_at"],
        postgresql_where=sa.text(_WITHOUT + "paid_minor + credited_minor < total_minor"),
    )
    op.create_index("ix_invoice_issued_on", "invoice", ["provider_id", "issued_on"])
    op.create_index("ix_journal_posting_booked_at", "journal_posting", ["provider_id", "booked_at"])
    for function in (_GUARD_INVOICE, _GUARD_FINAL, _GUARD_NOTE, _GUARD_NOTE_LINE):
        op.execute(function)
    for table in _FINAL:
        op.execute(
            f"CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION guard_final()"
        )
    op.execute(
        "CREATE TRIGGER guard_sum BEFORE INSERT ON credit_note"
        " FOR EACH ROW EXECUTE FUNCTION guard_credit_note()"
    )
    op.execute(
        "CREATE TRIGGER guard_sum BEFORE INSERT ON credit_note_line"
        " FOR EACH ROW EXECUTE FUNCTION guard_credit_note_line()"
    )


def _json(name: str, default: str) -> sa.Column[object]:
    return sa.Column(
        name,
        postgresql.JSONB(astext_type=sa.Text()),
        server_default=sa.text(f"'{default}'::jsonb"),
        nullable=False,
    )


def _add_tax() -> None:
    op.add_column("provider", _json("billing", "{}"))
    op.add_column("provider", _json("registrations", "[]"))
    op.add_column("tenant", _json("tax", "{}"))
    op.drop_constraint("pk_tax_rate", "tax_rate")
    op.add_column("tax_rate", sa.Column("position", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE tax_rate r SET position = n.n FROM (SELECT provider_id, name,"
        " row_number() OVER (PARTITION BY provider_id ORDER BY name) - 1 AS n FROM tax_rate) n"
        " WHERE n.provider_id = r.provider_id AND n.name = r.name"
    )
    op.alter_column("tax_rate", "position", nullable=False)
    op.create_primary_key("pk_tax_rate", "tax_rate", ["provider_id", "position"])
    for name in ("country", "region"):
        op.add_column("tax_rate", sa.Column(name, sa.Text(), nullable=True))
    for name in ("valid_from", "valid_to"):
        op.add_column("tax_rate", sa.Column(name, sa.Date(), nullable=True))
    op.add_column(
        "invoice_tax",
        sa.Column("category", sa.Text(), server_default=sa.text("'S'"), nullable=False),
    )
    op.add_column("invoice_tax", sa.Column("reason", sa.Text(), nullable=True))


def _add_notes() -> None:
    op.create_table(
        "credit_note",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("credit_note_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("open_balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("account_credit_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("parties", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "credit_note_id", name=op.f("pk_credit_note")),
        sa.UniqueConstraint("provider_id", "number", name=op.f("uq_credit_note_provider_id_number")),
    )
    op.create_index("ix_credit_note_invoice", "credit_note", ["tenant_id", "invoice_id"])
    op.create_index("ix_credit_note_issued_on", "credit_note", ["provider_id", "issued_on"])
    op.create_table(
        "credit_note_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("credit_note_id", sa.Uuid(), nullable=False),
        sa.Column("line_position", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "credit_note_id", "line_position", name=op.f("pk_credit_note_line")
        ),
    )
    op.create_index(
        "ix_credit_note_line_of", "credit_note_line", ["tenant_id", "invoice_id", "line_position"]
    )
    op.create_table(
        "credit_note_tax",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("credit_note_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "credit_note_id", "name", name=op.f("pk_credit_note_tax")),
    )


def _add_returns() -> None:
    op.create_table(
        "refund",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("goes_to", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "refund_id", name=op.f("pk_refund")),
    )
    op.create_table(
        "dispute",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("taken", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "dispute_id", name=op.f("pk_dispute")),
    )
    op.create_index("ix_dispute_payment", "dispute", ["tenant_id", "payment_id"])
