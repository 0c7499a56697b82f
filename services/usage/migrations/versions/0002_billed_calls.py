"""Days count all calls, and those with billed time apart."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("day_total", sa.Column("billed_calls", sa.BigInteger(), nullable=True))
    # Until now only calls with billed time were counted.
    op.execute("UPDATE day_total SET billed_calls = calls")
    op.alter_column("day_total", "billed_calls", nullable=False)
