"""Call History over HTTP: pages, exports, and the calls that make up an invoice line."""

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.usage.domain.rating import shown
from services.usage.entrypoints.call_export import ExportFormat, ParquetPieces, export_calls, media_type
from services.usage.entrypoints.cursors import read_cursor, write_cursor
from services.usage.entrypoints.words import without_nul
from services.usage.use_cases.call_ports import CallFilter
from services.usage.use_cases.list_calls import HistoryCall, list_calls
from services.usage.use_cases.open_line import LineAsked, OpenedLine, open_line
from services.usage.use_cases.period_ports import BilledRevision
from services.usage.use_cases.ports import OpenWork
from services.usage.use_cases.provision_resources import get_tenant
from shared.clock import local_midnight
from shared.errors import Invalid
from shared.events.usage import MeteredMinutes
from shared.ids import ProviderId, TenantId

LONGEST_TOTALS = timedelta(days=400)


class InvoiceShown(BaseModel):
    """The first invoice that counts a call, and the period and revision that it bills."""

    invoice_id: UUID
    number: str
    issued_on: date
    start_date: date
    end_date: date
    revision: int


class ShareShown(BaseModel):
    """What a call adds to a line; of a difference, what it adds more than before, which may be negative."""

    billed_seconds: int
    included_seconds: int
    charge: Decimal = Field(description="major units, to 6 places (R12)")
    exact: str = Field(description="the same as a fraction; the fractions of all calls sum to the line")


class CallShown(BaseModel):
    """A call as Call History shows it; ``from`` and ``to`` in E.164 where they are telephone numbers."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    call_id: UUID
    answered_at: datetime | None
    direction: Literal["inbound", "outbound"]
    from_: str = Field(alias="from")
    to: str
    call_class: str
    talk_ms: int
    hold_ms: int = Field(description="hold by the tenant's own side, which is not billed (R2)")
    billed_seconds: int
    flags: list[str] = Field(description="what is odd about the record; it is billed all the same (R14)")
    not_billed: str | None = Field(description="before_plan, after_close or too_late: kept, not billed")
    destination: str | None = Field(description="the rate deck's words")
    extension: str | None = Field(description="the tenant's own extension, where it is known")
    extra: dict[str, Any] | None = Field(
        None, description="further fields of a record of our own, as they were sent"
    )
    price_per_minute: Decimal | None = Field(description="of the first increment, major units")
    connect_fee: Decimal | None
    charge: Decimal | None = Field(
        description="before included minutes, connect fee in it, to 6 places (R12); what an invoice charges for"
        " the call is shown when its line is opened"
    )
    invoice: InvoiceShown | None = Field(description="null: not invoiced yet, or nothing to bill")
    share: ShareShown | None = Field(None, description="what the call adds to the line that was asked for")


class CallsShown(BaseModel):
    """A page of calls, newest first, those of a line oldest first; ``next`` is the cursor of the following one."""

    calls: list[CallShown]
    next: str | None
    line: MeteredMinutes | None = Field(None, description="the line that was asked for, as it was said")
    line_before: MeteredMinutes | None = Field(None, description="the same in the revision `since`")
    revision: int | None = Field(None, description="of the period's totals, when a line was asked for")


class SumsShown(BaseModel):
    """What the calls of a filter come to. ``billed_calls`` are those with billed time."""

    calls: int
    billed_calls: int
    billed_seconds: int
    talk_ms: int
    hold_ms: int


def invoice_shown(billed: BilledRevision | None) -> InvoiceShown | None:
    if billed is None:
        return None
    return InvoiceShown(
        invoice_id=billed.invoice_id,
        number=billed.number,
        issued_on=billed.issued_on,
        start_date=billed.start_date,
        end_date=billed.end_date,
        revision=billed.revision,
    )


def call_shown(one: HistoryCall) -> CallShown:
    call = one.call
    return CallShown(
        call_id=call.call_id,
        answered_at=call.answered_at,
        direction=call.direction,
        from_=call.from_number,
        to=call.to_number,
        call_class=call.call_class,
        talk_ms=call.talk_ms,
        hold_ms=call.hold_ms,
        billed_seconds=call.billed_seconds,
        flags=list(call.flags),
        not_billed=call.not_billed,
        destination=call.destination,
        extension=call.extension,
        # The standard reader keeps all digits of a long number.
        extra=None if call.extra is None else json.loads(call.extra),
        price_per_minute=call.price_per_minute,
        connect_fee=call.connect_fee,
        charge=call.charge,
        invoice=invoice_shown(one.invoice),
    )


def opened_shown(opened: OpenedLine) -> CallsShown:
    """The page of a line's calls."""
    last = opened.calls[-1].history.call if opened.calls else None
    shown_calls = [
        call_shown(one.history).model_copy(
            update={
                "share": ShareShown(
                    billed_seconds=one.share.billed_seconds,
                    included_seconds=one.share.included_seconds,
                    charge=shown(one.share.charge),
                    exact=str(one.share.charge),
                )
            }
        )
        for one in opened.calls
    ]
    return CallsShown(
        calls=shown_calls,
        next=write_cursor(last.placed_at, last.call_id) if last is not None and opened.more else None,
        line=opened.line,
        line_before=opened.line_before,
        revision=opened.said.revision,
    )


_MOST_EXTRA = 5


def _digits(number: str) -> str:
    """What to look for in E.164 numbers: digits alone, without a trunk prefix or international prefix."""
    return "".join(sign for sign in number if sign.isdigit()).lstrip("0") or number.strip()


def _name_and_value(text: str) -> tuple[str, str]:
    name, sign, value = without_nul("extra", text).partition("=")
    if not sign or not name:
        raise Invalid("Write a further field as `extra=name=value`.", field="extra")
    return name, value


class AskedCalls:
    """The filters that a page and an export have in common."""

    def __init__(
        self,
        direction: Literal["inbound", "outbound"] | None = None,
        number: Annotated[
            str | None, Query(max_length=40, description="part of either number, or an extension")
        ] = None,
        call_class: Annotated[str | None, Query(alias="class", max_length=64)] = None,
        from_: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        to: AwareDatetime | None = None,
        start_date: Annotated[date | None, Query(description="local day of the tenant")] = None,
        end_date: Annotated[date | None, Query(description="local day, not included any more")] = None,
        unanswered: Annotated[bool, Query(description="also those that nobody answered")] = False,
        extra: Annotated[
            list[str] | None,
            Query(
                max_length=_MOST_EXTRA,
                description="`name=value` of a further field of a record of our own; several: all of them",
            ),
        ] = None,
    ) -> None:
        self.direction = direction
        self.number = _digits(without_nul("number", number)) if number else None
        self.call_class = without_nul("class", call_class) if call_class else None
        self.start, self.end = from_, to
        self.start_date, self.end_date = start_date, end_date
        self.unanswered = unanswered
        self.extra = tuple(_name_and_value(one) for one in extra or ())

    async def filter(
        self,
        open_work: OpenWork,
        provider_id: ProviderId,
        tenant_id: TenantId,
        limit: int,
        cursor: str | None,
    ) -> CallFilter:
        """Days become instants of the tenant's zone; the narrower of both bounds holds.

        Raises ``NotFound`` for an unknown tenant, ``Invalid`` for a cursor that is not ours.
        """
        start, end = self.start, self.end
        async with open_work() as work:
            zone = (await get_tenant(work, provider_id, tenant_id)).zone
        if self.start_date is not None:
            day = local_midnight(self.start_date, zone)
            start = day if start is None else max(start, day)
        if self.end_date is not None:
            day = local_midnight(self.end_date, zone)
            end = day if end is None else min(end, day)
        return CallFilter(
            limit=limit,
            direction=self.direction,
            number=self.number,
            call_class=self.call_class,
            start=start,
            end=end,
            after=read_cursor(cursor) if cursor else None,
            with_unanswered=self.unanswered,
            extra=self.extra,
        )


def add_call_routes(router: APIRouter, open_work: OpenWork, parquet: ParquetPieces) -> None:
    """Adds the tenant's calls, to be read page by page or as one file."""

    @router.get("/tenants/{tenant_id}/calls", tags=["reading"])
    async def get_calls(
        provider_id: ProviderId,
        tenant_id: TenantId,
        asked: Annotated[AskedCalls, Depends()],
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        line: Annotated[str | None, Query(max_length=600, description="key of a line of usage")] = None,
        revision: Annotated[
            int | None, Query(ge=1, description="that an invoice bills; else the newest")
        ] = None,
        since: Annotated[
            int | None, Query(ge=1, description="the revision billed before: opens the difference")
        ] = None,
    ) -> CallsShown:
        """Call History, newest first; with `line`, exactly the calls that make up that line of the period that
        starts on `start_date`, oldest first."""
        if line is not None:
            if asked.start_date is None:
                raise Invalid("Say which period: give its `start_date`.", field="start_date")
            wanted_line = LineAsked(
                start=asked.start_date,
                key=without_nul("line", line),
                revision=revision,
                since=since,
                after=read_cursor(cursor) if cursor else None,
                limit=limit,
            )
            async with open_work() as work:
                return opened_shown(await open_line(work, provider_id, tenant_id, wanted_line))
        wanted = await asked.filter(open_work, provider_id, tenant_id, limit, cursor)
        async with open_work() as work:
            page = await list_calls(work, provider_id, tenant_id, wanted)
        last = page.calls[-1].call if page.calls else None
        more = write_cursor(last.placed_at, last.call_id) if last is not None and page.more else None
        return CallsShown(calls=[call_shown(one) for one in page.calls], next=more)

    @router.get("/tenants/{tenant_id}/calls/totals", tags=["reading"])
    async def get_totals(
        provider_id: ProviderId, tenant_id: TenantId, asked: Annotated[AskedCalls, Depends()]
    ) -> SumsShown:
        """How many calls the filters find, and their time, over at most a year and a month."""
        wanted = await asked.filter(open_work, provider_id, tenant_id, 1, None)
        if wanted.start is None:
            raise Invalid("Say from when: give `start_date`, like 2026-03-01, or `from`.", field="start_date")
        if wanted.end is None or wanted.end - wanted.start > LONGEST_TOTALS:
            raise Invalid(
                f"Say until when, at most {LONGEST_TOTALS.days} days later: give `end_date` or `to`.",
                field="end_date",
            )
        async with open_work() as work:
            return SumsShown(**asdict(await work.calls.sums(tenant_id, wanted)))

    @router.get("/tenants/{tenant_id}/calls/export", tags=["reading"], response_class=StreamingResponse)
    async def get_export(
        provider_id: ProviderId,
        tenant_id: TenantId,
        asked: Annotated[AskedCalls, Depends()],
        file_format: Annotated[ExportFormat, Query(alias="format")] = "csv",
    ) -> StreamingResponse:
        """The same calls as a CSV or Parquet file of any length, newest first."""
        if asked.start is None and asked.start_date is None:
            raise Invalid("Say from when: give `start_date`, like 2026-03-01, or `from`.", field="start_date")
        wanted = await asked.filter(open_work, provider_id, tenant_id, 1, None)
        name = f"calls-{tenant_id}.{file_format}"
        return StreamingResponse(
            export_calls(open_work, provider_id, tenant_id, wanted, file_format, parquet),
            media_type=media_type(file_format),
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
