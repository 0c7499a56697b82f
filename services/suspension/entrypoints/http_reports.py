"""Routes that show and export: what would happen, the whole audit trail, presets; and the release of limits."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.suspension.domain.policy import preset
from services.suspension.entrypoints.models import (
    Amount,
    PolicyFields,
    ReleaseBody,
    ShownInvoice,
    StandingAnswer,
)
from services.suspension.use_cases.foresee_suspensions import MOST_DAYS, Foreseen, foresee_suspensions
from services.suspension.use_cases.ports import AuditEntry, OpenWork
from services.suspension.use_cases.release_limits import release_limits
from services.suspension.use_cases.show_standing import show_standing, tenant_of
from shared.ids import ProviderId, TenantId

_COLUMNS = ("at", "recorded_at", "tenant_id", "action", "by", "reason", "details")
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


Form = Annotated[Literal["csv", "ndjson"], Query(alias="format")]


class ForeseenShown(BaseModel):
    """A tenant that would be suspended if nothing is paid."""

    tenant_id: UUID
    name: str
    at: datetime
    on: date
    stage: Literal["outbound_barred", "both_barred"]
    owed: Amount
    overdue_invoices: list[ShownInvoice]
    reminders_sent: int

    @classmethod
    def of(cls, one: Foreseen) -> Self:
        return cls(
            tenant_id=one.tenant_id,
            name=one.name,
            at=one.at,
            on=one.on,
            stage="outbound_barred" if one.stage.value == "outbound_barred" else "both_barred",
            owed=Amount(minor=one.owed_minor, currency=one.currency),
            overdue_invoices=[ShownInvoice.of(invoice) for invoice in one.overdue],
            reminders_sent=one.reminded,
        )


class WhatIf(BaseModel):
    """The soonest first."""

    days: int
    tenants: list[ForeseenShown]


def reports_router(open_work: OpenWork, internal: Any) -> APIRouter:
    router = APIRouter(
        prefix="/v1/providers/{provider_id}", dependencies=[Depends(internal)], tags=["reports"]
    )
    _add_what_if(router, open_work)
    _add_audit(router, open_work)

    @router.post("/tenants/{tenant_id}/limits/release", tags=["decisions"])
    async def post_limits_release(
        provider_id: ProviderId, tenant_id: TenantId, body: ReleaseBody
    ) -> StandingAnswer:
        """Lets calls through again that a spend limit or a fraud alert stops."""
        async with open_work() as work:
            await release_limits(work, provider_id, tenant_id, reason=body.reason, by=body.by)
            return StandingAnswer.of(await show_standing(work, provider_id, tenant_id))

    return router


def _add_what_if(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/what-if")
    async def get_what_if(
        provider_id: ProviderId, days: Annotated[int, Query(ge=0, le=MOST_DAYS)] = 7
    ) -> WhatIf:
        """Who would be suspended in the next days if nobody pays."""
        async with open_work() as work:
            found = await foresee_suspensions(work, provider_id, days)
        return WhatIf(days=days, tenants=[ForeseenShown.of(one) for one in found])

    @router.get("/policy-presets", tags=["policy"])
    async def get_presets(provider_id: ProviderId) -> dict[str, PolicyFields]:
        """Defaults by jurisdiction: no legal advice, and in force only where a policy names one."""
        async with open_work() as work:
            provider = await work.tenants.provider(provider_id)
        country = provider.country if provider else "US"
        return {name: PolicyFields.of(preset(name, country)) for name in ("US", "EU", "UK")}


def _add_audit(router: APIRouter, open_work: OpenWork) -> None:
    async def lines(
        provider_id: ProviderId, tenant_id: TenantId | None, form: Literal["csv", "ndjson"]
    ) -> AsyncIterator[bytes]:
        write = _csv_line if form == "csv" else _json_line
        if form == "csv":
            yield ",".join(_COLUMNS).encode() + b"\r\n"
        async with open_work() as work:
            async for owner, entry in work.audit.whole(provider_id, tenant_id):
                yield write(owner, entry)

    def exported(
        provider_id: ProviderId, tenant_id: TenantId | None, form: Literal["csv", "ndjson"]
    ) -> StreamingResponse:
        kind = "text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson"
        name = f'attachment; filename="audit-{tenant_id or provider_id}.{form}"'
        content = lines(provider_id, tenant_id, form)
        return StreamingResponse(content, media_type=kind, headers={"Content-Disposition": name})

    @router.get("/audit/export", response_class=StreamingResponse)
    async def export_audit(provider_id: ProviderId, form: Form = "csv") -> StreamingResponse:
        """The whole trail of the provider, the oldest first."""
        return exported(provider_id, None, form)

    @router.get("/tenants/{tenant_id}/audit/export", response_class=StreamingResponse)
    async def export_tenant_audit(
        provider_id: ProviderId, tenant_id: TenantId, form: Form = "csv"
    ) -> StreamingResponse:
        """The whole trail of a tenant: what it owed, was told, and what was done, when, by whom and why."""
        async with open_work() as work:
            await tenant_of(work, provider_id, tenant_id)
        return exported(provider_id, tenant_id, form)


def _values(tenant_id: TenantId | None, entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.at.isoformat(),
        "recorded_at": entry.recorded_at.isoformat(),
        "tenant_id": str(tenant_id) if tenant_id else None,
        "action": entry.action,
        "by": entry.by,
        "reason": entry.reason,
        "details": entry.details,
    }


def _json_line(tenant_id: TenantId | None, entry: AuditEntry) -> bytes:
    return orjson.dumps(_values(tenant_id, entry)) + b"\n"


def _csv_line(tenant_id: TenantId | None, entry: AuditEntry) -> bytes:
    values = _values(tenant_id, entry)
    values["details"] = orjson.dumps(values["details"]).decode()
    cells = [str(values[name] or "") for name in _COLUMNS]
    text = io.StringIO()
    csv.writer(text).writerow(["'" + cell if cell.startswith(_FORMULA) else cell for cell in cells])
    return text.getvalue().encode()
