"""Cards that expire at the end of next month or sooner are announced, once a card and expiry."""

from services.payments.use_cases.payment_events import shown_method
from services.payments.use_cases.ports import OpenWork
from shared.events.payments import MethodExpiring

AT_ONCE = 50


async def announce_expiring(open_work: OpenWork) -> int:
    """A batch; the event and the mark that it was told commit together."""
    async with open_work() as work:
        found = await work.methods.expiring(work.system_now(), AT_ONCE)
        for method in found:
            now = await work.now(method.provider_id)
            work.emit(
                MethodExpiring(
                    provider_id=method.provider_id,
                    tenant_id=method.tenant_id,
                    method=shown_method(method),
                    is_default=method.is_default,
                ),
                time=now,
            )
    return len(found)
