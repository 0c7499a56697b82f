"""What if nobody pays: who would be suspended in the next days. Changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.suspension.domain.account import Invoice, Stage, ids
from services.suspension.domain.days import Calendar, WorkingDays
from services.suspension.domain.ladder import evaluate
from services.suspension.use_cases.ports import Case, SuspensionWork
from shared.ids import ProviderId, TenantId

MOST_DAYS = 90
_PART = 500


@dataclass(frozen=True, slots=True)
class Foreseen:
    """``at``: when the tenant would be barred (``stage``) if nothing is paid; ``on`` is its local day.

    ``overdue`` are the invoices that would be overdue then, of which ``owed_minor`` is the sum.
    """

    tenant_id: TenantId
    name: str
    at: datetime
    on: date
    stage: Stage
    currency: str
    owed_minor: int
    overdue: tuple[Invoice, ...]
    reminded: int


async def foresee_suspensions(work: SuspensionWork, provider_id: ProviderId, days: int) -> list[Foreseen]:
    """The soonest first. Reminders that are still to come are taken to go out in time."""
    found: list[Foreseen] = []
    tenants = await work.standings.with_steps_to_come(provider_id)
    for start in range(0, len(tenants), _PART):
        for case in await work.cases(tenants[start : start + _PART]):
            one = foresee(case, days, work.working_days)
            if one is not None:
                found.append(one)
    return sorted(found, key=lambda one: (one.at, one.name))


def foresee(case: Case, days: int, working: WorkingDays) -> Foreseen | None:
    """None: not within ``days``, or barred already."""
    tenant, account = case.tenant, case.account
    standing = evaluate(case.policy, account, case.now, tenant.zone, working)
    at = standing.suspends_at
    before = case.before
    if at is None or at > case.now + timedelta(days=days):
        return None
    # A spend limit bars a part only, and for another reason.
    if before is not None and before.stage.barred and before.cause != "spend_limit":
        return None
    calendar = Calendar(tenant.zone, account.pauses, case.policy, working)
    overdue = tuple(
        sorted(
            (one for one in account.invoices if one.is_open and calendar.overdue_at(one) <= at),
            key=lambda one: (one.due_on, one.number),
        )
    )
    told = ids(overdue)
    return Foreseen(
        tenant_id=tenant.tenant_id,
        name=tenant.name,
        at=at,
        on=calendar.today(at),
        stage=Stage.BOTH_BARRED if case.policy.outbound_after_days is None else Stage.OUTBOUND_BARRED,
        currency=tenant.currency,
        owed_minor=sum(one.balance_minor for one in overdue),
        overdue=overdue,
        reminded=sum(bool(sent.invoice_ids & told) for sent in account.reminders),
    )
