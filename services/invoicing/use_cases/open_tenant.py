"""A tenant begins: its first period runs, or its trial."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from services.invoicing.domain.catalogue import Provider, Tenant
from services.invoicing.domain.lines import OneTimeCharge
from services.invoicing.domain.periods import Span, begins_at, span_from
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.subscriptions import fee_span
from services.invoicing.use_cases.announcements import about_tenant
from services.invoicing.use_cases.grant_discount import redeem_coupon
from services.invoicing.use_cases.note_change import check_add_on, note_change
from services.invoicing.use_cases.ports import Period, Work
from shared.errors import Conflict, Invalid
from shared.events.invoicing import TenantOpened
from shared.ids import derived_id
from shared.money import Money


def make_period(
    provider: Provider,
    tenant: Tenant,
    plan: Plan,
    span: Span,
    *,
    is_trial: bool = False,
    first: bool = False,
    paid_until: date | None = None,
) -> Period:
    """A running period. What a plan bills in advance is due by itself when the first one begins (R28).

    ``paid_until``: the day to which earlier fees pay (R20).
    """
    end_at = begins_at(span.end, tenant.zone)
    fee_alone = first and not is_trial and plan.in_advance
    return Period(
        tenant_id=tenant.tenant_id,
        provider_id=tenant.provider_id,
        span=span,
        is_trial=is_trial,
        plan_id=plan.plan_id,
        plan_version=plan.version,
        state="running",
        end_at=end_at,
        finalise_at=end_at + timedelta(minutes=provider.finalisation_delay_minutes),
        fee_due_at=begins_at(span.start, tenant.zone) if fee_alone else None,
        totals=None,
        billed={},
        late=False,
        parked_reason=None,
        fee=None if is_trial else fee_span(plan, span, tenant.anchor_day, paid_until),
    )


def first_span(opened_on: date, trial_ends_on: date | None, anchor_day: int) -> Span:
    """The trial whole (R44), or the days up to the next anchor."""
    if trial_ends_on is None:
        return span_from(opened_on, anchor_day)
    return Span(opened_on, trial_ends_on, (trial_ends_on - opened_on).days)


async def _claim_names(work: Work, tenant: Tenant) -> None:
    """A switch names a tenant by id, SIP domain or account code: no name may lead to two tenants of a provider.

    Case makes no difference, as at the gate. A tenant's own domain may be its account code too.
    """
    codes: dict[str, str] = {}
    for code in tenant.account_codes:
        if codes.setdefault(code.lower(), code) != code or tenant.account_codes.count(code) > 1:
            raise Invalid(
                f"The account code {code!r} is listed twice, upper and lower case being the same; list it once.",
                field="account_codes",
            )
    domain = tenant.sip_domain.lower()
    taken = await work.tenants.claim_names(tenant, {str(tenant.tenant_id), domain, *codes})
    if domain in taken:
        raise Conflict(
            f"Another tenant has {tenant.sip_domain!r} as its SIP domain or account code; choose another one.",
            field="sip_domain",
        )
    for name in codes.keys() & taken:
        raise Conflict(
            f"Another tenant has {codes[name]!r} as its account code, SIP domain or id; choose another one.",
            field="account_codes",
        )


async def open_tenant(
    work: Work,
    tenant: Tenant,
    *,
    add_ons: Mapping[str, int] | None = None,
    coupon: str | None = None,
    by: str = "provider",
) -> Tenant:
    """Opens a tenant on the version of its plan that is in force on that day, with add-ons and a coupon.

    Raises ``Invalid`` or ``Conflict`` naming the field; ``NotFound`` for an unknown provider, plan or coupon.
    """
    provider = await work.providers.get(tenant.provider_id)
    plan = await work.plans.in_force(tenant.provider_id, tenant.plan_id, tenant.opened_on)
    if plan.currency != provider.currency:
        raise Invalid(
            f"The plan is in {plan.currency}, the provider bills in {provider.currency}.", field="plan_id"
        )
    trial_ends_on = tenant.trial_ends_on
    if trial_ends_on is None and plan.trial_days:
        trial_ends_on = tenant.opened_on + timedelta(days=plan.trial_days)
    if trial_ends_on is not None and trial_ends_on <= tenant.opened_on:
        raise Invalid(
            "The trial ends on or before the day of opening; choose a later day.", field="trial_ends_on"
        )
    opened = replace(
        tenant,
        plan_version=plan.version,
        plan_from=tenant.opened_on,
        status="trial" if trial_ends_on else "active",
        currency=plan.currency,
        trial_ends_on=trial_ends_on,
    )
    # Serialised with a test clock that is being put in place: a provider gets one only before its first tenant.
    await work.lock("provider clock", tenant.provider_id)
    await _claim_names(work, opened)
    if not await work.tenants.add(opened):
        raise Conflict(f"A tenant with the slug {tenant.slug!r} exists already.", field="slug")
    span = first_span(opened.opened_on, opened.trial_ends_on, opened.anchor_day)
    is_trial = opened.trial_ends_on is not None
    await work.periods.add(make_period(provider, opened, plan, span, is_trial=is_trial, first=True))
    await _agree(work, opened, plan, add_ons or {}, coupon, by)
    work.emit(about_tenant(TenantOpened, opened), time=await work.now(opened.provider_id))
    return opened


async def _agree(
    work: Work, tenant: Tenant, plan: Plan, add_ons: Mapping[str, int], coupon: str | None, by: str
) -> None:
    """Plan, add-ons, setup fee and coupon from the first day; the setup fee with the first charged one (R44)."""
    provider_id, tenant_id, on = tenant.provider_id, tenant.tenant_id, tenant.opened_on
    await work.subscriptions.assign_plan(provider_id, tenant_id, on, plan.plan_id, plan.version)
    for code, quantity in sorted(add_ons.items()):
        check_add_on(plan, code, quantity)
        await work.subscriptions.set_add_on(provider_id, tenant_id, code, on, quantity)
    charged_from = tenant.trial_ends_on or on
    if plan.setup_fee_minor:
        charge = OneTimeCharge(
            derived_id("setup", tenant_id),
            f"Setup of {plan.name}",
            Money(plan.setup_fee_minor, plan.currency),
            charged_from,
        )
        await work.charges.add(provider_id, tenant_id, charge)
    if coupon is not None:
        await redeem_coupon(work, tenant, coupon, charged_from)
    detail = {"plan_id": str(plan.plan_id), "plan_version": plan.version, "add_ons": dict(add_ons)}
    await note_change(work, tenant, "opened", on, by, {**detail, "coupon": coupon})
