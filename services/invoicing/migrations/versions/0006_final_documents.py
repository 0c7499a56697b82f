"""Issued documents get no line afterwards, and neither they nor the journal can be emptied."""

from alembic import op

revision = "0006_final_documents"
down_revision = "0005_tenant_zone"

_FINAL = (
    "invoice",
    "invoice_line",
    "invoice_tax",
    "credit_note",
    "credit_note_line",
    "credit_note_tax",
    "journal_posting",
)
_PARTS = {
    "invoice_line": ("invoice", "invoice_id"),
    "invoice_tax": ("invoice", "invoice_id"),
    "credit_note_line": ("credit_note", "credit_note_id"),
    "credit_note_tax": ("credit_note", "credit_note_id"),
}


def _guard_added(head: str, key: str) -> str:
    """A document is whole once its transaction is over: its head must be of the transaction that adds parts."""
    return f"""
CREATE FUNCTION guard_added_to_{head}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added JOIN {head} USING (tenant_id, {key})
        WHERE {head}.xmin <> pg_current_xact_id()::xid
    ) THEN
        RAISE EXCEPTION 'nothing is added to an issued {head.replace("_", " ")}; issue another document';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("""
CREATE FUNCTION guard_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'issued documents and the journal are kept; % is never emptied', TG_TABLE_NAME;
END $$
""")
    for table in _FINAL:
        op.execute(
            f"CREATE TRIGGER guard_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION guard_emptied()"
        )
    for head, key in sorted(set(_PARTS.values())):
        op.execute(_guard_added(head, key))
    for table, (head, _) in _PARTS.items():
        op.execute(
            f"CREATE TRIGGER guard_added AFTER INSERT ON {table} REFERENCING NEW TABLE AS added"
            f" FOR EACH STATEMENT EXECUTE FUNCTION guard_added_to_{head}()"
        )


def downgrade() -> None:
    for table in _PARTS:
        op.execute(f"DROP TRIGGER guard_added ON {table}")
    for head in sorted({head for head, _ in _PARTS.values()}):
        op.execute(f"DROP FUNCTION guard_added_to_{head}()")
    for table in _FINAL:
        op.execute(f"DROP TRIGGER guard_emptied ON {table}")
    op.execute("DROP FUNCTION guard_emptied()")
