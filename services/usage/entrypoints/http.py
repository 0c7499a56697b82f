"""HTTP between the services: numbers provisioned, usage and calls read, quarantine shown and replayed."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.usage.entrypoints.advice import OVER_HTTP, advice
from services.usage.entrypoints.call_export import ParquetPieces
from services.usage.entrypoints.http_calls import add_call_routes
from services.usage.entrypoints.words import without_nul
from services.usage.use_cases.ports import Numbering, OpenWork, ReadRecord
from services.usage.use_cases.provision_resources import (
    MOST_RESOURCES,
    Provision,
    provision_resources,
    release_resource,
)
from services.usage.use_cases.read_usage import Held, Usage, read_usage
from services.usage.use_cases.replay_quarantine import replay_chosen
from shared.errors import Invalid
from shared.events.usage import MeteredMinutes
from shared.ids import PlanId, ProviderId, TenantId

LONGEST_PERIOD_DAYS = 400
KIND = Literal["extension", "did"]


class ResourceBody(BaseModel):
    """An extension or DID to provision."""

    model_config = ConfigDict(extra="forbid")

    kind: KIND
    value: str = Field(
        min_length=1, max_length=64, description="extension as dialled, or DID like +15552000100"
    )
    from_: AwareDatetime = Field(alias="from", description="provisioned from this instant on")
    to: AwareDatetime | None = Field(None, description="given up at this instant")


class ResourceShown(BaseModel):
    """An extension or DID as kept; a DID in E.164."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    kind: KIND
    value: str
    from_: datetime = Field(alias="from")
    to: datetime | None


class HeldShown(BaseModel):
    """``used``: provisioned now, or at the end of an ended period; ``peak``: the most at one time in it (R18)."""

    used: int
    peak: int


class DayShown(BaseModel):
    """A local day of the tenant: all its calls, also those that nobody answered, and their billed seconds."""

    day: date
    calls: int
    billed_seconds: int
    used_seconds: int = Field(description="of calls that use included minutes or are charged")
    charged_seconds: int = Field(description="of those, what included minutes did not cover (R16)")


class ClassDayShown(BaseModel):
    """A local day's calls of one class and direction."""

    day: date
    call_class: str
    direction: Literal["inbound", "outbound"]
    calls: int
    billed_seconds: int


class BundleShown(BaseModel):
    """Included minutes of the period; ``classes`` null: of every charged class. Of minutes that each extension has
    for itself (``per_extension``) ``seconds`` are one extension's, ``used_seconds`` those of the busiest."""

    name: str
    classes: list[str] | None
    per_extension: bool
    seconds: int
    used_seconds: int


class SpendingShown(BaseModel):
    """Usage charges so far against the plan's alert and limit; minor units."""

    spend_minor: int
    alert_minor: int | None
    limit_minor: int | None
    currency: str
    holds: bool = Field(description="the limit is reached: chargeable outbound calls are stopped")
    released: bool = Field(description="a person let calls pass the limit in this period")


class WarningShown(BaseModel):
    """Something that was reached; of each kind and subject the highest percent. ``used`` and ``limit``: billed
    seconds of included minutes, minor units of spend; 0 of unusual traffic."""

    kind: Literal["included_minutes", "spend", "spend_limit", "unusual_international"]
    subject: str
    percent: int
    used: int
    limit: int


class UsageShown(BaseModel):
    """A tenant's usage in a period, as of an instant of the provider's clock."""

    as_of: datetime
    extensions: HeldShown
    dids: HeldShown
    minutes: list[MeteredMinutes]
    billed_seconds: int = Field(
        description="minutes used: of all calls that use included minutes or are charged, so without free"
        " internal and emergency calls"
    )
    included_seconds: int = Field(
        description="what the plan includes in this period (R17); what is used of it is in `minutes`"
    )
    days: list[DayShown]
    by_class: list[ClassDayShown]
    charge: Decimal = Field(description="of all minutes, exact, in major units")
    bundles: list[BundleShown]
    spending: SpendingShown
    warnings: list[WarningShown]


class QuarantinedShown(BaseModel):
    """A record that waits, without its contents."""

    quarantine_id: UUID
    received_at: datetime
    source: str
    reason: str
    field: str | None
    detail: str
    size_bytes: int


class QuarantineShown(BaseModel):
    """A page of the quarantine; ``next`` is the cursor of the following one."""

    records: list[QuarantinedShown]
    next: str | None


class ReplayBody(BaseModel):
    """Which records to try again; without ids, all that wait (at most 500 a call)."""

    model_config = ConfigDict(extra="forbid")

    quarantine_ids: list[UUID] | None = Field(None, max_length=500)
    accept_long: bool = Field(False, description="bill calls over 24 h, which wait for this (R14)")


class ReplayShown(BaseModel):
    """What became of them."""

    taken: int
    repeated: int
    quarantined: int


def _held(held: Held) -> HeldShown:
    return HeldShown(used=held.used, peak=held.peak)


def _usage(usage: Usage) -> UsageShown:
    return UsageShown(
        as_of=usage.as_of,
        extensions=_held(usage.extensions),
        dids=_held(usage.dids),
        minutes=list(usage.minutes),
        billed_seconds=usage.counted_seconds,
        included_seconds=usage.included_seconds,
        days=[
            DayShown(
                day=one.day,
                calls=one.calls,
                billed_seconds=one.billed_seconds,
                used_seconds=one.used_seconds,
                charged_seconds=one.charged_seconds,
            )
            for one in usage.days
        ],
        by_class=[
            ClassDayShown(
                day=one.day,
                call_class=one.call_class,
                direction=one.direction,
                calls=one.calls,
                billed_seconds=one.billed_seconds,
            )
            for one in usage.by_class
        ],
        charge=sum((one.charge for one in usage.minutes), Decimal(0)),
        bundles=[
            BundleShown(
                name=pool.name,
                classes=None if pool.classes is None else sorted(pool.classes),
                per_extension=pool.own,
                seconds=pool.seconds,
                used_seconds=used,
            )
            for pool, used in usage.bundles
        ],
        spending=SpendingShown(**asdict(usage.spending)),
        warnings=[
            WarningShown(
                kind=one.kind, subject=one.subject, percent=one.percent, used=one.used, limit=one.limit
            )
            for one in usage.warnings
        ],
    )


def usage_router(
    open_work: OpenWork,
    numbering: Numbering,
    read: ReadRecord,
    internal: Callable[..., Any],
    *,
    late_window: timedelta,
    changed: Callable[[], None],
    parquet: ParquetPieces,
) -> APIRouter:
    """Everything under a provider; ``changed`` wakes the loops that may have work now."""
    router = APIRouter(prefix="/v1/providers/{provider_id}", dependencies=[Depends(internal)])
    _add_resources(router, open_work, numbering, changed)
    _add_readings(router, open_work)
    add_call_routes(router, open_work, parquet)
    _add_quarantine(router, open_work, numbering, read, late_window)
    return router


def _add_resources(
    router: APIRouter, open_work: OpenWork, numbering: Numbering, changed: Callable[[], None]
) -> None:
    @router.post("/tenants/{tenant_id}/resources", status_code=201, tags=["resources"])
    async def post_resources(
        provider_id: ProviderId,
        tenant_id: TenantId,
        body: Annotated[list[ResourceBody], Body(min_length=1, max_length=MOST_RESOURCES)],
    ) -> list[ResourceShown]:
        """Provision extensions and DIDs: all of them or none; the same again changes nothing."""
        wanted = [
            Provision(one.kind, without_nul(f"{position}.value", one.value), one.from_, one.to)
            for position, one in enumerate(body)
        ]
        async with open_work() as work:
            kept = await provision_resources(work, numbering, provider_id, tenant_id, wanted)
        changed()
        return [
            ResourceShown(kind=one.kind, value=one.value, from_=one.valid_from, to=one.valid_to)
            for one in kept
        ]

    @router.delete("/tenants/{tenant_id}/resources/{kind}/{value}", tags=["resources"])
    async def delete_resource(
        provider_id: ProviderId,
        tenant_id: TenantId,
        kind: KIND,
        value: Annotated[str, Path(max_length=64)],
        at: Annotated[AwareDatetime | None, Query(description="now when left out")] = None,
    ) -> ResourceShown:
        """Release an extension or DID; calls before the instant stay the tenant's."""
        async with open_work() as work:
            one = await release_resource(
                work, numbering, provider_id, tenant_id, kind, without_nul("value", value), at
            )
        changed()
        return ResourceShown(kind=one.kind, value=one.value, from_=one.valid_from, to=one.valid_to)


def _add_readings(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/tenants/{tenant_id}/usage", tags=["reading"])
    async def get_usage(
        provider_id: ProviderId,
        tenant_id: TenantId,
        start_date: date,
        end_date: date,
        plan_id: PlanId,
        plan_version: Annotated[int, Query(ge=1)],
    ) -> UsageShown:
        """Usage in a period, running or ended, rated by a plan's version."""
        if not timedelta(0) < end_date - start_date <= timedelta(days=LONGEST_PERIOD_DAYS):
            raise Invalid(
                f"`end_date` must be 1 to {LONGEST_PERIOD_DAYS} days after `start_date`.", field="end_date"
            )
        async with open_work() as work:
            return _usage(
                await read_usage(work, provider_id, tenant_id, start_date, end_date, plan_id, plan_version)
            )


def _add_quarantine(
    router: APIRouter, open_work: OpenWork, numbering: Numbering, read: ReadRecord, late_window: timedelta
) -> None:
    @router.get("/quarantine", tags=["quarantine"])
    async def get_quarantine(
        provider_id: ProviderId,
        cursor: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> QuarantineShown:
        """Records that could not be read or placed, with the reason."""
        async with open_work() as work:
            found = await work.quarantine.listed(provider_id, state="waiting", after=cursor, limit=limit + 1)
        return QuarantineShown(
            records=[
                QuarantinedShown(
                    quarantine_id=one.quarantine_id,
                    received_at=one.received_at,
                    source=one.source,
                    reason=one.reason,
                    field=one.field,
                    detail=advice(one.reason, one.detail, OVER_HTTP),
                    size_bytes=len(one.raw),
                )
                for one in found[:limit]
            ],
            next=str(found[limit - 1].quarantine_id) if len(found) > limit else None,
        )

    @router.post("/quarantine/replay", tags=["quarantine"])
    async def post_replay(provider_id: ProviderId, body: ReplayBody | None = None) -> ReplayShown:
        """Try records again: what can be placed now is taken, the rest stays with its newest reason."""
        asked = body or ReplayBody()
        async with open_work() as work:
            outcomes = await replay_chosen(
                work,
                numbering,
                read,
                provider_id,
                asked.quarantine_ids,
                late_window=late_window,
                accepted=asked.accept_long,
            )
        counts = {
            kind: sum(one.status == kind for one in outcomes) for kind in ("taken", "repeated", "quarantined")
        }
        return ReplayShown(**counts)
