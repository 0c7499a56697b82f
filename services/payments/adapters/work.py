"""Payments' unit of work, and what it reports to the test clock."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.payments.adapters.books_repository import BooksRepository
from services.payments.adapters.payments_repository import (
    AttemptsRepository,
    InvoicesRepository,
    PaymentsRepository,
)
from services.payments.adapters.plans_repository import PlansRepository
from services.payments.adapters.refunds_repository import DisputesRepository, RefundsRepository
from services.payments.adapters.tenants_repository import (
    TOLD_FROM,
    UNTOLD,
    AccountsRepository,
    MethodsRepository,
    TenantsRepository,
)
from services.payments.adapters.webhooks_repository import WebhooksRepository
from shared.clock import Clock
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId

SOURCE = "tollgate/payments"


class PaymentsWork(SqlUnitOfWork):
    """One transaction of payments' database."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock | None = None) -> None:
        super().__init__(engine, source=SOURCE, clock=clock)

    @property
    def tenants(self) -> TenantsRepository:
        return TenantsRepository(self.connection)

    @property
    def accounts(self) -> AccountsRepository:
        return AccountsRepository(self.connection)

    @property
    def methods(self) -> MethodsRepository:
        return MethodsRepository(self.connection)

    @property
    def invoices(self) -> InvoicesRepository:
        return InvoicesRepository(self.connection)

    @property
    def payments(self) -> PaymentsRepository:
        return PaymentsRepository(self.connection)

    @property
    def attempts(self) -> AttemptsRepository:
        return AttemptsRepository(self.connection)

    @property
    def refunds(self) -> RefundsRepository:
        return RefundsRepository(self.connection)

    @property
    def disputes(self) -> DisputesRepository:
        return DisputesRepository(self.connection)

    @property
    def plans(self) -> PlansRepository:
        return PlansRepository(self.connection)

    @property
    def books(self) -> BooksRepository:
        return BooksRepository(self.connection)

    @property
    def webhooks(self) -> WebhooksRepository:
        return WebhooksRepository(self.connection)


_UNDER_WAY = text(
    "SELECT (SELECT count(*) FROM attempt WHERE provider_id = :provider_id"  # noqa: S608 (constants of our own, never input)
    "        AND state IN ('created', 'submitted', 'unknown'))"
    "     + (SELECT count(*) FROM webhook_event WHERE provider_id = :provider_id AND finished_at IS NULL)"
    "     + (SELECT count(*) FROM open_invoice WHERE provider_id = :provider_id AND collect_at <= :now)"
    "     + (SELECT count(*) FROM payment_plan WHERE provider_id = :provider_id AND step_at <= :now)"
    "     + (SELECT count(*) FROM refund WHERE provider_id = :provider_id"
    "        AND state IN ('created', 'submitted', 'unknown'))"
    f"     + (SELECT count(*) FROM method m WHERE provider_id = :provider_id AND {UNTOLD} AND {TOLD_FROM} <= :now)"
)
_NEXT = text(
    "SELECT min(due) FROM ("  # noqa: S608 (constants of our own, never input)
    " SELECT min(collect_at) AS due FROM open_invoice WHERE provider_id = :provider_id AND collect_at > :now"
    " UNION ALL SELECT min(step_at) FROM payment_plan WHERE provider_id = :provider_id AND step_at > :now"
    f" UNION ALL SELECT min({TOLD_FROM}) FROM method m WHERE provider_id = :provider_id AND {UNTOLD}"
    f" AND {TOLD_FROM} > :now) AS steps"
)


async def own_work(
    engine: AsyncEngine, provider_id: ProviderId, *, clock: Clock
) -> tuple[int, datetime | None]:
    """Attempts without an answer, stored webhooks, invoices due for collection and expiring cards to tell of; then the
    next retry, instalment or expiry to tell of.

    A payment that waits for a person or a bank is not under way: time may pass meanwhile.
    """
    async with PaymentsWork(engine, clock=clock) as work:
        now = await work.now(provider_id)
        values = {"provider_id": provider_id, "now": now}
        under_way = (await work.connection.execute(_UNDER_WAY, values)).scalar_one()
        next_due = (await work.connection.execute(_NEXT, values)).scalar_one()
    return int(under_way), next_due
