"""A provider's own language and zone, for the mails that go to it."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Until a provider is told of again it is written to in English; the defaults are for those rows only.
    op.execute(
        "ALTER TABLE sender ADD locale text NOT NULL DEFAULT 'en-US', ADD time_zone text NOT NULL DEFAULT 'UTC'"
    )
    op.execute("ALTER TABLE sender ALTER locale DROP DEFAULT, ALTER time_zone DROP DEFAULT")


def downgrade() -> None:
    op.execute("ALTER TABLE sender DROP locale, DROP time_zone")
