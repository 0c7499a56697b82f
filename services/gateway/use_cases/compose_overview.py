"""The whole Billing page in one answer: every service is asked at once, and each section fails alone."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from services.gateway.use_cases import answers, views
from services.gateway.use_cases.attempt import Away, Found, attempt
from services.gateway.use_cases.compose_session import Person, make_session
from services.gateway.use_cases.page_sections import (
    NO_PERIOD,
    WHY_NO_PERIOD,
    Heard,
    balance_section,
    plain_section,
    subscription_section,
    usage_section,
    usage_view,
)
from services.gateway.use_cases.ports import Invoicing, Payments, Suspension, Usage, Whose
from shared.errors import NotFound

INVOICES_SHOWN = 12
PAYMENTS_SHOWN = 10
# Open invoices that the strip adds up; a tenant with more has been suspended long before.
OPEN_INVOICES_MAX = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """Everybody who is asked."""

    invoicing: Invoicing
    usage: Usage
    payments: Payments
    suspension: Suspension


async def compose_overview(services: Services, person: Person, stripe: views.StripeView) -> views.Overview:
    """All sections for the tenant of ``person``. Takes as long as the slowest service, at most its deadline."""
    if person.whose is None:
        raise ValueError("an overview belongs to a tenant")
    heard = await _ask_all(services, person.whose)
    return views.Overview(
        session=make_session(person, heard.provider, heard.tenant, heard.standing, stripe),
        balance=balance_section(heard),
        subscription=subscription_section(heard),
        usage=usage_section(heard),
        methods=plain_section(heard.methods, "methods"),
        invoices=plain_section(heard.invoices, "invoices"),
        payments=plain_section(heard.payments, "payments"),
        standing=plain_section(heard.standing, "standing"),
    )


async def _ask_all(services: Services, whose: Whose) -> Heard:
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
    return Heard(
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
) -> Found[answers.Usage] | Away | None:
    """Usage is asked for the period that invoicing runs, so it waits for the summary. None: no period runs."""
    known = await summary
    if isinstance(known, Away):
        return known
    period = known.value.period
    return None if period is None else await attempt(_figures(usage, whose, known.value, period))


def _figures(
    usage: Usage, whose: Whose, summary: answers.Summary, period: answers.Period
) -> Coroutine[Any, Any, answers.Usage]:
    return usage.figures(
        whose,
        start_date=period.start_date,
        end_date=period.end_date,
        plan_id=summary.plan_id,
        plan_version=summary.plan_version,
    )


async def compose_usage(services: Services, whose: Whose) -> views.UsageView:
    """The section Usage This Period alone. Raises what the services refuse, ``NotFound`` when no period runs."""
    summary, preview = await asyncio.gather(
        services.invoicing.summary(whose), attempt(services.invoicing.preview(whose))
    )
    if summary.period is None:
        raise NotFound(f"{NO_PERIOD} {WHY_NO_PERIOD}")
    usage = await _figures(services.usage, whose, summary, summary.period)
    return usage_view(summary, summary.period, usage, preview.value if isinstance(preview, Found) else None)
