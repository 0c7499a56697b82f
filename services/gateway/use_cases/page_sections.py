"""The sections of the Billing page, made of what the services answered: each is there, or says why it is not."""

from dataclasses import dataclass
from typing import TypeVar

from services.gateway.domain.balance import OpenInvoice, Strip, balance_strip
from services.gateway.domain.service_status import service_status
from services.gateway.use_cases import answers, views
from services.gateway.use_cases.answers import Amount
from services.gateway.use_cases.attempt import Away, Found
from shared.ids import InvoiceId
from shared.money import Currency, Money, total

TITLES = {
    "balance": "Your balance can't be loaded right now.",
    "subscription": "Your subscription can't be loaded right now.",
    "usage": "Usage can't be loaded right now.",
    "methods": "Payment methods can't be loaded right now.",
    "invoices": "Invoices can't be loaded right now.",
    "standing": "Whether your phone service runs can't be told right now.",
    "payments": "Payment history can't be loaded right now.",
}
NO_PERIOD = "There is no running period."
WHY_NO_PERIOD = "The subscription has ended; what was used is on its last invoice."
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back, each answer or its absence. ``usage`` None: no period runs."""

    provider: Found[answers.Provider] | Away
    tenant: Found[answers.Tenant] | Away
    standing: Found[answers.Standing] | Away
    summary: Found[answers.Summary] | Away
    preview: Found[answers.Preview] | Away
    usage: Found[answers.Usage] | Away | None
    methods: Found[answers.Methods] | Away
    invoices: Found[answers.InvoiceList] | Away
    open_invoices: Found[answers.InvoiceList] | Away
    payments: Found[answers.PaymentList] | Away


def plain_section(section: Found[S] | Away, name: str) -> S | views.Missing:
    return section.value if isinstance(section, Found) else section.as_section(TITLES[name])


def balance_section(heard: Heard) -> views.Balance | views.Missing:
    if isinstance(heard.open_invoices, Away):
        return heard.open_invoices.as_section(TITLES["balance"])
    rows = heard.open_invoices.value.invoices
    summary = heard.summary.value if isinstance(heard.summary, Found) else None
    currency = rows[0].balance.currency if rows else summary.currency if summary else None
    if currency is None:
        return views.Missing(
            error=views.SectionError(
                title=TITLES["balance"], detail="The service invoicing is away right now; try again."
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


def subscription_section(heard: Heard) -> views.Subscription | views.Missing:
    if isinstance(heard.summary, Away):
        return heard.summary.as_section(TITLES["subscription"])
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


def usage_section(heard: Heard) -> views.UsageView | views.Missing:
    if isinstance(heard.summary, Away):
        return heard.summary.as_section(TITLES["usage"])
    if isinstance(heard.usage, Away):
        return heard.usage.as_section(TITLES["usage"])
    if heard.usage is None or heard.summary.value.period is None:
        return views.Missing(error=views.SectionError(title=NO_PERIOD, detail=WHY_NO_PERIOD))
    preview = heard.preview.value if isinstance(heard.preview, Found) else None
    return usage_view(heard.summary.value, heard.summary.value.period, heard.usage.value, preview)


def usage_view(
    summary: answers.Summary, period: answers.Period, usage: answers.Usage, preview: answers.Preview | None
) -> views.UsageView:
    """``preview`` None: what it comes to cannot be worked out now."""
    included, prices = summary.plan.included, summary.plan.prices
    lines = _usage_lines(preview)
    return views.UsageView(
        billing_model=summary.plan.billing_model,
        as_of=usage.as_of,
        period=period,
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
        by_class=usage.by_class,
        bundles=usage.bundles,
        spending=usage.spending,
        warnings=usage.warnings,
        lines=lines,
        accruing=None
        if lines is None
        else _amount(total((_money(line.amount) for line in lines), Currency(summary.currency))),
    )


def _usage_lines(preview: answers.Preview | None) -> tuple[answers.Line, ...] | None:
    """The lines of the running period's usage; the next fee and one-time charges are no usage."""
    if preview is None:
        return None
    return tuple(line for line in preview.lines if line.kind in answers.USAGE_KINDS)


def _money(amount: Amount) -> Money:
    return Money(amount.minor, Currency(amount.currency))


def _amount(money: Money) -> Amount:
    return Amount(minor=money.minor, currency=money.currency)
