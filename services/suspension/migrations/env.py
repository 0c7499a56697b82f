"""Alembic environment of suspension."""

from services.suspension.adapters.tables import metadata
from shared.db.migration import run_environment

run_environment(metadata)
