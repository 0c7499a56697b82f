"""What a record of our own says beyond the fields that are read, as JSON text beside the call."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("call", sa.Column("extra", sa.Text(), nullable=True))
