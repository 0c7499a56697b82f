"""Tables of invoicing. Every key starts with the provider or the tenant (architecture.md)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.invoicing.adapters.subscription_tables import add_subscription_tables
from shared.db.tables import add_journal_table, make_metadata

metadata = make_metadata()
add_journal_table(metadata)
add_subscription_tables(metadata)
Index(
    "ix_journal_posting_booked_at",
    metadata.tables["journal_posting"].c.provider_id,
    metadata.tables["journal_posting"].c.booked_at,
)


def _at(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _text(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


provider = Table(
    "provider",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    *_text("slug", "legal_name", "currency", "country", "time_zone", "locale", "billing_email"),
    *_text("support_phone", "invoice_prefix"),
    Column("address", JSONB, nullable=False),
    Column("tax_id", Text),
    Column("brand", JSONB, nullable=False),
    Column("reachable_numbers", JSONB, nullable=False),
    Column("terms_days", Integer, nullable=False),
    Column("finalisation_delay_minutes", Integer, nullable=False),
    _at("created_at"),
    Column("billing", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("registrations", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
)

tax_rate = Table(
    "tax_rate",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("rate", Numeric(9, 6), nullable=False),
    Column("country", Text),
    Column("region", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
)

plan = Table(
    "plan",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("newest_version", Integer, nullable=False),
    UniqueConstraint("provider_id", "name"),
)

plan_version = Table(
    "plan_version",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    *_text("name", "billing_model", "currency"),
    Column("monthly_fee_minor", BigInteger),
    *(Column(f"included_{name}", Integer, nullable=False) for name in ("extensions", "dids", "minutes")),
    *(Column(f"price_{name}", Numeric(18, 6), nullable=False) for name in ("extension", "did", "minute")),
    Column("minimum_seconds", Integer, nullable=False),
    Column("increment_seconds", Integer, nullable=False),
    # Tiers, add-ons, discounts and the like: read and written as a whole, never searched.
    Column("terms", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("valid_from", Date),
)

tenant = Table(
    "tenant",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, primary_key=True),
    *_text("slug", "name", "status", "country", "time_zone", "locale", "currency"),
    *_text("billing_email", "admin_email", "sip_domain"),
    Column("plan_id", Uuid, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("plan_from", Date, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("anchor_day", Integer, nullable=False),
    *(Column(name, Date) for name in ("trial_ends_on", "ends_on")),
    Column("next_time_zone", Text),
    Column("address", JSONB, nullable=False),
    Column("account_codes", JSONB, nullable=False),
    Column("tax", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    UniqueConstraint("provider_id", "slug"),
    UniqueConstraint("provider_id", "sip_domain"),
)

# What a switch may call a tenant, lower case: its id, SIP domain and account codes. One name leads to one tenant.
tenant_name = Table(
    "tenant_name",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
)

billing_period = Table(
    "billing_period",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("start_date", Date, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("month_days", Integer, nullable=False),
    Column("is_trial", Boolean, nullable=False),
    Column("plan_id", Uuid, nullable=False),
    Column("plan_version", Integer, nullable=False),
    # running, ended, metered, invoiced; closed for a trial; parked when it cannot be invoiced.
    Column("state", Text, nullable=False),
    _at("end_at"),
    _at("finalise_at"),
    # The first fee is billed by itself, in advance; later ones with the invoice of the period before.
    _at("fee_due_at", nullable=True),
    Column("totals", JSONB),
    Column("billed", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    # Newer totals than what was billed: the difference goes to the next invoice.
    Column("late", Boolean, nullable=False, server_default=text("false")),
    Column("parked_reason", Text),
    # What the fee that begins with this period pays for: the month or a year (R20); used up to fee_until.
    Column("fee_end", Date),
    Column("fee_days", Integer),
    Column("fee_until", Date),
    # Late usage of a tenant that has closed makes one last invoice then (R43).
    _at("late_due_at", nullable=True),
    Index(
        "ix_billing_period_late_due",
        "provider_id",
        "late_due_at",
        postgresql_where=text("late_due_at IS NOT NULL"),
    ),
    Index("ix_billing_period_late", "tenant_id", postgresql_where=text("late")),
    Index("ix_billing_period_end", "provider_id", "end_date"),
    Index("ix_billing_period_running", "provider_id", "end_at", postgresql_where=text("state = 'running'")),
    Index(
        "ix_billing_period_open",
        "provider_id",
        "finalise_at",
        postgresql_where=text("state IN ('ended', 'metered', 'parked')"),
    ),
    Index(
        "ix_billing_period_fee", "provider_id", "fee_due_at", postgresql_where=text("fee_due_at IS NOT NULL")
    ),
)

one_time_charge = Table(
    "one_time_charge",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("charge_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("description", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("on_date", Date, nullable=False),
    Column("invoice_id", Uuid),
    Index("ix_one_time_charge_waiting", "tenant_id", postgresql_where=text("invoice_id IS NULL")),
)

invoice = Table(
    "invoice",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    *_text("number", "currency"),
    *(Column(f"{name}_minor", BigInteger, nullable=False) for name in ("subtotal", "tax", "total")),
    Column("paid_minor", BigInteger, nullable=False),
    Column("credit_applied_minor", BigInteger, nullable=False),
    _at("issued_at"),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    _at("overdue_at"),
    Column("collectable", Boolean, nullable=False),
    # Who billed whom, as printed: an issued invoice never changes, whatever becomes of the addresses.
    Column("parties", JSONB, nullable=False),
    _at("paid_at", nullable=True),
    _at("overdue_marked_at", nullable=True),
    _at("cancelled_at", nullable=True),
    Column("credited_minor", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint(
        "paid_minor >= 0 AND credited_minor >= 0 AND paid_minor + credited_minor <= total_minor",
        name="settled",
    ),
    UniqueConstraint("provider_id", "number"),
    Index("ix_invoice_newest", "tenant_id", "issued_at", "invoice_id"),
    Index("ix_invoice_issued_on", "provider_id", "issued_on"),
    Index(
        "ix_invoice_overdue",
        "provider_id",
        "overdue_at",
        postgresql_where=text(
            "collectable AND overdue_marked_at IS NULL AND cancelled_at IS NULL"
            " AND paid_minor + credited_minor < total_minor"
        ),
    ),
)

invoice_line = Table(
    "invoice_line",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    *_text("kind", "description"),
    Column("detail", Text),
    Column("quantity", Numeric, nullable=False),
    Column("unit", Text),
    Column("unit_price", Numeric, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("evidence", JSONB, nullable=False),
)

invoice_tax = Table(
    "invoice_tax",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("rate", Numeric(9, 6), nullable=False),
    Column("base_minor", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    # UNCL 5305, and why a rate is 0 percent.
    Column("category", Text, nullable=False, server_default=text("'S'")),
    Column("reason", Text),
)

invoice_number = Table(
    "invoice_number",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("series", Text, primary_key=True),
    Column("next", Integer, nullable=False),
)

credit = Table(
    "credit",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("credit_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("remaining_minor", BigInteger, nullable=False),
    *_text("currency", "reason"),
    _at("created_at"),
    CheckConstraint("remaining_minor >= 0 AND remaining_minor <= amount_minor", name="remaining"),
    Index("ix_credit_left", "tenant_id", postgresql_where=text("remaining_minor > 0")),
)

# What paid an invoice: parts of payments and of account credit, negative where a bank took one back. Their sum is
# what is paid.
invoice_payment = Table(
    "invoice_payment",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    _at("at"),
)

payment = Table(
    "payment",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("payment_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    # As people may see it; none of payments of before it was kept.
    Column("method", Text),
    _at("at"),
)

# Never changed. The database refuses notes beyond the invoice and lines beyond the line (migration 0003_money).
credit_note = Table(
    "credit_note",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("credit_note_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("invoice_id", Uuid, nullable=False),
    *_text("number", "invoice_number", "currency", "reason"),
    *(Column(f"{name}_minor", BigInteger, nullable=False) for name in ("subtotal", "tax", "total")),
    # What became of the total.
    *(
        Column(f"{name}_minor", BigInteger, nullable=False)
        for name in ("open_balance", "account_credit", "refund")
    ),
    Column("refund_id", Uuid),
    _at("issued_at"),
    Column("issued_on", Date, nullable=False),
    Column("parties", JSONB, nullable=False),
    UniqueConstraint("provider_id", "number"),
    Index("ix_credit_note_invoice", "tenant_id", "invoice_id"),
    Index("ix_credit_note_issued_on", "provider_id", "issued_on"),
)

credit_note_line = Table(
    "credit_note_line",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("credit_note_id", Uuid, primary_key=True),
    Column("line_position", Integer, primary_key=True),
    Column("invoice_id", Uuid, nullable=False),
    *_text("kind", "description"),
    Column("amount_minor", BigInteger, nullable=False),
    Index("ix_credit_note_line_of", "tenant_id", "invoice_id", "line_position"),
)

credit_note_tax = Table(
    "credit_note_tax",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("credit_note_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("rate", Numeric(9, 6), nullable=False),
    Column("category", Text, nullable=False),
    Column("base_minor", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
)

refund = Table(
    "refund",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("refund_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("payment_id", Uuid, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    *_text("currency", "goes_to"),
    _at("at"),
    _at("failed_at", nullable=True),
)

# What a bank took back of a payment: opened, won, lost, returned. ``taken`` by invoice id, in minor units.
dispute = Table(
    "dispute",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("dispute_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("payment_id", Uuid, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    *_text("currency", "state"),
    Column("taken", JSONB, nullable=False),
    _at("at"),
    Index("ix_dispute_payment", "tenant_id", "payment_id"),
)

# Amounts below what a card network takes (R38).
card_minimum = Table(
    "card_minimum",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("minimum_minor", BigInteger, nullable=False),
)

clock_advance = Table(
    "clock_advance",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    _at("target"),
    Index("ix_clock_advance_target", "target"),
)
