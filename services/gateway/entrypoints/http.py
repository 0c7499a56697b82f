"""Puts the public API and the page together."""

from collections.abc import Mapping

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from services.gateway.entrypoints.billing_http import billing_router
from services.gateway.entrypoints.billing_passing_http import billing_passing_router
from services.gateway.entrypoints.billing_usage_http import billing_usage_router
from services.gateway.entrypoints.callers import Callers
from services.gateway.entrypoints.changes import Changes
from services.gateway.entrypoints.etags import ETags
from services.gateway.entrypoints.live_http import live_router
from services.gateway.entrypoints.openapi import install_openapi
from services.gateway.entrypoints.page import add_page
from services.gateway.entrypoints.provider_http import provider_router
from services.gateway.entrypoints.security import SecurityHeaders
from services.gateway.entrypoints.session_http import session_router
from services.gateway.settings import GatewaySettings
from services.gateway.use_cases.compose_overview import Services
from services.gateway.use_cases.errors import Refused
from services.gateway.use_cases.onlookers import Onlookers
from services.gateway.use_cases.ports import ServiceApi
from services.gateway.use_cases.views import StripeView


def add_routes(
    app: FastAPI,
    settings: GatewaySettings,
    *,
    callers: Callers,
    services: Services,
    clients: Mapping[str, ServiceApi],
    changes: Changes,
    onlookers: Onlookers,
    webhooks: APIRouter,
) -> None:
    """Everything that the gateway answers, with security headers around all of it."""
    stripe = StripeView(publishable_key=settings.stripe_publishable_key, js_url=settings.stripe_js_url)

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse(error.document, status_code=error.status, media_type="application/problem+json")

    app.include_router(session_router(callers, services, stripe))
    app.include_router(billing_router(callers, services, changes, stripe))
    app.include_router(billing_passing_router(callers, services, clients, changes))
    app.include_router(billing_usage_router(callers, services, clients))
    app.include_router(live_router(callers, onlookers))
    app.include_router(webhooks)
    app.include_router(provider_router(callers, clients, changes))
    add_page(app)
    install_openapi(app, public_url=settings.public_url)
    _put_around(app, settings)


def _put_around(app: FastAPI, settings: GatewaySettings) -> None:
    """Outside of everything, Starlette's own error handling included: ``add_middleware`` would miss its 500s."""
    make_inner = app.build_middleware_stack

    def make_stack() -> ASGIApp:
        inner: ASGIApp = ETags(make_inner())
        if settings.portals:
            inner = CORSMiddleware(
                inner,
                allow_origins=settings.portals,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"],
                expose_headers=["ETag", "Idempotency-Replayed", "Retry-After", "Content-Disposition"],
                max_age=600,
            )
        return SecurityHeaders(inner, settings=settings)

    # Replaced on the instance: Starlette offers no place outside its own error handling. mypy forbids it in general.
    app.build_middleware_stack = make_stack  # type: ignore[method-assign]
