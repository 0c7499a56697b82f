"""Active, Trial or Suspended (the guide, Subscription Summary): suspension's word stands over invoicing's."""

from typing import Literal

ServiceStatus = Literal["trial", "active", "suspended", "closed", "unknown"]


def service_status(subscription: str | None, *, suspended: bool | None) -> ServiceStatus:
    """``subscription`` is invoicing's status, ``suspended`` suspension's; None: that service is away."""
    if subscription == "closed":
        return "closed"
    if suspended:
        return "suspended"
    if subscription == "trial":
        return "trial"
    return "active" if subscription == "active" else "unknown"
