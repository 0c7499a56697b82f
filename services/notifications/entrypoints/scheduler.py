"""What the service does by itself: send what is due. And what it says about that to clock and health."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from opentelemetry import propagate, trace

from services.notifications.domain.mail import Mail
from services.notifications.use_cases.ports import OpenWork
from shared.health import Check
from shared.ids import ProviderId
from shared.messaging.progress import OwnWork

_tracer = trace.get_tracer(__name__)


@contextmanager
def continued_trace(mail: Mail) -> Iterator[None]:
    """A span of the trace in which the mail's event was handled."""
    attributes = {"tollgate.mail.id": str(mail.mail_id), "tollgate.mail.kind": mail.kind.value}
    parent = propagate.extract(dict(mail.trace))
    with _tracer.start_as_current_span("mail send", context=parent, attributes=attributes):
        yield


def own_work_of(open_work: OpenWork) -> OwnWork:
    """Mails that were never tried are under way; those that wait for a mail server do not hold up a test clock.

    Nothing here falls due by a provider's clock: pauses between tries are real time.
    """

    async def own_work(provider_id: ProviderId) -> tuple[int, datetime | None]:
        async with open_work() as work:
            return await work.mails.never_tried(provider_id), None

    return own_work


def mail_server_note(open_work: OpenWork) -> Check:
    """Shown by readiness beside its checks: a mail server that is away delays mails and nothing else."""

    async def note() -> str | None:
        async with open_work() as work:
            held, problem = await work.mails.held()
        return f"{held} mails wait for the mail server ({problem})" if held else None

    return note
