"""Invoices and credit notes: lists, documents, explanations, corrections."""

from typing import Annotated

import typer

from tollgate import inputs
from tollgate.errors import WrongUse
from tollgate.files import ENDING, named, writing
from tollgate.inputs import Limit, Out, Reason, TenantWord
from tollgate.session import Session

invoices = typer.Typer(no_args_is_help=True, help="Invoices.")
notes = typer.Typer(no_args_is_help=True, help="Credit notes.")
InvoiceWord = Annotated[str, typer.Argument(metavar="INVOICE", help="Number or id.")]
Form = Annotated[str, typer.Option(help="pdf, facturx, cii or ubl")]


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(invoices, name="invoices")
    cli.add_typer(notes, name="credit-notes")


def _invoice(session: Session, tenant_id: str, word: str) -> str:
    """The id of an invoice by its number."""
    return named(session, "/tenants/{tenant_id}/invoices", "invoices", "invoice_id", tenant_id, word)


@invoices.command("list")
def list_invoices(
    ctx: typer.Context,
    tenant: TenantWord,
    status: Annotated[str | None, typer.Option(help="open, paid, overdue and so on")] = None,
    limit: Limit = 50,
) -> None:
    """Newest first."""
    session: Session = ctx.obj
    answer = session.api.pages(
        "/tenants/{tenant_id}/invoices",
        rows="invoices",
        query={"status": status, "limit": min(limit, 100)},
        most=limit,
        tenant_id=session.tenant(tenant),
    )
    columns = "number issued_on due_on total paid balance status invoice_id"
    session.show(answer, rows="invoices", columns=columns)


@invoices.command("show")
def show_invoice(ctx: typer.Context, tenant: TenantWord, invoice: InvoiceWord) -> None:
    """With its lines and taxes."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    answer = session.api.get(
        "/tenants/{tenant_id}/invoices/{invoice_id}",
        tenant_id=tenant_id,
        invoice_id=_invoice(session, tenant_id, invoice),
    )
    session.show(answer)


@invoices.command("document")
def invoice_document(
    ctx: typer.Context, tenant: TenantWord, invoice: InvoiceWord, form: Form = "pdf", out: Out = None
) -> None:
    """Write the document to a file."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    invoice_id = _invoice(session, tenant_id, invoice)
    with writing(out, f"{invoice}.{ENDING.get(form, form)}") as to:
        session.api.download(
            "/tenants/{tenant_id}/invoices/{invoice_id}/documents/{form}",
            to,
            tenant_id=tenant_id,
            invoice_id=invoice_id,
            form=form,
        )


@invoices.command("drafts")
def drafts(ctx: typer.Context, tenant: TenantWord) -> None:
    """What would be invoiced next, computed and not stored."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}/drafts", tenant_id=session.tenant(tenant)))


@invoices.command("explain")
def explain(
    ctx: typer.Context,
    tenant: TenantWord,
    invoice: InvoiceWord,
    locale: Annotated[str | None, typer.Option(help="Like de-DE; by default the tenant's.")] = None,
) -> None:
    """Why it differs from the one before."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    answer = session.api.get(
        "/tenants/{tenant_id}/invoices/{invoice_id}/explanation",
        query={"locale": locale},
        tenant_id=tenant_id,
        invoice_id=_invoice(session, tenant_id, invoice),
    )
    session.show(answer)


@invoices.command("credit")
def credit_invoice(
    ctx: typer.Context,
    tenant: TenantWord,
    invoice: InvoiceWord,
    reason: Reason,
    full: Annotated[bool, typer.Option("--full", help="All of it.")] = False,
    line: Annotated[
        list[str] | None, typer.Option(help="LINE_ID=AMOUNT, net, like 3=12.50USD; repeatable.")
    ] = None,
    to: Annotated[str, typer.Option(help="credit or method")] = "credit",
) -> None:
    """Issue a credit note, whole or by line."""
    session: Session = ctx.obj
    if full == bool(line):
        raise WrongUse("Say --full, or one or more --line LINE_ID=AMOUNT.")
    tenant_id = session.tenant(tenant)
    body = {
        "full": full,
        "lines": [_line(one) for one in line] if line else None,
        "reason": reason,
        "to": to,
        "request_id": inputs.request_id(),
    }
    answer = session.api.post(
        "/tenants/{tenant_id}/invoices/{invoice_id}/credit-notes",
        body,
        tenant_id=tenant_id,
        invoice_id=_invoice(session, tenant_id, invoice),
    )
    session.show(answer)


def _line(word: str) -> dict[str, object]:
    line_id, equals, amount = word.partition("=")
    if not equals or not line_id.isdecimal():
        raise WrongUse(f"{word!r}: write a line as LINE_ID=AMOUNT, like 3=12.50USD.")
    return {"line_id": int(line_id), "amount": inputs.amount(amount)}


@invoices.command("cancel")
def cancel_invoice(ctx: typer.Context, tenant: TenantWord, invoice: InvoiceWord, reason: Reason) -> None:
    """Cancel an unpaid invoice; its number is kept."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    answer = session.api.post(
        "/tenants/{tenant_id}/invoices/{invoice_id}/cancel",
        {"reason": reason},
        tenant_id=tenant_id,
        invoice_id=_invoice(session, tenant_id, invoice),
    )
    session.show(answer)


@notes.command("list")
def list_notes(ctx: typer.Context, tenant: TenantWord) -> None:
    """A tenant's credit notes."""
    session: Session = ctx.obj
    answer = session.api.get("/tenants/{tenant_id}/credit-notes", tenant_id=session.tenant(tenant))
    columns = "number invoice_number issued_on total reason credit_note_id"
    session.show(answer, rows="credit_notes", columns=columns)


@notes.command("show")
def show_note(ctx: typer.Context, tenant: TenantWord, credit_note_id: str) -> None:
    """With its lines."""
    session: Session = ctx.obj
    answer = session.api.get(
        "/tenants/{tenant_id}/credit-notes/{credit_note_id}",
        tenant_id=session.tenant(tenant),
        credit_note_id=credit_note_id,
    )
    session.show(answer)


@notes.command("document")
def note_document(
    ctx: typer.Context, tenant: TenantWord, credit_note_id: str, form: Form = "pdf", out: Out = None
) -> None:
    """Write the document to a file."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    with writing(out, f"{credit_note_id}.{ENDING.get(form, form)}") as to:
        session.api.download(
            "/tenants/{tenant_id}/credit-notes/{credit_note_id}/documents/{form}",
            to,
            tenant_id=tenant_id,
            credit_note_id=credit_note_id,
            form=form,
        )
