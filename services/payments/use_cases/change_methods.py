"""Default, delete and auto-pay (R61, R62)."""

from dataclasses import dataclass, replace

import structlog

from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.methods import AutoPay, Method, after_removal, label
from services.payments.domain.states import State
from services.payments.use_cases.find_tenant import find_method, find_tenant
from services.payments.use_cases.open_payment import payable
from services.payments.use_cases.payment_events import shown_method
from services.payments.use_cases.ports import Gateway, GatewayRefused, GatewayUnreachable, OpenWork, Work
from services.payments.use_cases.save_method import make_default, retry_open_invoices
from shared.errors import Conflict
from shared.events.payments import AutoPayChanged, MethodRemoved
from shared.ids import InvoiceId, MethodId, ProviderId, TenantId

log = structlog.get_logger(__name__)


async def list_methods(
    work: Work, provider_id: ProviderId, tenant_id: TenantId
) -> tuple[list[Method], AutoPay | None]:
    await find_tenant(work, provider_id, tenant_id)
    account = await work.accounts.of(provider_id)
    return await work.methods.saved(tenant_id, account), await work.methods.auto_pay(tenant_id)


async def set_default(work: Work, provider_id: ProviderId, tenant_id: TenantId, method_id: MethodId) -> None:
    """A new default retries at once what auto-pay could not collect before."""
    await work.lock_tenant(tenant_id)
    saved, _ = await list_methods(work, provider_id, tenant_id)
    method = find_method(saved, method_id)
    if method.blocked:
        raise Conflict(
            f"{label(method.facts)} can no longer be used. Choose another payment method or add one.",
            slug="method-blocked",
        )
    if method.is_default:
        return
    await make_default(work, saved, method_id)
    await retry_open_invoices(work, provider_id, tenant_id)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What followed from a deletion, so that the page can say it."""

    default: MethodId | None
    auto_pay_turned_off: bool


async def delete_method(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    method_id: MethodId,
    *,
    next_default: MethodId | None,
    by: str,
) -> Deleted:
    """Raises ``Conflict`` when it is the default and the next one was not chosen, or a payment is on its way with it.

    Stripe is told afterwards, by a loop: until then the method is merely unused.
    """
    await work.lock_tenant(tenant_id)
    saved, _ = await list_methods(work, provider_id, tenant_id)
    method = find_method(saved, method_id)
    await _refuse_while_used(work, method)
    default, ends_auto_pay = after_removal(saved, method_id, next_default)
    turned_off = await _remove(work, method, saved, default, ends_auto_pay=ends_auto_pay, by=by)
    return Deleted(default, turned_off)


async def _refuse_while_used(work: Work, method: Method) -> None:
    open_invoices = [invoice.invoice_id for invoice in await work.invoices.open_of(method.tenant_id)]
    for attempt in await work.attempts.open_on(method.tenant_id, open_invoices):
        waits = attempt.state is State.REQUIRES_ACTION
        if attempt.stripe_method == method.facts.stripe_method and not waits:
            raise Conflict("A payment with this method is on its way. Delete it when that has ended.")


async def _remove(
    work: Work,
    method: Method,
    saved: list[Method],
    default: MethodId | None,
    *,
    ends_auto_pay: bool,
    by: str,
    detached: bool = False,
) -> bool:
    now = await work.now(method.provider_id)
    had = next((one.method_id for one in saved if one.is_default), None)
    await work.methods.update(replace(method, is_default=False, removed_at=now, detached=detached))
    await make_default(work, [one for one in saved if one.method_id != method.method_id], default)
    work.emit(
        MethodRemoved(
            provider_id=method.provider_id, tenant_id=method.tenant_id, method=shown_method(method)
        ),
        time=now,
    )
    if default is not None and default != had:
        await retry_open_invoices(work, method.provider_id, method.tenant_id)
    if ends_auto_pay:
        return await _switch(work, method.provider_id, method.tenant_id, enabled=False, by=by)
    return False


async def forget_method(open_work: OpenWork, account: str, stripe_method: str) -> str | None:
    """A method was detached at Stripe itself. Nobody chose a next default, and another method is not charged
    unasked: when the default goes, auto-pay ends. Answers why the event is ignored, or None.
    """
    async with open_work() as work:
        method = await work.methods.find(account, stripe_method)
        if method is None:
            return "the payment method is none of ours"
        await work.lock_tenant(method.tenant_id)
        saved = await work.methods.saved(method.tenant_id, account)
        held = next((one for one in saved if one.method_id == method.method_id), None)
        if held is None:
            return None
        rest = next((one.method_id for one in saved if one.is_default and one is not held), None)
        await _remove(work, held, saved, rest, ends_auto_pay=held.is_default, by="stripe", detached=True)
    return None


async def detach_removed(open_work: OpenWork, gateway: Gateway, *, limit: int = 8) -> int:
    """Tells Stripe which methods were deleted here."""
    async with open_work() as work:
        removed = await work.methods.to_detach(limit)
    done = 0
    for method in removed:
        try:
            await gateway.detach_method(method.account, method.facts.stripe_method)
        except GatewayUnreachable:
            continue
        except GatewayRefused as error:
            # Stripe has it no longer attached, which is what we wanted.
            log.info("method was detached before", method_id=str(method.method_id), error=str(error))
        async with open_work() as work:
            await work.methods.update(replace(method, detached=True))
        done += 1
    return done


async def set_auto_pay(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    *,
    enabled: bool,
    by: str,
    text_version: str | None = None,
    ip: str | None = None,
) -> tuple[AutoPay, list[tuple[OpenInvoice, int]]]:
    """Records the consent or its withdrawal: who and when. Turning it on answers the open invoices with what is
    left to pay, which are offered and not charged (R61). Raises ``Conflict`` without a default method.
    """
    await work.lock_tenant(tenant_id)
    saved, _ = await list_methods(work, provider_id, tenant_id)
    if enabled and not any(method.is_default and not method.blocked for method in saved):
        raise Conflict("Auto-pay needs a default payment method. Add one, then turn auto-pay on.")
    await _switch(work, provider_id, tenant_id, enabled=enabled, by=by, text_version=text_version, ip=ip)
    now_held = await work.methods.auto_pay(tenant_id)
    if now_held is None:
        at = await work.now(provider_id)
        now_held = AutoPay(provider_id, tenant_id, False, at, by, work.system_now())
    return now_held, await _offered(work, tenant_id) if enabled else []


async def _offered(work: Work, tenant_id: TenantId) -> list[tuple[OpenInvoice, int]]:
    invoices = await work.invoices.open_of(tenant_id)
    left: dict[InvoiceId, int] = await payable(work, invoices)
    return [(invoice, left[invoice.invoice_id]) for invoice in invoices if left[invoice.invoice_id] > 0]


async def _switch(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    *,
    enabled: bool,
    by: str,
    text_version: str | None = None,
    ip: str | None = None,
) -> bool:
    """True when it changed. Off also ends every planned retry."""
    held = await work.methods.auto_pay(tenant_id)
    if (held is not None and held.enabled) == enabled:
        return False
    now = await work.now(provider_id)
    consent = AutoPay(provider_id, tenant_id, enabled, now, by, work.system_now(), text_version, ip)
    await work.methods.put_auto_pay(consent)
    work.emit(AutoPayChanged(provider_id=provider_id, tenant_id=tenant_id, enabled=enabled, by=by), time=now)
    if not enabled:
        for invoice in await work.invoices.open_of(tenant_id):
            await work.invoices.put(replace(invoice, auto_pay=False, collect_at=None))
    return True
