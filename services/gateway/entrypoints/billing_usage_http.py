"""``/api/v1/billing``: what was used, and the calls behind it. Usage itself judges numbers and classes."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import AwareDatetime

from services.gateway.entrypoints.callers import Callers, tenant_path, whose_of
from services.gateway.entrypoints.changes import streamed
from services.gateway.entrypoints.openapi import NOT_FOUND, PROBLEMS, a_file
from services.gateway.entrypoints.paging import Cursor, Limit
from services.gateway.use_cases import answers
from services.gateway.use_cases.compose_overview import Services, compose_usage
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.ports import Query as Parameters
from services.gateway.use_cases.ports import ServiceApi
from services.gateway.use_cases.views import UsageView


class CallFilters:
    """Which calls: the same for a page, its totals and the file. The narrower of days and instants holds."""

    def __init__(
        self,
        direction: Literal["inbound", "outbound"] | None = None,
        number: Annotated[
            str | None, Query(max_length=40, description="part of either number, or an extension")
        ] = None,
        call_class: Annotated[
            str | None, Query(alias="class", max_length=64, description="like national or international")
        ] = None,
        from_: Annotated[
            AwareDatetime | None, Query(alias="from", description="answered at or after")
        ] = None,
        to: Annotated[AwareDatetime | None, Query(description="answered before")] = None,
        start_date: Annotated[date | None, Query(description="first local day of the tenant")] = None,
        end_date: Annotated[date | None, Query(description="local day that is not in it any more")] = None,
        unanswered: Annotated[bool, Query(description="also calls that nobody answered")] = False,
        extra: Annotated[
            str | None, Query(max_length=200, description="a field of the switch's own, as name=value")
        ] = None,
    ) -> None:
        self.query: Parameters = {
            "direction": direction,
            "number": number,
            "class": call_class,
            "from": from_.isoformat() if from_ else None,
            "to": to.isoformat() if to else None,
            "start_date": start_date.isoformat() if start_date else None,
            "end_date": end_date.isoformat() if end_date else None,
            "unanswered": "true" if unanswered else None,
            "extra": extra,
        }


Filters = Annotated[CallFilters, Depends()]


def billing_usage_router(
    callers: Callers, services: Services, clients: Mapping[str, ServiceApi]
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/billing", tags=["billing"], responses=PROBLEMS)
    _add_reading(router, callers, services)
    _add_calls(router, callers, services, clients["usage"])
    return router


def _add_reading(router: APIRouter, callers: Callers, services: Services) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]

    @router.get("/usage", summary="Usage of the running period, with its days", responses=NOT_FOUND)
    async def get_usage(person: Admin) -> UsageView:
        """The section of the overview alone. 404 after the contract's end, when no period runs."""
        return await compose_usage(services, whose_of(person))

    @router.get(
        "/standing", summary="Whether calls are barred, why, and what comes next", responses=NOT_FOUND
    )
    async def get_standing(person: Admin) -> answers.Standing:
        """The section of the overview alone."""
        return await services.suspension.standing(whose_of(person))


def _add_calls(router: APIRouter, callers: Callers, services: Services, usage: ServiceApi) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]

    @router.get("/calls", summary="Call History, newest first", responses=NOT_FOUND)
    async def get_calls(
        person: Admin, filters: Filters, cursor: Cursor = None, limit: Limit = 50
    ) -> answers.CallList:
        """Billed time, never money: a line of an invoice is rounded once, calls are not."""
        query = {**filters.query, "cursor": cursor, "limit": limit}
        return await services.usage.calls(whose_of(person), query)

    @router.get(
        "/calls/totals", summary="How many calls the filters find, and their time", responses=NOT_FOUND
    )
    async def get_totals(person: Admin, filters: Filters) -> answers.CallTotals:
        """Give a first and a last day (or instant), at most 400 days apart."""
        return await services.usage.call_totals(whose_of(person), filters.query)

    @router.get(
        "/calls/export",
        summary="Call History as a file",
        response_class=Response,
        responses={**NOT_FOUND, **a_file("text/csv", "application/vnd.apache.parquet")},
    )
    async def get_export(
        person: Admin,
        filters: Filters,
        form: Annotated[Literal["csv", "parquet"], Query(alias="format")] = "csv",
    ) -> Response:
        """Filtered as Call History is, of any length; give a first day."""
        query = {**filters.query, "format": form}
        return streamed(await usage.stream(tenant_path(person, "calls", "export"), query=query))

    @router.get(
        "/line-calls", summary="Exactly the calls that make up a line of an invoice", responses=NOT_FOUND
    )
    async def get_line_calls(
        person: Admin,
        line: Annotated[str, Query(min_length=1, max_length=600, description="`key` of the line's evidence")],
        start_date: Annotated[date, Query(description="first day of the line's usage period")],
        end_date: Annotated[date | None, Query(description="not needed")] = None,
        revision: Annotated[
            int | None, Query(ge=1, le=2**31 - 1, description="`revision` of the evidence; else the newest")
        ] = None,
        since: Annotated[
            int | None, Query(ge=1, le=2**31 - 1, description="`since` of the evidence: opens a difference")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> answers.LineCalls:
        """The parameters are those of the line's `evidence`. Oldest first, with what each adds to the line."""
        query: Parameters = {
            "line": line,
            "start_date": start_date.isoformat(),
            "end_date": end_date.isoformat() if end_date else None,
            "revision": revision,
            "since": since,
            "cursor": cursor,
            "limit": limit,
        }
        return await services.usage.line_calls(whose_of(person), query)
