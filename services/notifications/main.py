"""Composition root of notifications."""

from pathlib import Path

import httpx
from fastapi import FastAPI

from services.notifications.adapters.composing import MailComposer
from services.notifications.adapters.invoicing_http import TIMEOUT_SECONDS, HttpDocuments
from services.notifications.adapters.smtp import postman_opener
from services.notifications.adapters.work import Work
from services.notifications.entrypoints.consumers import HANDLERS
from services.notifications.entrypoints.http import make_router
from services.notifications.entrypoints.scheduler import continued_trace, mail_server_note, own_work_of
from services.notifications.settings import NotificationsSettings
from services.notifications.use_cases.send_mails import SendMails
from shared.clock import Clock
from shared.http.auth import internal_headers
from shared.runtime import Service

NAME = "notifications"
MIGRATIONS = Path(__file__).parent / "migrations"


def make_composer(settings: NotificationsSettings, clock: Clock) -> MailComposer:
    return MailComposer(mail_from=settings.mail_from, billing_url=settings.billing_url, clock=clock)


def build(settings: NotificationsSettings) -> FastAPI:
    """The whole service as an application; its life begins and ends with the application's."""
    service = Service(NAME, settings, migrations=MIGRATIONS)

    def open_work() -> Work:
        return Work(service.engine, source=f"tollgate/{NAME}", clock=service.clock)

    client = httpx.AsyncClient(
        headers=internal_headers(settings.internal_token), timeout=TIMEOUT_SECONDS, trust_env=False
    )
    send = SendMails(
        open_work,
        make_composer(settings, service.clock),
        postman_opener(settings),
        continued_trace,
        HttpDocuments(client, settings.invoicing_url),
    )
    service.on_stop(client.aclose)
    sending = service.loop("send mails", send, interval_seconds=1.0)
    service.consume(open_work, HANDLERS, after_commit=lambda _: sending.wake())
    service.own_work(own_work_of(open_work))
    service.notes["mail server"] = mail_server_note(open_work)
    service.app.include_router(make_router(open_work, service.internal))
    return service.app
