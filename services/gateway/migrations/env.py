"""Alembic's environment of the gateway's database."""

from services.gateway.adapters.tables import metadata
from shared.db.migration import run_environment

run_environment(metadata)
