"""The whole Billing page in one answer: every service is asked at once, and each section fails alone."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from services.gateway.domain.balance import OpenInvoice, Strip, balance_strip
from services.gateway.domain.service_status import service_status
from services.gateway.use_cases import answers, views
from services.gateway.use_cases.answers import Amount
from services.gateway.use_cases.attempt import Away, Found, attempt
from services.gateway.use_cases.compose_session import Person, make_session
from services.gateway.use_cases.ports import Invoicing, Payments, Suspension, Usage, Whose
from shared.ids import InvoiceId
from shared.money import Currency, Money, total

INVOICES_SHOWN = 12
PAYMENTS_SHOWN = 10
# Open invoices that the strip adds up; a tenant with more has been suspended long before.
OPEN_INVOICES_MAX = 100

_TITLES = {
    "balance": "Your balance can't be loaded right now.",
    "subscription": "Your subscription can't be loaded right now.",
    "usage": "Usage can't be loaded right now.",
    "methods": "Payment methods can't be loaded right now.",
    "invoices": "Invoices can't be loaded right now.",
    "standing": "Whether your phone service runs can't be told right now.",
    "payments": "Payment history can't be loaded right now.",
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """Everybody who is asked."""

    invoicing: Invoicing
    usage: Usage
    payments: Payments
    suspension: Suspension


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came back, each answer or its absence."""

    provider: Found[answers.Provider] | Away
    tenant: Found[answers.Tenant] | Away
    standing: Found[answers.Standing] | Away
    summary: Found[answers.Summary] | Away
    preview: Found[answers.Preview] | Away
    usage: Found[answers.Usage] | Away
    methods: Found[answers.Methods] | Away
    invoices: Found[answers.InvoiceList] | Away
    open_invoices: Found[answers.InvoiceList] | Away
    payments: Found[answers.PaymentList] | Away


async def compose_overview(services: Services, person: Person, stripe: views.StripeView) -> views.Overview:
    """All sections for the tenant of ``person``. Takes as long as the slowest service, at most its deadline."""
    if person.whose is None:
        raise ValueError("an overview belongs to a tenant")
    heard = await _ask_all(services, person.whose)
    return views.Overview(
        session=make_session(person, heard.provider, heard.tenant, heard.standing, stripe),
        balance=_balance(heard),
        subscription=_subscription(heard),
        usage=_usage(heard),
        methods=_plain(heard.methods, "methods"),
        invoices=_plain(heard.invoices, "invoices"),
        payments=_plain(heard.payments, "payments"),
        standing=_plain(heard.standing, "standing"),
    )


async def _ask_all(services: Services, whose: Whose) -> _Heard:
    def start(asked: Coroutine[Any, Any, T]) -> asyncio.Task[Found[T] | Away]:
        return asyncio.create_task(attempt(asked))

    invoicing = services.invoicing
    summary = start(invoicing.summary(whose))
    provider = start(invoicing.provider(whose.provider_id))
    tenant = start(invoicing.tenant(whose))
    preview = start(invoicing.preview(whose))
    invoices = start(invoicing.invoices(whose, status=None, cursor=None, limit=INVOICES_SHOWN))
    unpaid = start(invoicing.invoices(whose, status="unpaid", cursor=None, limit=OPEN_INVOICES_MAX))
    standing = start(services.suspension.standing(whose))
    methods = start(services.payments.methods(whose))
    payments = start(services.payments.payments(whose, cursor=None, limit=PAYMENTS_SHOWN))
    usage = asyncio.create_task(_usage_figures(services.usage, whose, summary))
    return _Heard(
        provider=await provider,
        tenant=await tenant,
        standing=await standing,
        summary=await summary,
        preview=await preview,
        usage=await usage,
        methods=await methods,
        invoices=await invoices,
        open_invoices=await unpaid,
        payments=await payments,
    )


async def _usage_figures(
    usage: Usage, whose: Whose, summary: "asyncio.Task[Found[answers.Summary] | Away]"
) -> Found[answers.Usage] | Away:
    """Usage is asked for the period that invoicing runs, so it waits for the summary."""
    known = await summary
    if isinstance(known, Away):
        return known
    return await attempt(
        usage.figures(
            whose,
            start_date=known.value.period.start_date,
            end_date=known.value.period.end_date,
            plan_id=known.value.plan_id,
            plan_version=known.value.plan_version,
        )
    )


S = TypeVar("S")


def _plain(section: Found[S] | Away, name: str) -> S | views.Missing:
    return section.value if isinstance(section, Found) else section.as_section(_TITLES[name])


# -- sections -----------------------------------------------------------------------------------------------------


def _balance(heard: _Heard) -> views.Balance | views.Missing:
    if isinstance(heard.open_invoices, Away):
        return heard.open_invoices.as_section(_TITLES["balance"])
    rows = heard.open_invoices.value.invoices
    summary = heard.summary.value if isinstance(heard.summary, Found) else None
    currency = rows[0].balance.currency if rows else summary.currency if summary else None
    if currency is None:
        return views.Missing(
            error=views.SectionError(
                title=_TITLES["balance"], detail="The service invoicing is away right now; try again."
            )
        )
    payments = heard.payments.value.payments if isinstance(heard.payments, Found) else ()
    strip = balance_strip([_open_invoice(row, payments) for row in rows], Currency(currency))
    return _balance_view(strip, summary.account_credit if summary else None)


def _open_invoice(row: answers.InvoiceRow, payments: tuple[answers.Payment, ...]) -> OpenInvoice:
    currency = Currency(row.balance.currency)
    return OpenInvoice(
        invoice_id=row.invoice_id,
        number=row.number,
        due_on=row.due_on,
        total=_money(row.total),
        paid=_money(row.paid),
        balance=_money(row.balance),
        overdue=row.status == "Overdue",
        on_its_way=total(_processing(row.invoice_id, payments), currency),
    )


def _processing(invoice_id: InvoiceId, payments: tuple[answers.Payment, ...]) -> list[Money]:
    return [
        _money(part.amount)
        for payment in payments
        if payment.status == "processing"
        for part in payment.invoices
        if part.invoice_id == invoice_id
    ]


def _balance_view(strip: Strip, account_credit: Amount | None) -> views.Balance:
    return views.Balance(
        face=strip.face,
        balance=_amount(strip.balance),
        overdue=_amount(strip.overdue),
        on_its_way=_amount(strip.on_its_way),
        account_credit=account_credit,
        due_on=strip.due_on,
        invoices=tuple(
            views.OpenInvoiceView(
                invoice_id=one.invoice_id,
                number=one.number,
                due_on=one.due_on,
                total=_amount(one.total),
                paid=_amount(one.paid),
                balance=_amount(one.balance),
                overdue=one.overdue,
                on_its_way=_amount(one.on_its_way),
            )
            for one in strip.invoices
        ),
    )


def _subscription(heard: _Heard) -> views.Subscription | views.Missing:
    if isinstance(heard.summary, Away):
        return heard.summary.as_section(_TITLES["subscription"])
    summary = heard.summary.value
    suspended = heard.standing.value.suspended if isinstance(heard.standing, Found) else None
    return views.Subscription(
        plan_name=summary.plan.name,
        status=service_status(summary.status, suspended=suspended),
        billing_model=summary.plan.billing_model,
        monthly_fee=summary.plan.monthly_fee,
        period=summary.period,
        next_invoice_on=summary.next_invoice_on,
        trial_ends_on=summary.trial_ends_on,
        next_invoice=heard.preview.value if isinstance(heard.preview, Found) else None,
    )


def _usage(heard: _Heard) -> views.UsageView | views.Missing:
    if isinstance(heard.usage, Away):
        return heard.usage.as_section(_TITLES["usage"])
    if isinstance(heard.summary, Away):
        return heard.summary.as_section(_TITLES["usage"])
    usage, summary = heard.usage.value, heard.summary.value
    included, prices = summary.plan.included, summary.plan.prices
    lines = _usage_lines(heard.preview)
    return views.UsageView(
        billing_model=summary.plan.billing_model,
        as_of=usage.as_of,
        period=summary.period,
        extensions=views.Product(
            used=usage.extensions.peak, included=included.extensions, unit_price=str(prices.extension)
        ),
        dids=views.Product(used=usage.dids.peak, included=included.dids, unit_price=str(prices.did)),
        minutes=views.MinutesView(
            billed_seconds=usage.billed_seconds,
            included_seconds=usage.included_seconds,
            unit_price=str(prices.minute),
        ),
        days=usage.days,
        lines=lines,
        accruing=None
        if lines is None
        else _amount(total((_money(line.amount) for line in lines), Currency(summary.currency))),
    )


def _usage_lines(preview: Found[answers.Preview] | Away) -> tuple[answers.Line, ...] | None:
    """The lines of the running period's usage; the next fee and one-time charges are no usage."""
    if isinstance(preview, Away):
        return None
    return tuple(line for line in preview.value.lines if line.kind in answers.USAGE_KINDS)


def _money(amount: Amount) -> Money:
    return Money(amount.minor, Currency(amount.currency))


def _amount(money: Money) -> Amount:
    return Amount(minor=money.minor, currency=money.currency)
