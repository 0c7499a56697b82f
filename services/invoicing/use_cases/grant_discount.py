"""Coupons and discounts: offered by a provider, given to a tenant (R25)."""

from datetime import date
from decimal import Decimal

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.discounts import AppliesTo, Discount, until
from services.invoicing.domain.periods import next_anchor
from services.invoicing.domain.plans import check_price
from services.invoicing.use_cases.note_change import note_change
from services.invoicing.use_cases.ports import Coupon, Work
from shared.clock import local_date
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import ProviderId, TenantId, new_id
from shared.money import Currency, Money

PERIODS_MAX = 240


def check_discount(
    percent: Decimal | None, amount: Decimal | None, periods: int | None, code: Currency
) -> None:
    """Raises ``Invalid`` unless it is a percentage of 0 to 100 or an amount, for 1 or more periods."""
    if (percent is None) == (amount is None):
        raise Invalid("Give a percentage or an amount, one of the two.", field="percent")
    if percent is not None and not 0 < percent <= 100:
        raise Invalid(f"{percent} % is no discount; choose above 0 and at most 100.", field="percent")
    if amount is not None:
        check_price(amount, "amount")
        Money.of(amount, code)
        if amount == 0:
            raise Invalid("The amount must be above 0.", field="amount")
    if periods is not None and not 1 <= periods <= PERIODS_MAX:
        raise Invalid(f"A discount holds for 1 to {PERIODS_MAX} periods, or forever.", field="periods")


async def add_coupon(work: Work, provider_id: ProviderId, coupon: Coupon) -> None:
    """Raises ``NotFound``, ``Invalid``, or ``Conflict`` for a code that is taken."""
    provider = await work.providers.get(provider_id)
    check_discount(coupon.percent, coupon.amount, coupon.periods, provider.currency)
    if not await work.subscriptions.add_coupon(provider_id, coupon, work.system_now()):
        raise Conflict(f"There is already a coupon {coupon.code!r}; choose another code.", field="code")


async def redeem_coupon(work: Work, tenant: Tenant, code: str, first_start: date) -> Discount:
    """Gives a tenant what the coupon says, from the period that begins on ``first_start`` on; once a tenant."""
    coupon = await work.subscriptions.coupon(tenant.provider_id, code)
    today = local_date(await work.now(tenant.provider_id), tenant.zone)
    if coupon.redeem_until is not None and today > coupon.redeem_until:
        raise Conflict(
            f"The coupon {code!r} could be used until {coupon.redeem_until}; offer another one.",
            field="coupon",
        )
    discount = Discount(
        new_id(),
        coupon.name,
        coupon.percent,
        coupon.amount,
        coupon.applies_to,
        first_start,
        until(first_start, tenant.anchor_day, coupon.periods),
    )
    if not await work.subscriptions.add_discount(tenant.provider_id, tenant.tenant_id, discount, code):
        raise Conflict(f"The tenant has used the coupon {code!r} before.", field="coupon")
    return discount


async def grant_discount(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    *,
    by: str,
    coupon: str | None = None,
    name: str = "Discount",
    percent: Decimal | None = None,
    amount: Decimal | None = None,
    applies_to: AppliesTo = "all",
    periods: int | None = None,
) -> Discount:
    """From the next period on: what the running one costs is agreed and in part billed.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    await work.lock_tenant(tenant_id)
    tenant = await work.tenants.get(provider_id, tenant_id)
    running = await work.periods.running(tenant_id)
    if running is None:
        raise Conflict("The tenant is closed; reopen it first.")
    today = local_date(await work.now(provider_id), tenant.zone)
    # A period that has not begun, or is on trial, has billed nothing.
    start = running.span.start if running.span.start > today else running.span.end
    if coupon is not None:
        discount = await redeem_coupon(work, tenant, coupon, start)
    else:
        check_discount(percent, amount, periods, tenant.currency)
        ends = until(start, tenant.anchor_day, periods)
        discount = Discount(new_id(), name, percent, amount, applies_to, start, ends)
        await work.subscriptions.add_discount(provider_id, tenant_id, discount, None)
    detail = {"discount_id": str(discount.discount_id), "name": discount.name, "coupon": coupon}
    await note_change(work, tenant, "discount granted", start, by, detail)
    return discount


async def end_discount(work: Work, tenant: Tenant, discount: Discount, by: str) -> date:
    """Ends a discount with the running period; the day from which it holds no longer."""
    await work.lock_tenant(tenant.tenant_id)
    running = await work.periods.running(tenant.tenant_id)
    today = local_date(await work.now(tenant.provider_id), tenant.zone)
    on = running.span.end if running else next_anchor(today, tenant.anchor_day)
    if not await work.subscriptions.end_discount(tenant.tenant_id, discount.discount_id, on):
        raise NotFound("There is no such discount that would hold after this period.")
    detail = {"discount_id": str(discount.discount_id), "name": discount.name}
    await note_change(work, tenant, "discount ended", on, by, detail)
    return on
