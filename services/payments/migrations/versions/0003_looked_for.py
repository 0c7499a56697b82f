"""Indexes for what is looked for all the time: webhook events in the order in which they are due, expiring cards."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_webhook_event_waiting", table_name="webhook_event")
    op.create_index(
        "ix_webhook_event_due",
        "webhook_event",
        [sa.text("coalesce(again_at, received_at)"), "event_id"],
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "ix_method_expiring",
        "method",
        [sa.text("(right(expires, 4) || left(expires, 2))")],
        postgresql_where=sa.text(
            "removed_at IS NULL AND NOT blocked AND kind = 'card' AND expires IS NOT NULL"
            " AND expiry_told IS DISTINCT FROM expires"
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
