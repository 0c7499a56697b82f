"""Saves a payment method: what the browser claims is read again from Stripe."""

from dataclasses import replace

from services.payments.domain.methods import Method, with_default
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.payment_plans import today_of
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.ensure_customer import ensure_customer
from services.payments.use_cases.find_tenant import find_tenant
from services.payments.use_cases.payment_events import shown_method
from services.payments.use_cases.ports import Gateway, GatewayRefused, OpenWork, SetupIntent, Work
from services.payments.use_cases.review_plans import planned, review_plans, zone_of
from shared.errors import Conflict, NotFound
from shared.events.payments import MethodSaved
from shared.ids import MethodId, ProviderId, TenantId, derived_id, new_id


async def begin_setup(
    open_work: OpenWork, gateway: Gateway, provider_id: ProviderId, tenant_id: TenantId
) -> tuple[SetupIntent, str]:
    """Opens a SetupIntent for the payer's browser; answers it and the account it lives in ('' platform)."""
    async with open_work() as work:
        tenant = await find_tenant(work, provider_id, tenant_id)
        account = await work.accounts.of(provider_id)
    customer = await ensure_customer(open_work, gateway, tenant, account)
    made = await gateway.create_setup_intent(account, customer, tenant, key=f"setup-{new_id()}")
    return made, account


async def save_method(
    open_work: OpenWork, gateway: Gateway, provider_id: ProviderId, tenant_id: TenantId, setup_intent: str
) -> Method:
    """Idempotent: the page and the webhook both come here. Raises ``NotFound`` for another tenant's intent."""
    async with open_work() as work:
        tenant = await find_tenant(work, provider_id, tenant_id)
        account = await work.accounts.of(provider_id)
        customer = await work.accounts.customer(tenant_id, account)
    found = await _read(gateway, tenant, account, customer, setup_intent)
    async with open_work() as work:
        await work.lock_tenant(tenant_id)
        return await keep_method(work, provider_id, tenant_id, account, found)


async def _read(
    gateway: Gateway, tenant: Tenant, account: str, customer: str | None, setup_intent: str
) -> MethodFacts:
    unknown = NotFound(
        "Stripe has no such setup intent for this tenant. Start adding the payment method again.",
        field="setup_intent",
    )
    try:
        read = await gateway.read_setup_intent(account, setup_intent)
    except GatewayRefused as error:
        raise unknown from error
    if customer is None or read.customer != customer:
        raise unknown
    if read.awaits_deposit:
        raise Conflict(
            "This bank account must be verified first: a small deposit comes to it within two business days, with a code in "
            "its description. Type the code on Stripe's page, whose link Stripe sends by mail; then the account is saved.",
            field="setup_intent",
            slug="verification-awaited",
        )
    if not read.finished or read.method is None:
        raise Conflict(
            "The payment method is not confirmed yet. Finish the steps in the dialog, then save again.",
            field="setup_intent",
        )
    return read.method


async def keep_method(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, account: str, facts: MethodFacts
) -> Method:
    """Stores it once; the tenant's first one becomes the default. The caller holds the tenant's lock.

    A default that is new retries at once what auto-pay could not collect before.
    """
    now = await work.now(provider_id)
    others = await work.methods.saved(tenant_id, account)
    method = Method(
        provider_id=provider_id,
        tenant_id=tenant_id,
        method_id=MethodId(derived_id("method", tenant_id, account, facts.stripe_method)),
        account=account,
        facts=facts,
        is_default=not any(other.is_default for other in others),
        saved_at=now,
    )
    if not await work.methods.add(method):
        held = await work.methods.find(account, facts.stripe_method)
        return held if held is not None and held.tenant_id == tenant_id else method
    work.emit(
        MethodSaved(
            provider_id=provider_id,
            tenant_id=tenant_id,
            method=shown_method(method),
            is_default=method.is_default,
        ),
        time=now,
    )
    if method.is_default:
        await retry_open_invoices(work, provider_id, tenant_id)
    return method


async def make_default(work: Work, methods: list[Method], default: MethodId | None) -> None:
    """Old flags fall before the new one rises, so that there never are two."""
    for changed in sorted(with_default(methods, default), key=lambda one: one.is_default):
        await work.methods.update(changed)


async def retry_open_invoices(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> None:
    """With a new default method the ladder begins anew, now, for what is still open under auto-pay."""
    auto_pay = await work.methods.auto_pay(tenant_id)
    if auto_pay is None or not auto_pay.enabled:
        return
    now = await work.now(provider_id)
    held = await planned(work, tenant_id)
    for invoice in await work.invoices.open_of(tenant_id):
        if invoice.auto_pay and invoice.collectable and invoice.invoice_id not in held:
            again = replace(invoice, collect_at=now, retries_done=0, first_declined_at=None)
            await work.invoices.put(again)
    for plan in await work.plans.active_of(tenant_id):
        today = today_of(now, await zone_of(work, plan))
        parts = tuple(replace(one, tried=one.tried and one.due_on != today) for one in plan.parts)
        await work.plans.update(replace(plan, parts=parts))
    await review_plans(work, tenant_id)
