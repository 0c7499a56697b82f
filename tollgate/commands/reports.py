"""Statements, receivables, revenue, exports."""

from typing import Annotated

import typer

from tollgate.files import writing
from tollgate.inputs import Out, TenantWord
from tollgate.session import Session

reports = typer.Typer(no_args_is_help=True, help="Statements, receivables, revenue, exports.")


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(reports, name="reports")


@reports.command("statement")
def statement(
    ctx: typer.Context,
    tenant: TenantWord,
    start: Annotated[str | None, typer.Option("--from", help="First day.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The day after the last.")] = None,
) -> None:
    """A tenant's account: invoices, credit notes, payments, balance."""
    session: Session = ctx.obj
    answer = session.api.get(
        "/tenants/{tenant_id}/statement",
        query={"from": start, "to": end},
        tenant_id=session.tenant(tenant),
    )
    session.show(answer)


@reports.command("aged")
def aged(ctx: typer.Context) -> None:
    """What is owed, by tenant and by how long it has been due."""
    session: Session = ctx.obj
    session.show(session.api.get("/reports/aged-receivables"))


@reports.command("revenue")
def revenue(
    ctx: typer.Context,
    start: Annotated[str, typer.Option("--from", help="First day.")],
    end: Annotated[str, typer.Option("--to", help="The day after the last.")],
    by: Annotated[str, typer.Option(help="day, week, month, quarter or year")] = "month",
) -> None:
    """Issued net of credit notes, by kind of line; tax beside it."""
    session: Session = ctx.obj
    session.show(session.api.get("/reports/revenue", query={"from": start, "to": end, "by": by}))


@reports.command("export")
def export(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="journal, invoices, invoice-lines or credit-notes")],
    start: Annotated[str | None, typer.Option("--from", help="First day.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The day after the last.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv or jsonl")] = "csv",
    out: Out = None,
) -> None:
    """Write the books to a file."""
    session: Session = ctx.obj
    with writing(out, f"{kind}.{form}") as to:
        session.api.download("/exports/{kind}", to, query={"from": start, "to": end, "form": form}, kind=kind)
