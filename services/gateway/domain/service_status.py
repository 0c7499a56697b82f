"""Active, Trial or Suspended (the guide, Subscription Summary): suspension's word stands over invoicing's."""

from typing import Literal

ServiceStatus = Literal["Trial", "Active", "Suspended", "Closed", "Unknown"]


def service_status(subscription: str | None, *, suspended: bool | None) -> ServiceStatus:
    """``subscription`` is invoicing's status, ``suspended`` suspension's; None: that service is away."""
    if subscription == "closed":
        return "Closed"
    if suspended:
        return "Suspended"
    if subscription == "trial":
        return "Trial"
    return "Active" if subscription == "active" else "Unknown"
