"""Settings of usage: those of every service, and its own."""

from pydantic import Field

from shared.command_line import DatabaseSettings
from shared.settings import Settings

LATE_WINDOW = Field(
    90, ge=1, le=3650, description="calls that ended longer ago are kept, reported and not billed (R42)"
)


class UsageSettings(Settings):
    """Read once from the environment (``TOLLGATE_…``)."""

    late_window_days: int = LATE_WINDOW


class ToolSettings(DatabaseSettings):
    """All that the operator's commands need."""

    late_window_days: int = LATE_WINDOW
