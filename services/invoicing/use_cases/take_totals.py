"""Usage metered a period: keep the newest revision; the first one makes the period ready to invoice."""

from dataclasses import replace

from services.invoicing.domain.invoices import Minutes, Totals
from services.invoicing.use_cases.ports import Work
from shared.errors import Transient
from shared.events.usage import PeriodMetered


def totals_of(event: PeriodMetered) -> Totals:
    return Totals(
        revision=event.revision,
        extensions_peak=event.extensions_peak,
        dids_peak=event.dids_peak,
        minutes=tuple(
            Minutes(
                call_class=m.call_class,
                direction=m.direction,
                calls=m.calls,
                billed_seconds=m.billed_seconds,
                included_seconds=m.included_seconds,
                charged_seconds=m.charged_seconds,
                price_per_minute=m.price_per_minute,
                charge=m.charge,
            )
            for m in event.minutes
        ),
    )


async def take_totals(work: Work, event: PeriodMetered) -> None:
    """Raises ``Transient`` for a period that is not known yet. An older revision changes nothing."""
    await work.lock_tenant(event.tenant_id)
    row = await work.periods.get(event.tenant_id, event.start_date)
    if row is None:
        raise Transient(f"no billing period of this tenant begins on {event.start_date}")
    if row.trial or (row.totals is not None and row.totals.revision >= event.revision):
        return
    state = "metered" if row.state == "ended" else row.state
    await work.periods.save(replace(row, totals=totals_of(event), state=state))
