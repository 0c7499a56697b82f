"""Webhook events are taken in the order in which they are due, by an index, however many wait."""

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


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
