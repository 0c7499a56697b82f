"""Settings of notifications: the mail server, whose address mails come from, where the Billing page is."""

import ipaddress
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from services.notifications.domain.address import usable_address
from shared.settings import BaseAddress, Settings, counts


class NotificationsSettings(Settings):
    """The house's settings and the mail server's."""

    smtp_host: str = Field(min_length=1, description="mail server that takes our mail")
    smtp_port: int = Field(
        ge=1,
        le=65535,
        description="its port: 587 for starttls, 465 for tls",
        json_schema_extra=counts("port"),
    )
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        description="none (a relay on this machine), starttls (587) or tls (465)"
    )
    smtp_user: str | None = Field(None, description="user name, if the server asks for one")
    smtp_password: SecretStr | None = Field(None, description="its password")
    mail_from: str = Field(
        description="address that all mails come from; the provider's name stands before it"
    )
    billing_url: str = Field(
        pattern=r"^https?://[^\s<>\"']+$", max_length=500, description="address of the Billing page"
    )

    invoicing_url: BaseAddress | None = Field(
        None, description="base address of invoicing, for the PDF of an invoice; none: mails go without"
    )

    @field_validator("mail_from")
    @classmethod
    def _usable(cls, value: str) -> str:
        address = usable_address(value)
        if address is None:
            raise ValueError("must be a plain mail address like billing@example.com")
        return address

    @model_validator(mode="after")
    def _password_is_safe(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("TOLLGATE_SMTP_USER and TOLLGATE_SMTP_PASSWORD go together: set both or neither")
        if self.smtp_user is not None and self.smtp_tls == "none" and not _is_loopback(self.smtp_host):
            raise ValueError(
                "TOLLGATE_SMTP_TLS=none would send the password in the clear: use starttls or tls"
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
