"""Mails: answered by notifications."""

from services.gateway.entrypoints.provider_routes.route import PAGE, ProviderRoute

NOTIFICATIONS_ROUTES: tuple[ProviderRoute, ...] = (
    ProviderRoute(
        "GET", "/mails", "notifications", "Mails sent and waiting", query=("tenant", "state", *PAGE)
    ),
)
