"""The events of invoicing, made of its values."""

from typing import Literal, TypeVar

from services.invoicing.domain.catalogue import Provider, Tenant
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.settlement import Invoice
from shared.events import invoicing as events

I = TypeVar(  # noqa: E741
    "I",
    events.InvoiceIssued,
    events.InvoicePartiallyPaid,
    events.InvoicePaid,
    events.InvoiceOverdue,
    events.InvoiceCancelled,
)
T = TypeVar("T", events.TenantOpened, events.TenantChanged)


def about_invoice(kind: type[I], invoice: Invoice) -> I:
    return kind(
        provider_id=invoice.provider_id,
        tenant_id=invoice.tenant_id,
        invoice_id=invoice.invoice_id,
        number=invoice.number,
        currency=invoice.currency,
        total_minor=invoice.total_minor,
        paid_minor=invoice.paid_minor,
        balance_minor=invoice.balance_minor,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        overdue_at=invoice.overdue_at,
        collectable=invoice.collectable,
    )


def about_reopened(invoice: Invoice, why: Literal["disputed", "returned"]) -> events.InvoiceReopened:
    made = about_invoice(events.InvoicePartiallyPaid, invoice)
    return events.InvoiceReopened(**made.model_dump(), why=why)


def about_tenant(kind: type[T], tenant: Tenant) -> T:
    return kind(
        provider_id=tenant.provider_id,
        tenant_id=tenant.tenant_id,
        slug=tenant.slug,
        name=tenant.name,
        status=tenant.status,
        country=tenant.country,
        time_zone=tenant.time_zone,
        locale=tenant.locale,
        currency=tenant.currency,
        address=tenant.address,
        billing_email=tenant.billing_email,
        admin_email=tenant.admin_email,
        sip_domain=tenant.sip_domain,
        account_codes=tenant.account_codes,
        plan_id=tenant.plan_id,
        plan_version=tenant.plan_version,
        plan_from=tenant.plan_from,
        opened_on=tenant.opened_on,
        trial_ends_on=tenant.trial_ends_on,
        anchor_day=tenant.anchor_day,
    )


def about_provider(provider: Provider) -> events.ProviderChanged:
    return events.ProviderChanged(
        provider_id=provider.provider_id,
        slug=provider.slug,
        legal_name=provider.legal_name,
        address=provider.address,
        tax_id=provider.tax_id,
        currency=provider.currency,
        country=provider.country,
        time_zone=provider.time_zone,
        locale=provider.locale,
        brand=events.Brand(name=provider.brand.name, colour=provider.brand.colour, logo=provider.brand.logo),
        billing_email=provider.billing_email,
        support_phone=provider.support_phone,
        reachable_numbers=provider.reachable_numbers,
        refund_preference=provider.billing.refund_preference,
    )


def about_plan(plan: Plan) -> events.PlanChanged:
    return events.PlanChanged(
        provider_id=plan.provider_id,
        plan_id=plan.plan_id,
        version=plan.version,
        name=plan.name,
        billing_model=plan.billing_model,
        currency=plan.currency,
        minimum_seconds=plan.minimum_seconds,
        increment_seconds=plan.increment_seconds,
        included_minutes=plan.included_minutes,
        price_per_minute=plan.price_minute,
        rated_by_deck=plan.rated_by_deck,
        deck=plan.deck,
        class_terms={
            name: events.ClassTerms(
                price_per_minute=one.price_per_minute,
                connect_fee=one.connect_fee,
                minimum_seconds=one.minimum_seconds,
                increment_seconds=one.increment_seconds,
            )
            for name, one in plan.class_terms.items()
        },
        class_prices_per_minute={
            name: one.price_per_minute
            for name, one in plan.class_terms.items()
            if one.price_per_minute is not None
        },
        bundles=tuple(
            events.IncludedBundle(
                bundle=one.bundle,
                classes=one.classes,
                minutes=one.minutes,
                per_extension=one.per_extension,
                pooled=one.pooled,
            )
            for one in plan.bundles
        ),
        counts=plan.counts,
        spend_alert_minor=plan.spend_alert_minor,
        spend_limit_minor=plan.spend_limit_minor,
    )
