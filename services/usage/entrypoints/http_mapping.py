"""HTTP between the services: whose trunk is whose, what a provider chose about calls, and suspicious records."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.usage.entrypoints.advice import OVER_HTTP, advice
from services.usage.entrypoints.cursors import read_cursor, write_cursor
from services.usage.use_cases.ports import IntakeOptions, OpenWork
from services.usage.use_cases.provision_resources import get_tenant
from shared.errors import Invalid, NotFound
from shared.ids import ProviderId, TenantId

TrunkName = Annotated[
    str, Path(min_length=1, max_length=128, description="gateway, trunk or peer as the switch names it")
]
_MOST_WAITING_SHOWN = 500


class TrunkBody(BaseModel):
    """Whose calls a trunk carries."""

    model_config = ConfigDict(extra="forbid")

    tenant_id: TenantId


class TrunkShown(BaseModel):
    """A trunk and its tenant."""

    name: str
    tenant_id: TenantId


class OptionsBody(BaseModel):
    """What a provider chose; what is left out is as by default."""

    model_config = ConfigDict(extra="forbid")

    between_tenants: Literal["both", "caller", "called"] = Field(
        "both", description="who pays when two tenants of the provider talk"
    )
    forwarded_calls: Literal["both", "outbound"] = Field(
        "outbound", description="what a forwarded call bills: the outbound leg, or both legs on the trunk"
    )


class FlaggedShown(BaseModel):
    """A suspicious call; it is billed all the same (R14)."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    tenant_id: TenantId
    call_id: UUID
    answered_at: datetime | None
    direction: Literal["inbound", "outbound"]
    from_: str = Field(alias="from")
    to: str
    talk_ms: int
    billed_seconds: int
    flags: list[str]


class WaitingShown(BaseModel):
    """A call over 24 hours: not billed before somebody has looked (R14)."""

    quarantine_id: UUID
    received_at: datetime
    detail: str


class FlaggedPage(BaseModel):
    """Suspicious calls, newest first; ``waiting`` are those that are not billed yet, the same on every page."""

    calls: list[FlaggedShown]
    waiting: list[WaitingShown]
    next: str | None


def mapping_router(
    open_work: OpenWork, internal: Callable[..., Any], changed: Callable[[], None]
) -> APIRouter:
    """Trunks, options and flagged calls of a provider; ``changed`` wakes the loop that replays what waited."""
    router = APIRouter(prefix="/v1/providers/{provider_id}", dependencies=[Depends(internal)])
    _add_trunks(router, open_work, changed)
    _add_options(router, open_work)
    _add_flagged(router, open_work)
    return router


def _without_nul(name: str) -> str:
    if "\x00" in name:
        raise Invalid("`name` holds a NUL character; leave it out.", field="name")
    return name


def _add_trunks(router: APIRouter, open_work: OpenWork, changed: Callable[[], None]) -> None:
    @router.get("/trunks", tags=["mapping"])
    async def get_trunks(provider_id: ProviderId) -> list[TrunkShown]:
        """All trunks that are mapped to a tenant."""
        async with open_work() as work:
            found = await work.mapping.trunks(provider_id)
        return [TrunkShown(name=name, tenant_id=tenant_id) for name, tenant_id in found.items()]

    @router.get("/trunks/{name}", tags=["mapping"])
    async def get_trunk(provider_id: ProviderId, name: TrunkName) -> TrunkShown:
        """Whose it is."""
        async with open_work() as work:
            found = await work.mapping.trunks(provider_id)
        if name not in found:
            raise NotFound("No trunk of this name is mapped.", field="name")
        return TrunkShown(name=name, tenant_id=found[name])

    @router.put("/trunks/{name}", tags=["mapping"])
    async def put_trunk(provider_id: ProviderId, name: TrunkName, body: TrunkBody) -> TrunkShown:
        """Map a trunk to a tenant: calls that name no domain, account code or DID of a tenant are then this one's.

        What waited for it in quarantine is taken by itself; calls that are already billed stay where they are.
        """
        _without_nul(name)
        async with open_work() as work:
            await get_tenant(work, provider_id, body.tenant_id)
            await work.mapping.keep_trunk(provider_id, name, body.tenant_id)
            await work.directory.changed(provider_id)
        changed()
        return TrunkShown(name=name, tenant_id=body.tenant_id)

    @router.delete("/trunks/{name}", tags=["mapping"], status_code=204)
    async def delete_trunk(provider_id: ProviderId, name: TrunkName) -> None:
        """The trunk is nobody's from now on; calls that came before stay."""
        async with open_work() as work:
            if not await work.mapping.drop_trunk(provider_id, _without_nul(name)):
                raise NotFound("No trunk of this name is mapped.", field="name")
            await work.directory.changed(provider_id)


def _add_options(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/intake-options", tags=["mapping"])
    async def get_options(provider_id: ProviderId) -> OptionsBody:
        """What holds now."""
        async with open_work() as work:
            found = await work.mapping.options(provider_id)
        return OptionsBody(between_tenants=found.between_tenants, forwarded_calls=found.forwarded_calls)

    @router.put("/intake-options", tags=["mapping"])
    async def put_options(provider_id: ProviderId, body: OptionsBody) -> OptionsBody:
        """Choose; it holds for records that come from now on."""
        async with open_work() as work:
            await work.mapping.choose(provider_id, IntakeOptions(body.between_tenants, body.forwarded_calls))
        return body


def _add_flagged(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/flagged", tags=["reading"])
    async def get_flagged(
        provider_id: ProviderId,
        flag: Annotated[str | None, Query(max_length=60, pattern="^[a-z0-9_]+$")] = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> FlaggedPage:
        """Suspicious calls: hold over 90 %, ended after receipt, answered before its start, and the like."""
        async with open_work() as work:
            after = read_cursor(cursor) if cursor else None
            found = await work.calls.flagged(provider_id, flag, after, limit + 1)
            long = await work.quarantine.listed(
                provider_id, state="waiting", after=None, limit=_MOST_WAITING_SHOWN, reason="over_24_hours"
            )
        page = found[:limit]
        more = write_cursor(page[-1].call.placed_at, page[-1].call.call_id) if len(found) > limit else None
        return FlaggedPage(
            calls=[
                FlaggedShown(
                    tenant_id=one.tenant_id,
                    call_id=one.call.call_id,
                    answered_at=one.call.answered_at,
                    direction=one.call.direction,
                    from_=one.call.from_number,
                    to=one.call.to_number,
                    talk_ms=one.call.talk_ms,
                    billed_seconds=one.call.billed_seconds,
                    flags=list(one.call.flags),
                )
                for one in page
            ],
            waiting=[
                WaitingShown(
                    quarantine_id=one.quarantine_id,
                    received_at=one.received_at,
                    detail=advice(one.reason, one.detail, OVER_HTTP),
                )
                for one in long
            ],
            next=more,
        )
