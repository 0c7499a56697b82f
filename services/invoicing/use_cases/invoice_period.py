"""Due periods, first fees and late usage of closed tenants become invoices, many tenants in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from services.invoicing.domain.invoices import Draft, make_invoice
from services.invoicing.domain.lines import Billed
from services.invoicing.use_cases.credit_surplus import credit_surplus
from services.invoicing.use_cases.issue_invoice import Issue, issue_invoices
from services.invoicing.use_cases.ports import Period, Work
from services.invoicing.use_cases.read_closing import Closing, read_closings
from services.invoicing.use_cases.take_totals import period_trace
from services.invoicing.use_cases.tax_terms import terms
from shared.ids import TenantId

InvoiceStep = Literal["final", "fee", "late"]


@dataclass(frozen=True, slots=True)
class Failed:
    """A period that cannot be drafted as things are."""

    period: Period
    error: Exception


async def invoice_due(work: Work, step: InvoiceStep, found: Sequence[Period]) -> tuple[int, list[Failed]]:
    """Issues what is due of one provider's ``found`` periods, at most one for a tenant; how many were dealt with.

    Tenants whose lock somebody else holds are left for the next time. Rows read again under the lock are the claim.
    """
    locked = await work.try_lock_tenants([one.tenant_id for one in found])
    keys = [(one.tenant_id, one.span.start) for one in found if one.tenant_id in locked]
    if not keys:
        return 0, []
    still_due = [one for one in await work.periods.get_all(keys) if _is_due(step, one)]
    drafts: list[tuple[Closing, Draft]] = []
    failed: list[Failed] = []
    for closing in await read_closings(work, still_due):
        try:
            drafts.append((closing, draft_of(step, closing)))
        except Exception as error:
            failed.append(Failed(closing.period, error))
    await _issue(work, step, drafts)
    return len(still_due), failed


def _is_due(step: InvoiceStep, period: Period) -> bool:
    if period.parked_reason is not None:
        return False
    if step == "final":
        return period.state == "metered"
    return (period.fee_due_at if step == "fee" else period.late_due_at) is not None


def draft_of(step: InvoiceStep, closing: Closing) -> Draft:
    """The invoice of a step, pure.

    ``final``: usage of the ended period and the fee of the next (R28). ``fee``: the first fee by itself, at opening
    or at the trial's end (R44). ``late``: what usage found after a tenant closed (R43).
    """
    period = closing.period
    late = list(closing.late)
    if step == "late":
        late.insert(0, period)
    after = closing.following if step == "final" else None
    return make_invoice(
        closing.tenant.currency,
        usage=closing.usage(period, ended=True) if step == "final" else None,
        fee=closing.fee(period) if step == "fee" else closing.fee(after) if after else None,
        charges=closing.due_charges(),
        late=[closing.usage(one) for one in late],
        **terms(closing.provider, closing.tenant, closing.now, period.span if step == "final" else None),
    )


async def _issue(work: Work, step: InvoiceStep, drafts: Sequence[tuple[Closing, Draft]]) -> None:
    """One invoice for each draft that has anything on it; what was billed is kept either way."""
    minimums: dict[str, int] = {}
    issues = []
    for closing, draft in drafts:
        code = draft.total.currency
        if code not in minimums:
            minimums[code] = await work.providers.card_minimum(closing.provider.provider_id, code)
        if draft.lines or step == "final":
            issues.append(
                Issue(
                    closing.provider,
                    closing.tenant,
                    draft,
                    _cause(step, closing.period),
                    closing.credits,
                    minimums[code],
                    period_trace(closing.tenant.tenant_id, closing.period.span.start),
                )
            )
    await issue_invoices(work, issues)
    settled = [(closing, await credit_surplus(work, closing, draft)) for closing, draft in drafts]
    await work.periods.save_billed(
        [one for closing, draft in settled for one in _after(step, closing, draft)]
    )


def _cause(step: InvoiceStep, period: Period) -> str:
    if step == "final":
        return f"period {period.span.start}"
    if step == "fee":
        return f"first fee {period.span.start}"
    revision = period.totals.revision if period.totals else 0
    return f"late usage {period.span.start} {revision}"


def _after(step: InvoiceStep, closing: Closing, draft: Draft) -> list[Period]:
    """The periods as they are once the invoice is out; with a rest that found no room one stays late (R29)."""
    resting = {one.start for one in draft.surplus}
    changed: dict[tuple[TenantId, date], Period] = {}
    for one in (closing.period, *closing.late, *([closing.following] if closing.following else [])):
        billed: Mapping[str, Billed] | None = draft.billed.get(one.span.start)
        if billed is None:
            continue
        fee_due_at = None if step != "late" else one.fee_due_at
        changed[one.tenant_id, one.span.start] = replace(
            one,
            state="invoiced" if step == "final" and one is closing.period else one.state,
            billed=billed,
            late=one.span.start in resting,
            fee_due_at=fee_due_at,
            late_due_at=None,
        )
    return list(changed.values())
