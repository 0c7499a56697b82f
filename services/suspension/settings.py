"""Settings of suspension beside the house's own."""

import ipaddress

from pydantic import Field, field_validator

from shared.settings import BaseAddress, Settings


class SuspensionSettings(Settings):
    """All prefixed ``TOLLGATE_``."""

    invoicing_url: BaseAddress = Field(
        description="base address of invoicing, which is asked before anybody is suspended for not paying"
    )
    payments_url: str = Field(
        description="base address of payments, which is asked what is on its way before anybody is suspended"
    )
    gate_reload_seconds: float = Field(
        600.0, gt=0, le=3600, description="how often the gate's memory is read anew, beside notifications"
    )
    call_back_minutes: float = Field(
        60.0,
        gt=0,
        le=1440,
        description="how long after an emergency call of a barred tenant inbound calls reach it",
    )
    push_networks: str = Field(
        "",
        description="networks that switches to be told may be in beside public addresses, like 10.0.0.0/8,fd00::/8",
    )
    sweep_seconds: float = Field(
        1.0, gt=0, le=60, description="how often tenants whose next step is due are looked for"
    )

    @field_validator("push_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            try:
                ipaddress.ip_network(part)
            except ValueError:
                raise ValueError(f"{part!r} is no network; write it like 10.0.0.0/8 or fd00::/8") from None
        return value
