"""All routes of invoicing, between the services only: the gateway says who may call what."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter

from services.invoicing.entrypoints.http_catalogue import OpenWork, catalogue_router
from services.invoicing.entrypoints.http_credit_notes import credit_notes_router
from services.invoicing.entrypoints.http_documents import WriteDocument, documents_router
from services.invoicing.entrypoints.http_invoices import invoices_router
from services.invoicing.entrypoints.http_reports import reports_router
from services.invoicing.entrypoints.http_settings import settings_router
from services.invoicing.entrypoints.http_subscriptions import subscriptions_router
from services.invoicing.entrypoints.http_test_clock import test_clock_router
from services.invoicing.entrypoints.test_clock import TestClockCoordinator
from services.invoicing.use_cases.ports import UsageFigures


def invoicing_router(
    open_work: OpenWork,
    internal: Any,
    *,
    coordinator: TestClockCoordinator,
    changed: Callable[[], None],
    usage: UsageFigures,
    write: WriteDocument,
    billing_url: str | None,
) -> APIRouter:
    """``changed`` is called after a commit that may have made something due; ``usage`` serves the preview, ``write`` the
    documents, which lead to Pay Now at ``billing_url``."""
    router = APIRouter()
    router.include_router(catalogue_router(open_work, internal, changed))
    router.include_router(subscriptions_router(open_work, internal, usage, changed))
    router.include_router(test_clock_router(open_work, internal, coordinator, changed))
    router.include_router(invoices_router(open_work, internal, usage))
    router.include_router(credit_notes_router(open_work, internal))
    router.include_router(settings_router(open_work, internal))
    router.include_router(reports_router(open_work, internal))
    router.include_router(documents_router(open_work, internal, write, billing_url))
    return router
