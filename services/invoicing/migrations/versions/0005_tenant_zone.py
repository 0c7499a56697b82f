"""The zone that a tenant has from its next period on (R55)."""

import sqlalchemy as sa
from alembic import op

revision = "0005_tenant_zone"
down_revision = "0004_receipts"


def upgrade() -> None:
    op.add_column("tenant", sa.Column("next_time_zone", sa.Text))


def downgrade() -> None:
    op.drop_column("tenant", "next_time_zone")
