"""Composition root: everything is built and wired here, by hand."""

import sys
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from services.payments.adapters.stripe_books import StripeBooks
from services.payments.adapters.stripe_gateway import StripeGateway
from services.payments.adapters.stripe_keys import BadKeys, Keys, StripeKeys
from services.payments.adapters.webhook_signature import WebhookVerifier
from services.payments.adapters.work import PaymentsWork, own_work
from services.payments.entrypoints.consumers import HANDLERS
from services.payments.entrypoints.http import routes
from services.payments.entrypoints.scheduler import Scheduler
from services.payments.entrypoints.webhooks import webhook_routes
from services.payments.settings import PaymentsSettings
from shared.http.journal import journal_router
from shared.ids import ProviderId
from shared.runtime import Service

NAME = "payments"
MIGRATIONS = Path(__file__).parent / "migrations"


def stripe_keys(settings: PaymentsSettings) -> StripeKeys:
    """Ends the process (status 78) with one line when the keys, also those of the file, must not be used."""
    given = Keys(
        settings.stripe_secret_key.get_secret_value(),
        settings.stripe_publishable_key,
        settings.stripe_webhook_secret.get_secret_value(),
    )
    try:
        return StripeKeys(given, settings.stripe_api_base, settings.stripe_secrets_file)
    except (BadKeys, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        sys.stderr.write(
            f"Settings are wrong: TOLLGATE_STRIPE_SECRETS_FILE or the keys beside it: {reason}.\n"
        )
        raise SystemExit(78) from None


def build(settings: PaymentsSettings) -> FastAPI:
    """One process of payments."""
    service = Service(NAME, settings, migrations=MIGRATIONS)
    keys = stripe_keys(settings)
    gateway = StripeGateway(
        keys,
        api_base=settings.stripe_api_base.rstrip("/"),
        calls_in_flight=settings.stripe_calls_in_flight,
    )

    def open_work() -> PaymentsWork:
        return PaymentsWork(service.engine, clock=service.clock)

    async def report(provider_id: ProviderId) -> tuple[int, datetime | None]:
        return await own_work(service.engine, provider_id, clock=service.clock)

    verifier = WebhookVerifier(lambda: keys.now().webhook_secrets(), service.clock.now)
    books = StripeBooks(gateway)
    scheduler = Scheduler(open_work, gateway, books)
    service.consume(open_work, HANDLERS, after_commit=service.wake_all)
    service.loop("collect", scheduler.collect)
    service.loop("payment plans", scheduler.plans)
    service.loop("janitor", scheduler.janitor)
    service.loop("webhook retention", scheduler.retention, interval_seconds=3600)
    service.loop("expiring cards", scheduler.expiring, interval_seconds=60)
    service.loop("missed events", scheduler.missed, interval_seconds=300)
    service.loop("reconciliation", scheduler.reconcile, interval_seconds=600)
    service.loop("tidy", scheduler.tidy, interval_seconds=5)
    webhooks = service.loop("webhooks", scheduler.webhooks)
    service.own_work(report)
    service.on_stop(gateway.close)
    service.app.include_router(journal_router(service.engine, service.internal))
    service.app.include_router(routes(open_work, gateway, books, service.internal, service.wake_all))
    service.app.include_router(webhook_routes(open_work, verifier.verify, webhooks.wake))
    return service.app
