"""Alembic's entry point; run through `python -m services.notifications migrate`."""

from services.notifications.adapters.tables import metadata
from shared.db.migration import run_environment

run_environment(metadata)
