"""What one provider route is."""

from dataclasses import dataclass, field
from typing import Literal

ServiceName = Literal["usage", "invoicing", "payments", "suspension", "notifications"]
Who = Literal["provider", "operator"]

PAGE = ("cursor", "limit")
TENANT = "/tenants/{tenant_id}"


@dataclass(frozen=True, slots=True)
class ProviderRoute:
    """One route. ``path`` is below ``/api/v1/provider`` and, unless ``target`` differs, below the service's
    ``/v1/providers/{provider}`` as well. ``query`` names the parameters that are passed on."""

    method: str
    path: str
    service: ServiceName
    summary: str
    query: tuple[str, ...] = ()
    target: str | None = None
    body: bool = False
    body_is_list: bool = False
    # The media type of a body that is passed on unread, such as a rate deck.
    upload: str | None = None
    # The media type of an answer that is passed on as it comes, such as an export.
    streams: str | None = None
    who: Who = "provider"
    # The service wants to know who decided: the token says so, whatever the request claims. In the body, or in the
    # query of a request without one.
    signed: bool = False
    # Path parameters that are no UUID, with the form that they must have.
    words: dict[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def service_path(self) -> str:
        return self.path if self.target is None else self.target
