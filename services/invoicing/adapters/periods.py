"""Billing periods in PostgreSQL.

Finding what is due locks nothing: whoever acts takes the tenant's lock first, then reads the row again.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import TextualSelect

from services.invoicing.adapters.tables import billing_period as table
from services.invoicing.domain.lines import Billed
from services.invoicing.domain.periods import Span
from services.invoicing.domain.totals import Totals
from services.invoicing.use_cases.ports import Period, PeriodState
from shared.db.due import due_now
from shared.ids import ProviderId, TenantId

_NOW = due_now("p")


def _first(condition: str, order: str) -> TextualSelect:
    return text(
        f"SELECT p.* FROM billing_period p WHERE p.parked_reason IS NULL AND {condition}"  # noqa: S608 (constants of this file)
        f" ORDER BY {order}, p.tenant_id LIMIT 1"
    ).columns(**{column.name: column.type for column in table.c})


_ENDED = _first(f"p.state = 'running' AND p.end_at <= {_NOW}", "p.end_at")
_FEE = _first(f"p.fee_due_at IS NOT NULL AND p.fee_due_at <= {_NOW}", "p.fee_due_at")
_FINAL = _first(f"p.state = 'metered' AND p.finalise_at <= {_NOW}", "p.finalise_at")


class SqlPeriods:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, period: Period) -> bool:
        values = {
            "tenant_id": period.tenant_id,
            "start_date": period.span.start,
            "provider_id": period.provider_id,
            "end_date": period.span.end,
            "month_days": period.span.month_days,
            "is_trial": period.is_trial,
            "plan_id": period.plan_id,
            "plan_version": period.plan_version,
            "state": period.state,
            "end_at": period.end_at,
            "finalise_at": period.finalise_at,
            "fee_due_at": period.fee_due_at,
        }
        added = await self._connection.execute(
            upsert(table).values(values).on_conflict_do_nothing().returning(table.c.start_date)
        )
        return added.first() is not None

    async def _one(self, query: Any, **values: Any) -> Period | None:
        row = (await self._connection.execute(query, values)).mappings().first()
        return None if row is None else _period(row)

    async def get(self, tenant_id: TenantId, start: date) -> Period | None:
        return await self._one(
            select(table).where(table.c.tenant_id == tenant_id, table.c.start_date == start).with_for_update()
        )

    async def running(self, tenant_id: TenantId) -> Period | None:
        """The newest period that has not ended; one that starts in the future included."""
        return await self._one(
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.state == "running")
            .order_by(table.c.start_date.desc())
            .limit(1)
        )

    async def pending_invoice_at(self, tenant_id: TenantId) -> datetime | None:
        """When an invoice is issued that is already on its way: a first fee, or an ended period's."""
        waiting = and_(table.c.state.in_(("ended", "metered")), ~table.c.is_trial)
        due = case((table.c.fee_due_at.is_not(None), table.c.fee_due_at), (waiting, table.c.finalise_at))
        found = await self._connection.execute(select(func.min(due)).where(table.c.tenant_id == tenant_id))
        at: datetime | None = found.scalar_one_or_none()
        return at

    async def late(self, tenant_id: TenantId) -> list[Period]:
        found = await self._connection.execute(
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.late)
            .order_by(table.c.start_date)
            .with_for_update()
        )
        return [_period(row) for row in found.mappings()]

    async def parked(self, provider_id: ProviderId) -> list[Period]:
        found = await self._connection.execute(
            select(table)
            .where(table.c.provider_id == provider_id, table.c.parked_reason.is_not(None))
            .order_by(table.c.end_date, table.c.tenant_id)
        )
        return [_period(row) for row in found.mappings()]

    async def find_ended(self, system_now: datetime) -> Period | None:
        return await self._one(_ENDED, system_now=system_now)

    async def find_fee_due(self, system_now: datetime) -> Period | None:
        return await self._one(_FEE, system_now=system_now)

    async def find_final(self, system_now: datetime) -> Period | None:
        return await self._one(_FINAL, system_now=system_now)

    async def _set(self, tenant_id: TenantId, start: date, **values: Any) -> None:
        await self._connection.execute(
            update(table).where(table.c.tenant_id == tenant_id, table.c.start_date == start).values(values)
        )

    async def set_state(self, period: Period, state: PeriodState, reason: str | None = None) -> None:
        await self._set(period.tenant_id, period.span.start, state=state, parked_reason=reason)

    async def set_totals(self, period: Period, totals: Totals, *, state: PeriodState, late: bool) -> None:
        await self._set(period.tenant_id, period.span.start, totals=totals.to_data(), state=state, late=late)

    async def set_billed(
        self, tenant_id: TenantId, start: date, billed: Mapping[str, Billed], *, late: bool
    ) -> None:
        data = {key: {"minor": one.minor, "quantity": str(one.quantity)} for key, one in billed.items()}
        await self._set(tenant_id, start, billed=data, late=late)

    async def fee_billed(self, period: Period) -> None:
        await self._set(period.tenant_id, period.span.start, fee_due_at=None)

    async def unpark(self, provider_id: ProviderId) -> int:
        """Puts parked periods back, to be tried again; how many."""
        done = await self._connection.execute(
            update(table)
            .where(table.c.provider_id == provider_id, table.c.parked_reason.is_not(None))
            .values(
                state=case((table.c.state == "parked", "metered"), else_=table.c.state), parked_reason=None
            )
        )
        return done.rowcount


def _period(row: Mapping[Any, Any]) -> Period:
    return Period(
        tenant_id=row["tenant_id"],
        provider_id=row["provider_id"],
        span=Span(row["start_date"], row["end_date"], row["month_days"]),
        is_trial=row["is_trial"],
        plan_id=row["plan_id"],
        plan_version=row["plan_version"],
        state=row["state"],
        end_at=row["end_at"],
        finalise_at=row["finalise_at"],
        fee_due_at=row["fee_due_at"],
        totals=None if row["totals"] is None else Totals.from_data(row["totals"]),
        billed={k: Billed(v["minor"], Decimal(v["quantity"])) for k, v in row["billed"].items()},
        late=row["late"],
        parked_reason=row["parked_reason"],
    )
