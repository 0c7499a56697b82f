"""Billing periods and one-time charges in PostgreSQL. A claimed row is locked until the transaction ends."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.invoicing.adapters.documents import totals_from_json, totals_to_json
from services.invoicing.domain.invoices import OneTimeCharge
from services.invoicing.domain.periods import Period
from services.invoicing.use_cases.ports import PeriodRow
from shared.db.due import due_now
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import InvoiceId, ProviderId, TenantId, new_id
from shared.money import Currency, Money

_ADD = text(
    "INSERT INTO billing_period (tenant_id, start_date, provider_id, end_date, full_days, plan_id, plan_version, trial,"
    " fee_due_at, state, end_at, finalise_at) VALUES (:tenant_id, :start_date, :provider_id, :end_date, :full_days,"
    " :plan_id, :plan_version, :trial, :fee_due_at, :state, :end_at, :finalise_at)"
)
_SAVE = text(
    "UPDATE billing_period SET state = :state, fee_due_at = :fee_due_at, totals = :totals, billed = :billed,"
    " reason = :reason WHERE tenant_id = :tenant_id AND start_date = :start_date"
).bindparams(
    bindparam("totals", type_=JSONB(none_as_null=True)), bindparam("billed", type_=JSONB(none_as_null=True))
)
_NOW = due_now("billing_period")
# How many due rows a replica looks at before it leaves the rest to the others.
CANDIDATES = 20


def _row(row: dict[str, Any]) -> PeriodRow:
    return PeriodRow(
        provider_id=row["provider_id"],
        tenant_id=row["tenant_id"],
        period=Period(row["start_date"], row["end_date"], row["full_days"]),
        plan_id=row["plan_id"],
        plan_version=row["plan_version"],
        trial=row["trial"],
        state=row["state"],
        end_at=row["end_at"],
        finalise_at=row["finalise_at"],
        fee_due_at=row["fee_due_at"],
        totals=totals_from_json(row["totals"]),
        billed=totals_from_json(row["billed"]),
        reason=row["reason"],
    )


class SqlPeriods:
    """See ``ports.Periods``."""

    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work
        # What this transaction claimed: whoever sees it fail can park it.
        self.claimed: PeriodRow | None = None

    async def add(self, row: PeriodRow) -> None:
        await self._work.connection.execute(
            _ADD,
            {
                "tenant_id": row.tenant_id,
                "start_date": row.period.start,
                "provider_id": row.provider_id,
                "end_date": row.period.end,
                "full_days": row.period.full_days,
                "plan_id": row.plan_id,
                "plan_version": row.plan_version,
                "trial": row.trial,
                "fee_due_at": row.fee_due_at,
                "state": row.state,
                "end_at": row.end_at,
                "finalise_at": row.finalise_at,
            },
        )

    async def save(self, row: PeriodRow) -> None:
        await self._work.connection.execute(
            _SAVE,
            {
                "tenant_id": row.tenant_id,
                "start_date": row.period.start,
                "state": row.state,
                "fee_due_at": row.fee_due_at,
                "totals": totals_to_json(row.totals),
                "billed": totals_to_json(row.billed),
                "reason": row.reason,
            },
        )

    async def get(self, tenant_id: TenantId, start: date) -> PeriodRow | None:
        return await self._one("tenant_id = :t AND start_date = :start", t=tenant_id, start=start)

    async def running(self, tenant_id: TenantId) -> PeriodRow | None:
        return await self._one("tenant_id = :t AND state = 'running' ORDER BY start_date DESC", t=tenant_id)

    async def claim_ended(self, system_now: datetime) -> PeriodRow | None:
        """The oldest running period whose end is due."""
        return await self._claim(f"state = 'running' AND end_at <= {_NOW}", "end_at", system_now)

    async def claim_fee(self, system_now: datetime) -> PeriodRow | None:
        """A period whose fee stands alone and is due."""
        return await self._claim(
            f"fee_due_at IS NOT NULL AND state <> 'parked' AND fee_due_at <= {_NOW}", "fee_due_at", system_now
        )

    async def claim_ready(self, system_now: datetime) -> PeriodRow | None:
        """A metered period whose finalisation delay has passed."""
        return await self._claim(f"state = 'metered' AND finalise_at <= {_NOW}", "finalise_at", system_now)

    async def _claim(self, condition: str, order: str, system_now: datetime) -> PeriodRow | None:
        """A due row of a tenant that nobody else decides for now, looked at again under the tenant's lock.

        The tenant's lock always comes before a row's, as in every handler: else two of them could wait for each other.
        """
        due = await self._work.fetch(
            f"SELECT tenant_id, start_date FROM billing_period WHERE {condition}"  # noqa: S608  own text
            f" ORDER BY {order}, tenant_id LIMIT {CANDIDATES}",
            system_now=system_now,
        )
        for one in due:
            if not await self._work.try_lock_tenant(one["tenant_id"]):
                continue
            row = await self._one(
                f"tenant_id = :t AND start_date = :start AND {condition} FOR UPDATE",
                t=one["tenant_id"],
                start=one["start_date"],
                system_now=system_now,
            )
            if row is not None:
                self.claimed = row
                return row
        return None

    async def _one(self, rest: str, **values: Any) -> PeriodRow | None:
        # `rest` is this module's own text; values are bound.
        rows = await self._work.fetch(f"SELECT * FROM billing_period WHERE {rest}", **values)  # noqa: S608
        return _row(rows[0]) if rows else None

    async def late(self, tenant_id: TenantId) -> list[PeriodRow]:
        """Invoiced periods whose totals have changed since."""
        rows = await self._work.fetch(
            "SELECT * FROM billing_period WHERE tenant_id = :t AND state = 'invoiced'"
            " AND (totals ->> 'revision') IS DISTINCT FROM (billed ->> 'revision') ORDER BY start_date",
            t=tenant_id,
        )
        return [_row(row) for row in rows]

    async def parked(self, provider_id: ProviderId) -> list[PeriodRow]:
        rows = await self._work.fetch(
            "SELECT * FROM billing_period WHERE provider_id = :p AND state = 'parked' ORDER BY end_at",
            p=provider_id,
        )
        return [_row(row) for row in rows]

    async def add_charge(self, provider_id: ProviderId, tenant_id: TenantId, charge: OneTimeCharge) -> UUID:
        charge_id = new_id()
        await self._work.connection.execute(
            text(
                "INSERT INTO one_time_charge (tenant_id, charge_id, provider_id, description, amount_minor, charged_on)"
                " VALUES (:t, :c, :p, :description, :amount, :on)"
            ),
            {
                "t": tenant_id,
                "c": charge_id,
                "p": provider_id,
                "description": charge.description,
                "amount": charge.amount.minor,
                "on": charge.on,
            },
        )
        return charge_id

    async def take_charges(
        self, tenant_id: TenantId, until: date, invoice_id: InvoiceId
    ) -> list[OneTimeCharge]:
        """Open charges before ``until``; they belong to the invoice from here on."""
        rows = await self._work.fetch(
            "WITH taken AS (UPDATE one_time_charge SET invoice_id = :i WHERE tenant_id = :t AND invoice_id IS NULL"
            " AND charged_on < :until RETURNING *) SELECT taken.*, provider.settings ->> 'currency' AS currency"
            " FROM taken JOIN provider USING (provider_id) ORDER BY charged_on, charge_id",
            i=invoice_id,
            t=tenant_id,
            until=until,
        )
        return [_charge(row) for row in rows]

    async def open_charges(self, tenant_id: TenantId) -> list[OneTimeCharge]:
        rows = await self._work.fetch(
            "SELECT one_time_charge.*, provider.settings ->> 'currency' AS currency FROM one_time_charge"
            " JOIN provider USING (provider_id) WHERE tenant_id = :t AND invoice_id IS NULL"
            " ORDER BY charged_on, charge_id",
            t=tenant_id,
        )
        return [_charge(row) for row in rows]


def _charge(row: dict[str, Any]) -> OneTimeCharge:
    return OneTimeCharge(
        row["description"], Money(row["amount_minor"], Currency(row["currency"])), row["charged_on"]
    )
