"""Billing periods in PostgreSQL.

Finding what is due locks nothing: whoever acts takes the tenant's lock first, then reads the row again.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    Boolean,
    Date,
    DateTime,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import TextualSelect

from services.invoicing.adapters.many import are_one_of, is_one_of
from services.invoicing.adapters.tables import billing_period as table
from services.invoicing.domain.agreed import FeeSpan
from services.invoicing.domain.lines import Billed
from services.invoicing.domain.periods import Span
from services.invoicing.domain.totals import Totals
from services.invoicing.use_cases.ports import DueStep, Period, PeriodState, RunProgress
from shared.db.due import due_now
from shared.ids import ProviderId, TenantId

_NOW = due_now("p")


_FOUND = ", ".join(f"p.{column.name}" for column in table.c if column.name not in ("totals", "billed"))


def _due(condition: str, order: str) -> TextualSelect:
    # Totals and what was billed are large, and read again under the lock.
    return text(
        f"SELECT {_FOUND}, NULL::jsonb AS totals, '{{}}'::jsonb AS billed FROM billing_period p"  # noqa: S608 (constants of this file)
        f" WHERE p.parked_reason IS NULL AND {condition}"
        f" ORDER BY {order}, p.tenant_id LIMIT :limit"
    ).columns(**{column.name: column.type for column in table.c})


_DUE: dict[DueStep, TextualSelect] = {
    "end": _due(f"p.state = 'running' AND p.end_at <= {_NOW}", "p.end_at"),
    "fee": _due(f"p.fee_due_at IS NOT NULL AND p.fee_due_at <= {_NOW}", "p.fee_due_at"),
    "final": _due(f"p.state = 'metered' AND p.finalise_at <= {_NOW}", "p.finalise_at"),
    "late": _due(f"p.late_due_at IS NOT NULL AND p.late_due_at <= {_NOW}", "p.late_due_at"),
}
_PROGRESS = text(
    "SELECT CASE WHEN p.parked_reason IS NOT NULL THEN 'parked'"  # noqa: S608 (constants of this file)
    f" WHEN p.state = 'running' AND p.end_at > {_NOW} THEN 'coming' ELSE p.state END AS state,"
    " p.parked_reason, count(*) AS n FROM billing_period p"
    " WHERE p.provider_id = :provider_id AND p.end_date >= :first AND p.end_date < :after GROUP BY 1, 2"
)
_SAVE_BILLED = text(
    "UPDATE billing_period p SET state = n.state, billed = CAST(n.billed AS jsonb), late = n.late, fee_due_at = n.fee_due_at,"
    " late_due_at = n.late_due_at FROM unnest(:tenant_id, :start_date, :state, :billed, :late, :fee_due_at,"
    " :late_due_at) AS n (tenant_id, start_date, state, billed, late, fee_due_at, late_due_at)"
    " WHERE p.tenant_id = n.tenant_id AND p.start_date = n.start_date"
).bindparams(
    bindparam("tenant_id", type_=ARRAY(Uuid)),
    bindparam("start_date", type_=ARRAY(Date)),
    bindparam("state", type_=ARRAY(Text)),
    bindparam("billed", type_=ARRAY(Text)),
    bindparam("late", type_=ARRAY(Boolean)),
    bindparam("fee_due_at", type_=ARRAY(DateTime(timezone=True))),
    bindparam("late_due_at", type_=ARRAY(DateTime(timezone=True))),
)


class SqlPeriods:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, period: Period) -> bool:
        values = {
            "tenant_id": period.tenant_id,
            "start_date": period.span.start,
            "provider_id": period.provider_id,
            "is_trial": period.is_trial,
            **_changeable(period),
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

    async def get_all(self, keys: Collection[tuple[TenantId, date]]) -> list[Period]:
        """Those that exist, locked until the transaction ends."""
        found = await self._connection.execute(
            select(table)
            .where(are_one_of((table.c.tenant_id, table.c.start_date), keys))
            .order_by(table.c.tenant_id, table.c.start_date)
            .with_for_update()
        )
        return [_period(row) for row in found.mappings()]

    async def holding_fee(self, tenant_id: TenantId, day: date) -> Period | None:
        """The period with the fee that pays for ``day``."""
        return await self._one(
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.start_date <= day, table.c.fee_until > day)
            .order_by(table.c.start_date.desc())
            .limit(1)
            .with_for_update()
        )

    async def fee_paid_until(self, tenant_id: TenantId) -> date | None:
        """The day to which fees of a tenant pay, all periods together."""
        found = await self._connection.execute(
            select(func.max(table.c.fee_until)).where(table.c.tenant_id == tenant_id)
        )
        day: date | None = found.scalar_one_or_none()
        return day

    async def late(self, ids: Collection[TenantId]) -> list[Period]:
        """Periods whose statement may differ from what was billed, locked until the transaction ends."""
        found = await self._connection.execute(
            select(table)
            .where(is_one_of(table.c.tenant_id, ids), table.c.late)
            .order_by(table.c.tenant_id, table.c.start_date)
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

    async def drafted(self, tenant_id: TenantId) -> list[Period]:
        """Whose invoice only waits for its time."""
        waits = or_(
            table.c.state == "metered", table.c.fee_due_at.is_not(None), table.c.late_due_at.is_not(None)
        )
        found = await self._connection.execute(
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.parked_reason.is_(None), waits)
            .order_by(table.c.start_date)
        )
        return [_period(row) for row in found.mappings()]

    async def find_due(self, what: DueStep, system_now: datetime, limit: int) -> list[Period]:
        """What is due for a step, longest due first, without totals and what was billed; nothing is locked."""
        found = await self._connection.execute(_DUE[what], {"system_now": system_now, "limit": limit})
        return [_period(row) for row in found.mappings()]

    async def _set(self, tenant_id: TenantId, start: date, **values: Any) -> None:
        await self._connection.execute(
            update(table).where(table.c.tenant_id == tenant_id, table.c.start_date == start).values(values)
        )

    async def save(self, period: Period) -> None:
        """All of a period that may change but its totals."""
        await self._set(period.tenant_id, period.span.start, **_changeable(period))

    async def save_billed(self, periods: Sequence[Period]) -> None:
        """State and what was billed, of many."""
        if not periods:
            return
        columns = {
            "tenant_id": [one.tenant_id for one in periods],
            "start_date": [one.span.start for one in periods],
            "state": [one.state for one in periods],
            "billed": [orjson.dumps(_billed_data(one.billed)).decode() for one in periods],
            "late": [one.late for one in periods],
            "fee_due_at": [one.fee_due_at for one in periods],
            "late_due_at": [one.late_due_at for one in periods],
        }
        await self._connection.execute(_SAVE_BILLED, columns)

    async def park(self, period: Period, state: PeriodState, reason: str) -> None:
        await self._set(period.tenant_id, period.span.start, state=state, parked_reason=reason)

    async def set_totals(self, period: Period, totals: Totals, *, state: PeriodState, late: bool) -> None:
        await self._set(
            period.tenant_id,
            period.span.start,
            totals=totals.to_data(),
            state=state,
            late=late,
            late_due_at=period.late_due_at,
        )

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

    async def progress(
        self, provider_id: ProviderId, ends: tuple[date, date], system_now: datetime
    ) -> RunProgress:
        """Of the periods that end in ``[first, after)``."""
        rows = await self._connection.execute(
            _PROGRESS,
            {
                "provider_id": provider_id,
                "first": ends[0],
                "after": ends[1],
                "system_now": system_now,
            },
        )
        counts: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for row in rows:
            counts[row.state] += row.n
            if row.parked_reason is not None:
                reasons[row.parked_reason] += row.n
        return RunProgress(
            total=counts.total(),
            running=counts["coming"],
            due=counts["running"],
            waiting_for_usage=counts["ended"],
            drafted=counts["metered"],
            issued=counts["invoiced"],
            closed_without_invoice=counts["closed"],
            parked=counts["parked"],
            reasons=dict(reasons.most_common(20)),
        )


def _changeable(period: Period) -> dict[str, Any]:
    fee = period.fee
    return {
        "end_date": period.span.end,
        "month_days": period.span.month_days,
        "plan_id": period.plan_id,
        "plan_version": period.plan_version,
        "state": period.state,
        "end_at": period.end_at,
        "finalise_at": period.finalise_at,
        "fee_due_at": period.fee_due_at,
        "billed": _billed_data(period.billed),
        "late": period.late,
        "parked_reason": period.parked_reason,
        "late_due_at": period.late_due_at,
        "fee_end": fee.end if fee else None,
        "fee_days": fee.whole_days if fee else None,
        "fee_until": fee.until if fee else None,
    }


def _billed_data(billed: Mapping[str, Billed]) -> dict[str, Any]:
    return {
        key: {
            "minor": one.minor,
            "quantity": str(one.quantity),
            "description": one.description,
            "unit_price": None if one.unit_price is None else str(one.unit_price),
            "end": None if one.end is None else one.end.isoformat(),
            "noted": one.noted,
        }
        for key, one in billed.items()
    }


def _billed(data: Mapping[str, Any]) -> Billed:
    price, end = data.get("unit_price"), data.get("end")
    return Billed(
        data["minor"],
        Decimal(data["quantity"]),
        data.get("description"),
        None if price is None else Decimal(price),
        None if end is None else date.fromisoformat(end),
        data.get("noted", 0),
    )


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
        billed={key: _billed(one) for key, one in row["billed"].items()},
        late=row["late"],
        parked_reason=row["parked_reason"],
        fee=None
        if row["fee_end"] is None
        else FeeSpan(row["start_date"], row["fee_end"], row["fee_days"], row["fee_until"]),
        late_due_at=row["late_due_at"],
    )
