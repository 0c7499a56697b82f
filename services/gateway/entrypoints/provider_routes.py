"""The services' provider routes under one roof: which service answers what (docs/design-month.md)."""

from dataclasses import dataclass, field
from typing import Literal

ServiceName = Literal["usage", "invoicing", "payments", "suspension", "notifications"]
Who = Literal["provider", "operator"]


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
    # The service wants to know who decided: the token says so, whatever the body claims.
    signed: bool = False
    # Path parameters that are no UUID, with the form that they must have.
    words: dict[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def service_path(self) -> str:
        return self.path if self.target is None else self.target


_PAGE = ("cursor", "limit")
_RESOURCE = {"kind": r"extension|did", "value": r"\+?[0-9A-Za-z*#._-]{1,64}"}
_T = "/tenants/{tenant_id}"

PROVIDER_ROUTES: tuple[ProviderRoute, ...] = (
    # invoicing
    ProviderRoute("GET", "", "invoicing", "The provider's settings"),
    ProviderRoute("GET", "/test-clock", "invoicing", "Where the test clock stands"),
    ProviderRoute("PUT", "/test-clock", "invoicing", "Put the provider on a test clock", body=True),
    ProviderRoute("POST", "/test-clock/advance", "invoicing", "Move the test clock forward", body=True),
    ProviderRoute("GET", "/plans", "invoicing", "Plans", query=_PAGE),
    ProviderRoute("POST", "/plans", "invoicing", "Add a plan", body=True),
    ProviderRoute("GET", "/tenants", "invoicing", "Tenants", query=_PAGE),
    ProviderRoute("POST", "/tenants", "invoicing", "Open a tenant", body=True),
    ProviderRoute("GET", _T, "invoicing", "A tenant"),
    ProviderRoute("GET", _T + "/summary", "invoicing", "A tenant's subscription"),
    ProviderRoute("GET", _T + "/preview", "invoicing", "A tenant's next invoice so far"),
    ProviderRoute("POST", _T + "/charges", "invoicing", "Add a one-time charge", body=True),
    ProviderRoute("GET", _T + "/invoices", "invoicing", "A tenant's invoices", query=("status", *_PAGE)),
    ProviderRoute("GET", _T + "/invoices/{invoice_id}", "invoicing", "An invoice with its lines"),
    ProviderRoute("GET", _T + "/invoices/{invoice_id}/pdf", "invoicing", "An invoice as PDF"),
    # usage
    ProviderRoute(
        "POST", _T + "/resources", "usage", "Provision extensions and DIDs", body=True, body_is_list=True
    ),
    ProviderRoute(
        "DELETE",
        _T + "/resources/{kind}/{value}",
        "usage",
        "Release an extension or DID",
        query=("at",),
        words=_RESOURCE,
    ),
    ProviderRoute(
        "GET",
        _T + "/usage",
        "usage",
        "A tenant's usage of a period",
        query=("start_date", "end_date", "plan_id", "plan_version"),
    ),
    ProviderRoute(
        "GET",
        _T + "/calls",
        "usage",
        "A tenant's calls",
        query=("direction", "number", "from", "to", "unanswered", *_PAGE),
    ),
    ProviderRoute("GET", "/quarantine", "usage", "Call records that could not be placed", query=_PAGE),
    ProviderRoute("POST", "/quarantine/replay", "usage", "Try the quarantined records again", body=True),
    # payments
    ProviderRoute("PUT", "/stripe-account", "payments", "Set the provider's Stripe account", body=True),
    ProviderRoute("GET", _T + "/methods", "payments", "A tenant's payment methods and auto-pay"),
    ProviderRoute("GET", _T + "/payments", "payments", "A tenant's payments", query=_PAGE),
    # suspension
    ProviderRoute("GET", "/policy", "suspension", "The suspension policy"),
    ProviderRoute("PUT", "/policy", "suspension", "Set the suspension policy", body=True, signed=True),
    ProviderRoute("GET", _T + "/standing", "suspension", "Where a tenant stands on the ladder"),
    ProviderRoute("POST", _T + "/suspend", "suspension", "Suspend a tenant by hand", body=True, signed=True),
    ProviderRoute(
        "POST", _T + "/unsuspend", "suspension", "Lift a suspension by hand", body=True, signed=True
    ),
    ProviderRoute("POST", _T + "/hold", "suspension", "Pause the ladder", body=True, signed=True),
    ProviderRoute("POST", _T + "/promise", "suspension", "Record a promise to pay", body=True, signed=True),
    ProviderRoute(
        "POST",
        _T + "/release",
        "suspension",
        "End a hold, a promise or a lifted suspension early",
        body=True,
        signed=True,
    ),
    ProviderRoute("GET", _T + "/policy", "suspension", "The suspension policy in force for a tenant"),
    ProviderRoute(
        "PUT",
        _T + "/policy",
        "suspension",
        "Set a suspension policy for one tenant",
        body=True,
        signed=True,
    ),
    ProviderRoute("GET", _T + "/audit", "suspension", "What was done by hand, and why", query=("limit",)),
    # notifications
    ProviderRoute(
        "GET", "/mails", "notifications", "Mails sent and waiting", query=("tenant", "state", *_PAGE)
    ),
    ProviderRoute("GET", "/parked", "invoicing", "Billing periods that wait for somebody, and why"),
    # operators
    ProviderRoute("GET", "/providers", "invoicing", "Providers", who="operator", target="/v1/providers"),
    ProviderRoute(
        "POST",
        "/providers",
        "invoicing",
        "Open a provider",
        body=True,
        who="operator",
        target="/v1/providers",
    ),
)
