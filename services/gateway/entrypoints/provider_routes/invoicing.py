"""Plans, tenants, invoices, credit, tax, reports: answered by invoicing."""

from functools import partial

from services.gateway.entrypoints.provider_routes.route import PAGE, TENANT, ProviderRoute

_route = partial(ProviderRoute, service="invoicing")
_INVOICE = TENANT + "/invoices/{invoice_id}"
_NOTE = TENANT + "/credit-notes/{credit_note_id}"
_FORM = {"form": r"pdf|facturx|cii|ubl"}
_SPAN = ("from", "to")

_CATALOGUE: tuple[ProviderRoute, ...] = (
    _route("GET", "", summary="The provider"),
    _route("GET", "/settings", summary="The provider's settings"),
    _route("PATCH", "/settings", summary="Change the provider's settings", body=True),
    _route("GET", "/test-clock", summary="Where the test clock stands"),
    _route("PUT", "/test-clock", summary="Put the provider on a test clock", body=True),
    _route("POST", "/test-clock/advance", summary="Move the test clock forward", body=True),
    _route("GET", "/plans", summary="Plans", query=PAGE),
    _route("POST", "/plans", summary="Add a plan", body=True),
    _route("POST", "/plans/{plan_id}/versions", summary="Add a version of a plan", body=True),
    _route("GET", "/coupons", summary="Coupons"),
    _route("POST", "/coupons", summary="Add a coupon", body=True),
)

_TENANTS: tuple[ProviderRoute, ...] = (
    _route("GET", "/tenants", summary="Tenants", query=PAGE),
    _route("POST", "/tenants", summary="Open a tenant", body=True, signed=True),
    _route("GET", TENANT, summary="A tenant"),
    _route(
        "PATCH", TENANT, summary="Change a tenant's address, language, zone or mail", body=True, signed=True
    ),
    _route("GET", TENANT + "/summary", summary="A tenant's subscription in short"),
    _route("GET", TENANT + "/subscription", summary="A tenant's subscription with all its parts"),
    _route("GET", TENANT + "/changes", summary="What was changed in a tenant's subscription, and by whom"),
    _route("GET", TENANT + "/preview", summary="A tenant's next invoice so far"),
    _route("GET", TENANT + "/drafts", summary="A tenant's invoices that are drafted and not yet issued"),
    _route(
        "POST",
        TENANT + "/plan-change",
        summary="Change plan or version, or see what it would cost",
        query=("dry_run",),
        body=True,
        signed=True,
    ),
    _route(
        "PUT",
        TENANT + "/add-ons/{code}",
        summary="Set the quantity of an add-on",
        query=("dry_run",),
        body=True,
        signed=True,
        words={"code": r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"},
    ),
    _route(
        "POST",
        TENANT + "/cancel",
        summary="Cancel a subscription, or see what it would cost",
        query=("dry_run",),
        body=True,
        signed=True,
    ),
    _route("POST", TENANT + "/reopen", summary="Reopen a cancelled tenant", body=True, signed=True),
    _route("POST", TENANT + "/discounts", summary="Give a discount or coupon", body=True, signed=True),
    _route("DELETE", TENANT + "/discounts/{discount_id}", summary="End a discount", signed=True),
    _route("POST", TENANT + "/charges", summary="Add a one-time charge", body=True),
    _route("GET", TENANT + "/tax", summary="A tenant's tax data"),
    _route("PUT", TENANT + "/tax", summary="Set a tenant's tax number and exemptions", body=True),
)

_INVOICES: tuple[ProviderRoute, ...] = (
    _route("GET", TENANT + "/invoices", summary="A tenant's invoices", query=("status", *PAGE)),
    _route("GET", _INVOICE, summary="An invoice with its lines"),
    _route("GET", _INVOICE + "/pdf", summary="An invoice as PDF"),
    _route(
        "GET",
        _INVOICE + "/documents/{form}",
        summary="An invoice as PDF, Factur-X, CII or UBL",
        streams="application/pdf",
        words=_FORM,
    ),
    _route("GET", _INVOICE + "/explanation", summary="Why it differs from the one before", query=("locale",)),
    _route("POST", _INVOICE + "/credit-notes", summary="Credit an invoice, whole or by line", body=True),
    _route("POST", _INVOICE + "/cancel", summary="Cancel an unpaid invoice", body=True),
    _route("GET", TENANT + "/credit-notes", summary="A tenant's credit notes"),
    _route("GET", _NOTE, summary="A credit note with its lines"),
    _route(
        "GET",
        _NOTE + "/documents/{form}",
        summary="A credit note as PDF, Factur-X, CII or UBL",
        streams="application/pdf",
        words=_FORM,
    ),
    _route("GET", TENANT + "/credits", summary="A tenant's account credit"),
    _route("POST", TENANT + "/credits", summary="Give account credit", body=True),
    _route("POST", TENANT + "/credits/payout", summary="Pay a closed tenant's credit out", body=True),
    _route(
        "GET",
        TENANT + "/payments/{payment_id}/receipt",
        summary="The receipt of a payment as PDF",
        streams="application/pdf",
    ),
    _route("GET", "/parked", summary="Billing periods that wait for somebody, and why"),
    _route("POST", "/parked/retry", summary="Try the parked periods again"),
    _route("GET", "/runs", summary="How the month's run stands", query=("first", "after")),
)

_REPORTS: tuple[ProviderRoute, ...] = (
    _route("GET", TENANT + "/statement", summary="A tenant's statement of account", query=_SPAN),
    _route("GET", "/reports/aged-receivables", summary="What is owed, by how long it has been due"),
    _route("GET", "/reports/revenue", summary="Revenue by period", query=(*_SPAN, "by")),
    _route(
        "GET",
        "/exports/{kind}",
        summary="Journal or invoices as a file",
        query=("form", *_SPAN),
        streams="text/csv",
        words={"kind": r"journal|invoices|invoice-lines|credit-notes"},
    ),
)

_OPERATORS: tuple[ProviderRoute, ...] = (
    _route("GET", "/providers", summary="Providers", who="operator", target="/v1/providers"),
    _route(
        "POST", "/providers", summary="Open a provider", body=True, who="operator", target="/v1/providers"
    ),
)

INVOICING_ROUTES: tuple[ProviderRoute, ...] = (*_CATALOGUE, *_TENANTS, *_INVOICES, *_REPORTS, *_OPERATORS)
