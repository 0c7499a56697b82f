"""Payments, refunds, payment plans, Stripe accounts: answered by payments."""

from functools import partial

from services.gateway.entrypoints.provider_routes.route import PAGE, TENANT, ProviderRoute

_route = partial(ProviderRoute, service="payments")

PAYMENTS_ROUTES: tuple[ProviderRoute, ...] = (
    _route("GET", "/stripe-account", summary="The provider's Stripe account"),
    _route("PUT", "/stripe-account", summary="Set the provider's Stripe account", body=True),
    _route("POST", "/stripe-account/onboarding", summary="A link to connect a Stripe account", body=True),
    _route("GET", "/payment-settings", summary="Retry days, refund preference and limits"),
    _route("PUT", "/payment-settings", summary="Set retry days, refund preference and limits", body=True),
    _route("GET", TENANT + "/methods", summary="A tenant's payment methods and auto-pay"),
    _route("GET", TENANT + "/payments", summary="A tenant's payments", query=PAGE),
    _route("GET", TENANT + "/payments/{payment_id}", summary="A payment"),
    _route(
        "POST",
        TENANT + "/payments/{payment_id}/refunds",
        summary="Refund a payment, to its method or as credit",
        body=True,
        signed=True,
    ),
    _route(
        "POST",
        TENANT + "/outside-payments",
        summary="Record a bank transfer, cheque or cash payment",
        body=True,
    ),
    _route("GET", TENANT + "/payment-plans", summary="A tenant's payment plans"),
    _route("POST", TENANT + "/payment-plans", summary="Agree on instalments", body=True, signed=True),
    _route("POST", TENANT + "/payment-plans/{plan_id}/cancel", summary="End a payment plan"),
    _route("GET", "/reconciliations", summary="Differences between Stripe and our journal", query=("limit",)),
    _route("POST", "/reconciliations", summary="Compare Stripe with our journal now"),
    _route("GET", "/payouts", summary="Payouts and what is in them", query=("since",)),
)
