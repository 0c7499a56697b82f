"""The services' provider routes under one roof: which service answers what (docs/design-month.md)."""

from services.gateway.entrypoints.provider_routes.invoicing import INVOICING_ROUTES
from services.gateway.entrypoints.provider_routes.notifications import NOTIFICATIONS_ROUTES
from services.gateway.entrypoints.provider_routes.payments import PAYMENTS_ROUTES
from services.gateway.entrypoints.provider_routes.route import ProviderRoute
from services.gateway.entrypoints.provider_routes.suspension import SUSPENSION_ROUTES
from services.gateway.entrypoints.provider_routes.usage import USAGE_ROUTES

PROVIDER_ROUTES: tuple[ProviderRoute, ...] = (
    *INVOICING_ROUTES,
    *USAGE_ROUTES,
    *PAYMENTS_ROUTES,
    *SUSPENSION_ROUTES,
    *NOTIFICATIONS_ROUTES,
)

__all__ = ["PROVIDER_ROUTES", "ProviderRoute"]
