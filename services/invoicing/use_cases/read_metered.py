"""Metered totals as usage tells them, as invoicing keeps them."""

from services.invoicing.domain.totals import CountsOf, Minutes, Totals
from shared.events.usage import MeteredMinutes, PeriodMetered


def metered_totals(event: PeriodMetered) -> Totals:
    return Totals(
        event.revision,
        event.extensions_peak,
        event.dids_peak,
        tuple(metered_minutes(part) for part in event.minutes),
        tuple(
            CountsOf(
                part.start_date,
                part.end_date,
                part.extensions_peak,
                part.dids_peak,
                part.extension_days,
                part.did_days,
            )
            for part in event.parts
        ),
        event.reason,
        event.reason_text,
    )


def metered_minutes(part: MeteredMinutes) -> Minutes:
    return Minutes(
        call_class=part.call_class,
        direction=part.direction,
        calls=part.calls,
        billed_seconds=part.billed_seconds,
        included_seconds=part.included_seconds,
        charged_seconds=part.charged_seconds,
        price_per_minute=part.price_per_minute,
        charge=part.charge,
        kind=part.kind,
        given_key=part.key,
        destination=part.destination,
        price_per_call=part.price_per_call,
        plan_id=None if part.plan_id is None else str(part.plan_id),
        plan_version=part.plan_version,
    )
