"""Open a line of a period's totals, or of the difference between two revisions, into exactly its calls."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.usage.domain.metering import Meter, parts_of_call
from services.usage.domain.opened_lines import NOTHING, LineShare, share_in
from services.usage.use_cases.list_calls import HistoryCall, with_invoices
from services.usage.use_cases.period_ports import SaidPeriod
from services.usage.use_cases.ports import CountedCall, UsageWork
from services.usage.use_cases.provision_resources import get_tenant
from shared.errors import NotFound
from shared.events.usage import MeteredMinutes
from shared.ids import ProviderId, TenantId

CALLS_AT_ONCE = 2_000
Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class LineAsked:
    """``since``: the revision that was billed before, whose difference to ``revision`` a later invoice bills.

    ``revision`` None is the newest; ``after`` is where the last page ended.
    """

    start: date
    key: str
    revision: int | None = None
    since: int | None = None
    after: Place | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class OpenedCall:
    """A call and what it adds to the line."""

    history: HistoryCall
    share: LineShare


@dataclass(frozen=True, slots=True)
class OpenedLine:
    """A page of a line's calls, oldest first. ``line`` and ``line_before`` are as said; None: not in that revision."""

    said: SaidPeriod
    line: MeteredMinutes | None
    line_before: MeteredMinutes | None
    calls: list[OpenedCall]
    more: bool


async def open_line(
    work: UsageWork, provider_id: ProviderId, tenant_id: TenantId, asked: LineAsked
) -> OpenedLine:
    """Raises ``NotFound`` for a tenant, period, revision or line that there is not.

    Included minutes are given out again in the order of R16, as that revision did, from the last day before the page
    whose state was kept; so a page costs the calls of some days and not of the whole period.
    """
    await get_tenant(work, provider_id, tenant_id)
    said = await _said(work, tenant_id, asked.start, asked.revision)
    before = None if asked.since is None else await _said(work, tenant_id, asked.start, asked.since)
    line, line_before = _line(said, asked.key), _line(before, asked.key)
    if line is None and line_before is None:
        raise NotFound(f"Revision {said.revision} of this period has no line {asked.key!r}.", field="line")
    page: list[tuple[CountedCall, LineShare]] = []
    more = False
    async for one in _differences(work, tenant_id, said, before, asked):
        if len(page) == asked.limit:
            more = True
            break
        page.append(one)
    histories = await with_invoices(work, tenant_id, [counted.call for counted, _ in page])
    opened = [OpenedCall(history, share) for history, (_, share) in zip(histories, page, strict=True)]
    return OpenedLine(said, line, line_before, opened, more)


async def _said(work: UsageWork, tenant_id: TenantId, start: date, revision: int | None) -> SaidPeriod:
    found = await work.said.period(tenant_id, start, revision)
    if found is None:
        what = (
            "ended period starts on this day" if revision is None else f"revision {revision} of this period"
        )
        raise NotFound(f"There is no {what}.", field="start_date" if revision is None else "revision")
    return found


def _line(said: SaidPeriod | None, key: str) -> MeteredMinutes | None:
    return next((line for line in said.lines if line.key == key), None) if said else None


async def _differences(
    work: UsageWork, tenant_id: TenantId, said: SaidPeriod, before: SaidPeriod | None, asked: LineAsked
) -> AsyncIterator[tuple[CountedCall, LineShare]]:
    """Calls with a share in the line, or with another one than before."""
    now = _shares(work, tenant_id, said, asked)
    if before is None:
        async for one in now:
            yield one
        return
    then = _shares(work, tenant_id, before, asked)
    new, old = await anext(now, None), await anext(then, None)
    while new is not None or old is not None:
        if old is None or (new is not None and _place(new[0]) < _place(old[0])):
            assert new is not None
            yield new
            new = await anext(now, None)
        elif new is None or _place(old[0]) < _place(new[0]):
            yield old[0], NOTHING - old[1]
            old = await anext(then, None)
        else:
            if new[1] != old[1]:
                yield new[0], new[1] - old[1]
            new, old = await anext(now, None), await anext(then, None)


def _place(counted: CountedCall) -> Place:
    return counted.call.placed_at, counted.call.call_id


async def _shares(
    work: UsageWork, tenant_id: TenantId, said: SaidPeriod, asked: LineAsked
) -> AsyncIterator[tuple[CountedCall, LineShare]]:
    """Calls of a revision with a share in the line, after the last page, in the order of time."""
    meter = Meter(said.pools)
    since, after = said.start_date, asked.after
    if said.pools.pools and after is not None:
        since, after = said.start_date, None
        last = await _day_of(work, tenant_id, said, asked.after)
        for day, used in said.read_days:
            if last is not None and day <= last:
                since = day
                meter.left.resume(used)
    while True:
        calls = await work.said.calls(tenant_id, said, since=since, after=after, limit=CALLS_AT_ONCE)
        included = meter.take_calls(one.timed for one in calls if one.timed is not None)
        for one in calls:
            if one.timed is None or (asked.after is not None and _place(one) <= asked.after):
                continue
            share = share_in(parts_of_call(one.timed, included[one.timed.call_id]), asked.key)
            if share is not None:
                yield one, share
        if len(calls) < CALLS_AT_ONCE:
            return
        after = _place(calls[-1])


async def _day_of(work: UsageWork, tenant_id: TenantId, said: SaidPeriod, after: Place | None) -> date | None:
    """The local day on which the page goes on; None: there are no more calls."""
    following = await work.said.calls(tenant_id, said, since=said.start_date, after=after, limit=1)
    return following[0].call.local_day if following else None
