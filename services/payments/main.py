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
from services.payments.entrypoints.webhooks import Intake, WebhookHttp, put_in_front, webhook_routes
from services.payments.settings import PaymentsSettings
from shared.db.engine import make_engine
from shared.http.journal import journal_router
from shared.ids import ProviderId
from shared.runtime import BODY_LIMIT_BYTES, Service

NAME = "payments"
MIGRATIONS = Path(__file__).parent / "migrations"
INTAKE_CONNECTIONS = 2


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

    books = StripeBooks(gateway)
    intake = _make_intake(service, settings)
    scheduler = Scheduler(open_work, gateway, books, give_way=intake.give_way)
    service.consume(open_work, HANDLERS, after_commit=service.wake_all)
    service.loop("collect", scheduler.collect)
    service.loop("payment plans", scheduler.plans)
    service.loop("janitor", scheduler.janitor)
    service.loop("webhook retention", scheduler.retention, interval_seconds=3600)
    service.loop("expiring cards", scheduler.expiring, interval_seconds=60)
    service.loop("missed events", scheduler.missed, interval_seconds=300)
    service.loop("reconciliation", scheduler.reconcile, interval_seconds=600)
    service.loop("tidy", scheduler.tidy, interval_seconds=5)
    service.own_work(report)
    service.on_stop(gateway.close)
    service.app.include_router(journal_router(service.engine, service.internal))
    service.app.include_router(routes(open_work, gateway, books, service.internal, service.wake_all))
    loop = service.loop("webhooks", scheduler.webhooks)
    verifier = WebhookVerifier(lambda: keys.now().webhook_secrets(), service.clock.now)
    webhooks = WebhookHttp(intake, verifier.verify, loop.wake)
    service.app.include_router(webhook_routes(webhooks))
    put_in_front(service.app, webhooks, body_limit_bytes=BODY_LIMIT_BYTES)
    return service.app


def _make_intake(service: Service, settings: PaymentsSettings) -> Intake:
    """What Stripe posts is kept over connections of its own, so that its answer waits for nobody else's work."""
    engine = make_engine(settings.database_url.get_secret_value(), pool=INTAKE_CONNECTIONS)
    service.on_stop(engine.dispose)
    return Intake(lambda: PaymentsWork(engine, clock=service.clock))
