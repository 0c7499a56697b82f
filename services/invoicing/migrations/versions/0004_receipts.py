"""By what a payment came, for its receipt."""

import sqlalchemy as sa
from alembic import op

revision = "0004_receipts"
down_revision = "0003_money"


def upgrade() -> None:
    op.add_column("payment", sa.Column("method", sa.Text))


def downgrade() -> None:
    op.drop_column("payment", "method")
