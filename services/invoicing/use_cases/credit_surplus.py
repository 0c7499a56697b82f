"""Reductions that found no room on an invoice become credit notes on the lines they take back (R29)."""

from collections import defaultdict
from dataclasses import replace

from services.invoicing.domain.credit_notes import (
    Creditable,
    credit_gross_of_lines,
    credit_lines,
    gross_room,
)
from services.invoicing.domain.differences import Surplus
from services.invoicing.domain.invoices import Draft
from services.invoicing.use_cases.issue_credit_note import issue_credit_note, owned_invoice
from services.invoicing.use_cases.ports import Work
from services.invoicing.use_cases.read_closing import Closing
from shared.ids import InvoiceId, derived_id


async def credit_surplus(work: Work, closing: Closing, draft: Draft) -> Draft:
    """Issues the notes; the draft as it then is: credited reductions count as billed, the rest waits.

    A note takes the rate of the line it corrects (R33), lowers what is open on its invoice, and becomes account
    credit for the rest. A reduction of tax-inclusive prices is tax included, and so is what its note takes (R35).
    What no line holds any more stays a reduction of later invoices.
    """
    if not draft.surplus:
        return draft
    tenant_id = closing.tenant.tenant_id
    asked: dict[InvoiceId, dict[int, int]] = defaultdict(dict)
    known: dict[InvoiceId, Creditable] = {}
    billed = {start: dict(kept) for start, kept in draft.billed.items()}
    rest: list[Surplus] = []
    for one in draft.surplus:
        wanted = one.minor
        for invoice_id, position in await work.credit_notes.lines_of(tenant_id, one.key, one.start):
            if invoice_id not in known:
                known[invoice_id] = await work.credit_notes.creditable(tenant_id, invoice_id)
            taken = min(wanted, _room(known[invoice_id], asked[invoice_id], position))
            if taken > 0:
                asked[invoice_id][position] = asked[invoice_id].get(position, 0) + taken
                wanted -= taken
        before = billed[one.start][one.key]
        done = one.minor - wanted
        billed[one.start][one.key] = replace(before, minor=before.minor - done, noted=before.noted + done)
        if wanted:
            rest.append(replace(one, minor=wanted))
    for invoice_id, lines in asked.items():
        if lines:
            await _note(work, closing, invoice_id, known[invoice_id], lines)
    return replace(draft, billed=billed, surplus=tuple(rest))


def _room(what: Creditable, asked: dict[int, int], position: int) -> int:
    """What can still be taken off a line, and off the invoice, reductions on it counted; as its prices say it."""
    if what.prices_include_tax:
        of_lines = gross_room(what, {position, *asked}) - sum(asked.values())
        return max(min(gross_room(what, {position}) - asked.get(position, 0), of_lines), 0)
    line = next(one for one in what.lines if one.position == position)
    of_invoice = min(what.base_minor, what.net_rest_minor) - sum(asked.values())
    return max(min(line.rest_minor - asked.get(position, 0), of_invoice), 0)


async def _note(
    work: Work, closing: Closing, invoice_id: InvoiceId, what: Creditable, lines: dict[int, int]
) -> None:
    provider_id, tenant_id = closing.provider.provider_id, closing.tenant.tenant_id
    invoice = await owned_invoice(work, provider_id, tenant_id, invoice_id)
    await issue_credit_note(
        work,
        invoice,
        credit_gross_of_lines(what, lines) if what.prices_include_tax else credit_lines(what, lines),
        credit_note_id=derived_id("surplus", tenant_id, invoice_id, closing.period.span.start, closing.now),
        reason="Reductions above the charges of a later invoice",
        use="balance_first",
    )
