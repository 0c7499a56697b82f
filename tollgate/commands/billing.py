"""What is put on a bill by hand: charges, and account credit."""

from typing import Annotated

import typer

from tollgate import inputs
from tollgate.inputs import Reason, TenantWord
from tollgate.session import Session

charges = typer.Typer(no_args_is_help=True, help="One-time charges.")
credits_ = typer.Typer(no_args_is_help=True, help="Account credit.")


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(charges, name="charges")
    cli.add_typer(credits_, name="credits")


@charges.command("add")
def add_charge(
    ctx: typer.Context,
    tenant: TenantWord,
    amount: Annotated[str, typer.Argument(help="Like 25.00USD.")],
    description: str,
    on: Annotated[str, typer.Option(help="The day it is for, like 2026-01-15.")],
) -> None:
    """Put a charge on the next invoice."""
    session: Session = ctx.obj
    body = {"description": description, "amount": inputs.amount(amount), "on": on}
    session.show(session.api.post("/tenants/{tenant_id}/charges", body, tenant_id=session.tenant(tenant)))


@credits_.command("list")
def list_credits(ctx: typer.Context, tenant: TenantWord) -> None:
    """What is left, and where it came from."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}/credits", tenant_id=session.tenant(tenant)))


@credits_.command("give")
def give_credit(
    ctx: typer.Context,
    tenant: TenantWord,
    amount: Annotated[str, typer.Argument(help="Like 25.00USD.")],
    reason: Reason,
) -> None:
    """Give account credit: it comes off the next invoices."""
    session: Session = ctx.obj
    body = {"amount": inputs.amount(amount), "reason": reason, "request_id": inputs.request_id()}
    session.show(session.api.post("/tenants/{tenant_id}/credits", body, tenant_id=session.tenant(tenant)))


@credits_.command("payout")
def pay_out(
    ctx: typer.Context,
    tenant: TenantWord,
    reference: Annotated[str, typer.Option(help="Of the transfer that paid it.")],
) -> None:
    """Note that a closed tenant's credit was paid out."""
    session: Session = ctx.obj
    body = {"reference": reference, "request_id": inputs.request_id()}
    session.show(
        session.api.post("/tenants/{tenant_id}/credits/payout", body, tenant_id=session.tenant(tenant))
    )
