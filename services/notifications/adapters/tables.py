"""Tables of notifications' database."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.tables import make_metadata

metadata = make_metadata()
_INSTANT = DateTime(timezone=True)

# A tenant. `said_at`, `said_by`: the event that told us, to know a later from an earlier one.
contact = Table(
    "contact",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("billing_email", Text, nullable=False),
    Column("admin_email", Text, nullable=False),
    Column("closed_on", Date),
    Column("said_at", _INSTANT, nullable=False),
    Column("said_by", Uuid, nullable=False),
)

# A provider.
sender = Table(
    "sender",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("brand_name", Text, nullable=False),
    Column("colour", Text, nullable=False),
    Column("legal_name", Text, nullable=False),
    Column("address", ARRAY(Text), nullable=False),
    Column("billing_email", Text, nullable=False),
    Column("support_phone", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("said_at", _INSTANT, nullable=False),
    Column("said_by", Uuid, nullable=False),
)

# What an invoice asked for at issue, in minor units.
invoice = Table(
    "invoice",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("number", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
)

# What came off invoices, in minor units: `payment_id` is a payment's, or an id derived from what else did it (account
# credit, a credit note); negative for what a bank took back.
allocation = Table(
    "allocation",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("payment_id", Uuid, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),
)

# A mail. `facts` is a document of domain.facts by kind; `refused` is address to the server's words.
mail = Table(
    "mail",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("mail_id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("event_at", _INSTANT, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("due_at", _INSTANT, nullable=False),
    Column("leased_until", _INSTANT),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("taken", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("refused", JSONB, nullable=False, server_default=text("'{}'")),
    Column("problem", Text),
    Column("sent_at", _INSTANT),
    Column("deferred_since", _INSTANT),
    Column("server_away", Boolean, nullable=False, server_default=text("false")),
    Column("trace", JSONB, nullable=False, server_default=text("'{}'")),
    UniqueConstraint("provider_id", "event_id", "kind"),
    Index("ix_mail_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
    Index("ix_mail_held", "provider_id", postgresql_where=text("server_away")),
    Index("ix_mail_newest", "provider_id", "created_at", "mail_id"),
    Index("ix_mail_tenant", "tenant_id", "created_at"),
)
