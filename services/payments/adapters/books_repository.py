"""Our books for the comparison with Stripe's, and what the comparisons found."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters import tables
from services.payments.domain.reconciliation import Books, Charge, Difference, Given, Reconciliation
from services.payments.domain.refunds import RefundState
from services.payments.domain.states import State
from shared.ids import ProviderId

_UNRECONCILED = text(
    "SELECT a.stripe_account FROM account a LEFT JOIN reconciliation r ON r.provider_id = a.provider_id"
    " AND r.stripe_account = a.stripe_account GROUP BY a.stripe_account"
    " HAVING max(r.run_at) IS NULL OR max(r.run_at) < :since ORDER BY a.stripe_account LIMIT 20"
)


class BooksRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, account: str, since: datetime, until: datetime) -> Books:
        return Books(
            charges=await self._charges(account, since, until),
            refunds=await self._refunds(account, since, until),
            disputes=await self._disputes(account),
        )

    async def _charges(self, account: str, since: datetime, until: datetime) -> list[Charge]:
        payment, attempt = tables.payment, tables.attempt
        found = await self._connection.execute(
            select(
                attempt.c.intent,
                attempt.c.submitted_at,
                payment.c.received_minor,
                payment.c.currency,
                payment.c.provider_id,
                payment.c.payment_id,
            )
            .join(
                payment,
                and_(
                    payment.c.tenant_id == attempt.c.tenant_id, payment.c.payment_id == attempt.c.payment_id
                ),
            )
            .where(
                attempt.c.stripe_account == account,
                attempt.c.state == State.SUCCEEDED.value,
                attempt.c.submitted_at >= since,
                attempt.c.submitted_at < until,
            )
        )
        return [
            Charge(
                str(row.payment_id),
                row.intent,
                row.received_minor,
                row.currency,
                row.submitted_at,
                str(row.provider_id),
            )
            for row in found
        ]

    async def _refunds(self, account: str, since: datetime, until: datetime) -> list[Given]:
        held = tables.refund
        found = await self._connection.execute(
            select(held).where(
                held.c.stripe_account == account,
                held.c.stripe_refund.is_not(None),
                held.c.to == "method",
                held.c.submitted_at >= since,
                held.c.submitted_at < until,
                held.c.state.in_(
                    [
                        state.value
                        for state in (RefundState.PENDING, RefundState.SUCCEEDED, RefundState.FAILED)
                    ]
                ),
            )
        )
        return [_given(row, row.stripe_refund, row.submitted_at) for row in found]

    async def _disputes(self, account: str) -> list[Given]:
        held = tables.dispute
        found = await self._connection.execute(select(held).where(held.c.stripe_account == account))
        return [_given(row, row.stripe_dispute, row.opened_at) for row in found]

    async def keep(self, run: Reconciliation) -> None:
        await self._connection.execute(
            insert(tables.reconciliation).values(
                provider_id=run.provider_id,
                run_id=run.run_id,
                stripe_account=run.account,
                since=run.since,
                until=run.until,
                run_at=run.run_at,
                compared=run.compared,
                exceptions=[asdict(one) for one in run.differences],
            )
        )

    async def newest(self, provider_id: ProviderId, limit: int) -> list[Reconciliation]:
        held = tables.reconciliation
        found = await self._connection.execute(
            select(held)
            .where(held.c.provider_id == provider_id)
            .order_by(held.c.run_at.desc(), held.c.run_id.desc())
            .limit(limit)
        )
        return [
            Reconciliation(
                provider_id=row.provider_id,
                run_id=row.run_id,
                account=row.stripe_account,
                since=row.since,
                until=row.until,
                run_at=row.run_at,
                compared=dict(row.compared),
                differences=tuple(Difference(**one) for one in row.exceptions),
            )
            for row in found
        ]

    async def unreconciled_since(self, since: datetime) -> list[str]:
        """Accounts in use without a run since then."""
        found = await self._connection.execute(_UNRECONCILED, {"since": since})
        return [str(row.stripe_account) for row in found]


def _given(row: Any, stripe_id: str, at: datetime) -> Given:
    return Given(stripe_id, None, row.amount_minor, row.currency, row.state, at, str(row.provider_id))
