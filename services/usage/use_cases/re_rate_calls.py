"""Rate kept calls again: by a corrected deck, or by the plan that turned out to hold on their day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.usage.domain.call_rating import NoRate, RateBook, Rating, rate_placed_call
from services.usage.domain.metering import TimedCall
from services.usage.domain.rating import RatedCall
from services.usage.domain.tenants import PlanKey, PlanTerms, Tenant
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.rating_ports import Moved, ReRated, StoredCall

# None: no plan held on that day.
PlanOn = Callable[[date], PlanTerms | None]


@dataclass(frozen=True, slots=True)
class ReRatedBatch:
    """``unrated``: calls without a rate now; they keep the rating that they had. ``after``: where the batch ended."""

    calls: int
    changed: int
    unrated: int
    after: tuple[datetime, UUID] | None


async def re_rate_batch(
    work: UsageWork,
    tenant: Tenant,
    plan_on: PlanOn,
    start: date,
    end: date,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> ReRatedBatch:
    """Rates some calls of the tenant's local days ``[start, end)`` again; the caller holds the tenant's lock.

    Only ratings change: what a call is, when it was and how long stays as it was recorded. ``after`` None in the answer: there are no more.
    """
    calls = await work.calls.stored(tenant.tenant_id, start, end, after=after, limit=limit)
    book = await _book(work, tenant, plan_on, calls)
    revisions = await work.periods.revisions(tenant.tenant_id, start, end)
    changes: list[ReRated] = []
    unrated = 0
    for call in calls:
        try:
            new = _rated_again(call, tenant, plan_on(call.local_day), book)
        except NoRate:
            unrated += 1
            continue
        if new != call:
            until = [one.revision + 1 for one in revisions if one.start_date <= call.local_day < one.end_date]
            changes.append(ReRated(call, new, until[0] if until else None))
    await work.calls.re_rate(changes)
    own = await _own_minutes(work, changes)
    await work.lines.move(
        Moved(call.provider_id, call.tenant_id, call.local_day, timed, sign)
        for change in changes
        for call, sign in ((change.before, -1), (change.after, 1))
        if (timed := _timed(call, own)) is not None
    )
    await work.lines.forget_empty(tenant.tenant_id, {one.before.local_day for one in changes})
    last = calls[-1] if len(calls) == limit else None
    return ReRatedBatch(len(calls), len(changes), unrated, (last.placed_at, last.call_key) if last else None)


async def _book(work: UsageWork, tenant: Tenant, plan_on: PlanOn, calls: Sequence[StoredCall]) -> RateBook:
    wanted = {
        (terms.deck, call.placed_at)
        for call in calls
        if (terms := plan_on(call.local_day)) is not None and terms.rated_by_deck
    }
    return await work.decks.book(tenant.provider_id, wanted, tenant.zone.key) if wanted else RateBook()


def _rated_again(call: StoredCall, tenant: Tenant, terms: PlanTerms | None, book: RateBook) -> StoredCall:
    known = call.rating.class_without_deck
    if call.not_billed not in (None, "before_plan"):
        return call
    if terms is None:
        return replace(call, rating=Rating(known, RatedCall(0)), plan=None, not_billed="before_plan")
    if (
        call.not_billed == "before_plan"
        and tenant.closed_on is not None
        and call.local_day > tenant.closed_on
    ):
        return call
    rating = rate_placed_call(
        known_class=known,
        direction=call.direction,
        number=call.to_number,
        talk_ms=call.talk_ms,
        answered_at=call.placed_at,
        terms=terms,
        book=book,
    )
    if _alike(rating, call.rating) and call.plan == terms.key:
        return call
    return replace(call, rating=rating, plan=terms.key, not_billed=None)


def _alike(new: Rating, old: Rating) -> bool:
    """Whether it comes to the same lines. The same row in a newer version of the deck is no difference, nor is a cap
    that does not bite, which is not kept."""

    def facts(one: Rating) -> tuple[object, ...]:
        rated = one.rated
        return (
            one.call_class,
            one.destination,
            rated.billed_seconds,
            rated.segments if len(rated.segments) > 1 else rated.price_per_minute,
            rated.connect_fee,
            rated.cap if rated.capped else None,
            rated.chargeable,
        )

    return facts(new) == facts(old)


async def _own_minutes(work: UsageWork, changes: Sequence[ReRated]) -> dict[PlanKey, bool]:
    """Of the plans before and after, whether they count included minutes by extension."""
    found: dict[PlanKey, bool] = {}
    for call in [one for change in changes for one in (change.before, change.after)]:
        if call.plan is not None and call.plan not in found:
            terms = await work.directory.plan(call.provider_id, *call.plan)
            found[call.plan] = terms is not None and terms.has_own_minutes
    return found


def _timed(call: StoredCall, own: dict[PlanKey, bool]) -> TimedCall | None:
    if not call.rating.rated.billed_seconds or call.plan is None:
        return None
    return TimedCall(
        answered_at=call.placed_at,
        call_id=call.call_key,
        plan=call.plan,
        call_class=call.rating.call_class,
        direction=call.direction,
        destination=call.rating.destination or "",
        extension=(call.extension or "") if own.get(call.plan) else "",
        rated=call.rating.rated,
    )
