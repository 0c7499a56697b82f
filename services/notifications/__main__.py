"""``python -m services.notifications``: serve, migrate, dead letters, mails."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.notifications.adapters.bounces import read_bounces
from services.notifications.adapters.composing import MailComposer
from services.notifications.adapters.work import Work
from services.notifications.entrypoints.command_line import add_mail_commands
from services.notifications.main import MIGRATIONS, NAME, build, make_composer
from services.notifications.settings import NotificationsSettings
from services.notifications.use_cases.ports import Composer, NotificationsWork
from shared.clock import SystemClock
from shared.command_line import make_cli
from shared.db.engine import make_engine

R = TypeVar("R")


async def _in_work(use: Callable[[NotificationsWork], Awaitable[R]]) -> R:
    settings = NotificationsSettings.from_environment()
    engine = make_engine(settings.database_url.get_secret_value(), pool=2)
    try:
        async with Work(engine, source=f"tollgate/{NAME}") as work:
            return await use(work)
    finally:
        await engine.dispose()


def _composer() -> Composer:
    return make_composer(NotificationsSettings.from_environment(), SystemClock())


def _sampler() -> Composer:
    """For mails with made-up facts: they can be looked at without a database, a broker or a mail server."""
    return MailComposer(
        mail_from="billing@tollgate.example",
        billing_url="https://billing.example/billing",
        clock=SystemClock(),
    )


cli = make_cli(NAME, NotificationsSettings, build, MIGRATIONS)
add_mail_commands(cli, _in_work, _composer, _sampler, read_bounces)

if __name__ == "__main__":
    cli()
