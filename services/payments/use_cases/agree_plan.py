"""The provider agrees on instalments with a tenant, looks at them, and ends them (R51)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from services.payments.domain import payment_plans as rules
from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.payment_plans import PaymentPlan
from services.payments.use_cases.find_tenant import find_tenant
from services.payments.use_cases.open_payment import chargeable, payable
from services.payments.use_cases.payment_events import plan_agreed
from services.payments.use_cases.ports import Work
from services.payments.use_cases.review_plans import end_plan, planned, remaining_minor, zone_of
from shared.card_minimum import card_minimum_minor, card_step_minor
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import InvoiceId, ProviderId, TenantId, new_id
from shared.money import Currency

LONGEST_PLAN = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class AskedPlan:
    """The same ``request_id`` twice is one plan. ``days`` are local days of the tenant."""

    provider_id: ProviderId
    tenant_id: TenantId
    invoice_ids: tuple[InvoiceId, ...]
    days: tuple[date, ...]
    by: str
    request_id: str

    @property
    def fingerprint(self) -> str:
        parts = (sorted(map(str, self.invoice_ids)), self.days)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan with what is paid of each instalment."""

    plan: PaymentPlan
    paid: tuple[int, ...]
    remaining_minor: int


async def agree_plan(work: Work, asked: AskedPlan) -> PlanShown:
    """Raises ``Invalid`` for days or amounts that cannot be, ``Conflict`` where a plan already holds an invoice."""
    await find_tenant(work, asked.provider_id, asked.tenant_id)
    await work.lock_tenant(asked.tenant_id)
    earlier = await work.plans.by_request(asked.tenant_id, asked.request_id)
    if earlier is not None:
        if earlier.fingerprint != asked.fingerprint:
            raise Conflict(
                "This request_id was already used for another plan. Use a new one.", field="request_id"
            )
        return await show_plan(work, earlier)
    invoices = await _invoices(work, asked)
    left = await payable(work, invoices)
    if not all(left.values()):
        raise Conflict("One of the invoices has nothing left to pay. Leave it out.", field="invoice_ids")
    code = Currency(invoices[0].currency)
    total = chargeable(sum(left.values()), code)
    parts = rules.equal_parts(total, asked.days, step_minor=card_step_minor(code))
    rules.refuse_small_parts(parts, card_minimum_minor(code), code)
    now = await work.now(asked.provider_id)
    plan = PaymentPlan(
        provider_id=asked.provider_id,
        tenant_id=asked.tenant_id,
        plan_id=new_id(),
        request_id=asked.request_id,
        fingerprint=asked.fingerprint,
        currency=code,
        invoice_ids=asked.invoice_ids,
        total_minor=total,
        parts=parts,
        state="agreed",
        by=asked.by,
        agreed_at=now,
    )
    zone = await zone_of(work, plan)
    if asked.days[0] < rules.today_of(now, zone):
        raise Invalid("The first instalment is in the past. Begin today or later.", field="days")
    if asked.days[-1] > rules.today_of(now, zone) + LONGEST_PLAN:
        raise Invalid("The last instalment is over three years away. Agree on earlier days.", field="days")
    plan = replace(plan, step_at=rules.next_step(plan, total, now, zone))
    await work.plans.add(plan)
    for invoice in invoices:
        await work.invoices.put(replace(invoice, collect_at=None))
    work.emit(plan_agreed(plan, at=now), time=now)
    return await show_plan(work, plan)


async def _invoices(work: Work, asked: AskedPlan) -> list[OpenInvoice]:
    if not asked.invoice_ids or len(set(asked.invoice_ids)) != len(asked.invoice_ids):
        raise Invalid("Name each invoice of the plan once.", field="invoice_ids")
    held = await planned(work, asked.tenant_id)
    found: list[OpenInvoice] = []
    for invoice_id in asked.invoice_ids:
        invoice = await work.invoices.get(asked.tenant_id, invoice_id)
        if invoice is None or invoice.provider_id != asked.provider_id:
            raise NotFound("There is no such invoice. Reload the list of invoices.", field="invoice_ids")
        if invoice.standing != "open":
            raise Conflict(f"Invoice {invoice.number} is not open.", field="invoice_ids")
        if invoice_id in held:
            raise Conflict(
                f"Invoice {invoice.number} is in a payment plan already. Cancel that one first.",
                field="invoice_ids",
                slug="already-planned",
            )
        found.append(invoice)
    if len({one.currency for one in found}) > 1:
        raise Invalid("The invoices of a plan must be in one currency.", field="invoice_ids")
    return found


async def list_plans(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> Sequence[PlanShown]:
    """Newest first, ended ones too."""
    await find_tenant(work, provider_id, tenant_id)
    return [await show_plan(work, plan) for plan in await work.plans.of_tenant(tenant_id)]


async def plan_invoices(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, plan_id: UUID
) -> tuple[InvoiceId, ...]:
    """The invoices of an active plan that still cost something: what Pay Now pays towards it."""
    await find_tenant(work, provider_id, tenant_id)
    plan = await work.plans.get(tenant_id, plan_id)
    if plan is None:
        raise NotFound("There is no such payment plan. Look it up in the list.", field="payment_plan_id")
    if not plan.is_active:
        raise Conflict("This payment plan has ended. Pay the invoices themselves.", field="payment_plan_id")
    found = [await work.invoices.get(tenant_id, invoice_id) for invoice_id in plan.invoice_ids]
    left = await payable(work, [one for one in found if one is not None])
    return tuple(invoice_id for invoice_id in plan.invoice_ids if left.get(invoice_id, 0) > 0)


async def show_plan(work: Work, plan: PaymentPlan) -> PlanShown:
    remaining = await remaining_minor(work, plan)
    return PlanShown(plan, rules.paid_parts(plan, remaining), remaining)


async def cancel_plan(work: Work, provider_id: ProviderId, tenant_id: TenantId, plan_id: UUID) -> PlanShown:
    """Cancelling one that is cancelled changes nothing. Raises ``NotFound``, ``Conflict`` for one that has ended."""
    await find_tenant(work, provider_id, tenant_id)
    await work.lock_tenant(tenant_id)
    plan = await work.plans.get(tenant_id, plan_id)
    if plan is None:
        raise NotFound("There is no such payment plan. Look it up in the list.")
    if plan.state in ("kept", "broken"):
        raise Conflict("This payment plan has ended already.")
    if plan.is_active:
        plan = await end_plan(work, plan, "cancelled", await work.now(provider_id))
    return await show_plan(work, plan)
