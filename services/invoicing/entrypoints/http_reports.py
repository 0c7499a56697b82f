"""Routes for a tenant's statement and the provider's reports and exports."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from services.invoicing.domain.statement import make_statement
from services.invoicing.entrypoints.bodies import Day
from services.invoicing.entrypoints.http_invoices import OpenWork
from services.invoicing.entrypoints.shapes import amount
from services.invoicing.entrypoints.tables_out import MEDIA, Form, as_csv, as_json_lines
from services.invoicing.use_cases.report_ports import BUCKETS, Aged, ExportKind, Revenue, Step
from shared.errors import Invalid
from shared.ids import ProviderId, TenantId

From = Annotated[Day | None, Query(alias="from", description="first day")]
To = Annotated[Day | None, Query(alias="to", description="the day after the last")]


def _check(start: date | None, end: date | None) -> None:
    """Raises ``Invalid``."""
    if start is not None and end is not None and end <= start:
        raise Invalid("`to` is the day after the last one; choose one after `from`.", field="to")


def reports_router(open_work: OpenWork, internal: Any) -> APIRouter:
    router = APIRouter(
        prefix="/v1/providers/{provider_id}", dependencies=[Depends(internal)], tags=["reports"]
    )

    @router.get("/tenants/{tenant_id}/statement")
    async def get_statement(
        provider_id: ProviderId, tenant_id: TenantId, start: From = None, end: To = None
    ) -> dict[str, Any]:
        """Charges and payments with the running balance; above 0 is owed. Days of the tenant, half-open."""
        _check(start, end)
        async with open_work() as work:
            tenant = await work.tenants.get(provider_id, tenant_id)
            entries = await work.reports.entries(tenant_id)
        made = make_statement(entries, tenant.zone, start, end)
        code = tenant.currency
        return {
            "from": start,
            "to": end,
            "opening_balance": amount(made.opening_minor, code),
            "lines": [
                {
                    "on": line.on,
                    "kind": line.kind,
                    "reference": line.reference,
                    "amount": amount(line.amount_minor, code),
                    "balance": amount(line.balance_minor, code),
                }
                for line in made.lines
            ],
            "closing_balance": amount(made.closing_minor, code),
        }

    @router.get("/reports/aged-receivables")
    async def get_aged(provider_id: ProviderId) -> dict[str, Any]:
        """What is owed now, by tenant and by how many days ago it fell due."""
        async with open_work() as work:
            await work.providers.get(provider_id)
            now = await work.now(provider_id)
            found = await work.reports.aged(provider_id, now)
        return {"as_of": now, "tenants": [_aged(one) for one in found], "totals": _aged_totals(found)}

    @router.get("/reports/revenue")
    async def get_revenue(
        provider_id: ProviderId,
        start: Annotated[Day, Query(alias="from")],
        end: Annotated[Day, Query(alias="to")],
        by: Step = "month",
    ) -> dict[str, Any]:
        """Issued net of credit notes, by kind of line, by day of issue; tax beside it."""
        _check(start, end)
        async with open_work() as work:
            await work.providers.get(provider_id)
            found = await work.reports.revenue(provider_id, start, end, by)
        return {"from": start, "to": end, "by": by, "periods": _revenue(found)}

    @router.get("/exports/{kind}", response_class=StreamingResponse)
    async def get_export(
        provider_id: ProviderId, kind: ExportKind, form: Form = "csv", start: From = None, end: To = None
    ) -> StreamingResponse:
        """Journal, invoices, their lines, credit notes; CSV or JSON lines, streamed. Days are half-open."""
        _check(start, end)
        async with open_work() as work:
            provider = await work.providers.get(provider_id)

        async def rows() -> AsyncIterator[Mapping[str, Any]]:
            async with open_work() as work:
                async for row in work.reports.export(provider_id, kind, start, end):
                    yield row

        content = as_csv(rows()) if form == "csv" else as_json_lines(rows())
        name = f'attachment; filename="{provider.slug}-{kind}.{form}"'
        return StreamingResponse(content, media_type=MEDIA[form], headers={"Content-Disposition": name})

    return router


def _aged(one: Aged) -> dict[str, Any]:
    return {
        "tenant_id": one.tenant_id,
        "name": one.name,
        **{bucket: amount(minor, one.currency) for bucket, minor in one.buckets.items()},
        "total": amount(sum(one.buckets.values()), one.currency),
    }


def _aged_totals(found: list[Aged]) -> list[dict[str, Any]]:
    """One for each currency."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(BUCKETS, 0))
    for one in found:
        for bucket, minor in one.buckets.items():
            sums[one.currency][bucket] += minor
    return [
        {
            **{bucket: amount(minor, code) for bucket, minor in buckets.items()},
            "total": amount(sum(buckets.values()), code),
        }
        for code, buckets in sorted(sums.items())
    ]


def _revenue(found: list[Revenue]) -> list[dict[str, Any]]:
    periods: dict[tuple[date, str], list[Revenue]] = defaultdict(list)
    for one in found:
        periods[one.start, one.currency].append(one)
    return [_period(start, code, rows) for (start, code), rows in sorted(periods.items())]


def _period(start: date, code: str, rows: list[Revenue]) -> dict[str, Any]:
    def shown(billed: int, credited: int) -> dict[str, Any]:
        return {
            "billed": amount(billed, code),
            "credited": amount(-credited, code),
            "net": amount(billed - credited, code),
        }

    sold = [one for one in rows if one.kind != "tax"]
    taxed = [one for one in rows if one.kind == "tax"]
    return {
        "start_date": start,
        "kinds": {one.kind: shown(one.billed_minor, one.credited_minor) for one in sold},
        "revenue": shown(sum(one.billed_minor for one in sold), sum(one.credited_minor for one in sold)),
        "tax": shown(sum(one.billed_minor for one in taxed), sum(one.credited_minor for one in taxed)),
    }
