"""Settings of invoicing."""

from pydantic import Field

from shared.settings import Settings


class InvoicingSettings(Settings):
    """Invoicing asks the other services how far they are (test clock) and usage for the running period."""

    usage_url: str = Field(description="base URL of usage")
    payments_url: str = Field(description="base URL of payments")
    suspension_url: str = Field(description="base URL of suspension")
    notifications_url: str = Field(description="base URL of notifications")
