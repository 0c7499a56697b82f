"""What is due for one switch is found by that switch, so that one that is away holds up no other."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_push_due",
        "push",
        ["provider_id", "switch_name", "next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.drop_index("ix_push_next_attempt_at", "push")
