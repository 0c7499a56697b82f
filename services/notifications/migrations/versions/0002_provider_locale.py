"""Providers get mails too: the locale to write to them in, until then the default's."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sender", sa.Column("locale", sa.Text, nullable=False, server_default="en-US"))


def downgrade() -> None:
    op.drop_column("sender", "locale")
