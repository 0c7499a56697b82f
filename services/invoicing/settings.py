"""Settings of invoicing."""

from pydantic import Field

from shared.settings import BaseAddress, Settings


class InvoicingSettings(Settings):
    """The services that have work to do for a provider: the test clock asks each how far it is."""

    usage_url: BaseAddress = Field(
        description="base address of usage; also asked for the figures of a preview"
    )
    payments_url: BaseAddress = Field(description="base address of payments")
    suspension_url: BaseAddress = Field(description="base address of suspension")
    notifications_url: BaseAddress = Field(description="base address of notifications")
    billing_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s<>\"']+$",
        max_length=500,
        description="address of the Billing page; none: documents print no link to Pay Now",
    )
