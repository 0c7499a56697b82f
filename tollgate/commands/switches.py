"""Where calls come from: switches that are told, trunks, and how call records are taken."""

from pathlib import Path
from typing import Annotated

import typer

from tollgate import inputs
from tollgate.errors import WrongUse
from tollgate.inputs import TenantWord
from tollgate.session import Session

switches = typer.Typer(no_args_is_help=True, help="Switches that are told of suspensions.")
trunks = typer.Typer(no_args_is_help=True, help="Trunks and whose calls they carry.")
intake = typer.Typer(no_args_is_help=True, help="How call records are taken.")


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(switches, name="switches")
    cli.add_typer(trunks, name="trunks")
    cli.add_typer(intake, name="intake")


@switches.command("list")
def list_switches(ctx: typer.Context) -> None:
    """Every switch."""
    session: Session = ctx.obj
    session.show(session.api.get("/switches"), rows="switches", columns="name kind url cut_calls")


@switches.command("show")
def show_switch(
    ctx: typer.Context, name: str, limit: Annotated[int, typer.Option(min=1, max=200)] = 20
) -> None:
    """A switch, what it was told, and what went wrong."""
    session: Session = ctx.obj
    session.show(session.api.get("/switches/{name}", query={"limit": limit}, name=name))


@switches.command("set")
def set_switch(
    ctx: typer.Context,
    name: str,
    url: str,
    kind: Annotated[str, typer.Option(help="kamailio_jsonrpc or webhook")] = "kamailio_jsonrpc",
    secret_file: Annotated[Path | None, typer.Option(help="A file with its token or whsec_… secret.")] = None,
    cut_calls: Annotated[bool, typer.Option("--cut-calls", help="End calls under way.")] = False,
) -> None:
    """Add or change a switch. A secret that was made for it is shown once."""
    session: Session = ctx.obj
    try:
        secret = secret_file.read_text(encoding="utf-8").strip() if secret_file else None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{secret_file} cannot be read: {error}") from error
    body = inputs.data(None, kind=kind, url=url, secret=secret, cut_calls=cut_calls)
    session.show(session.api.put("/switches/{name}", body, name=name))


@switches.command("delete")
def delete_switch(ctx: typer.Context, name: str) -> None:
    """Forget a switch."""
    session: Session = ctx.obj
    session.show(session.api.delete("/switches/{name}", name=name))


@trunks.command("list")
def list_trunks(ctx: typer.Context) -> None:
    """Every trunk."""
    session: Session = ctx.obj
    session.show(session.api.get("/trunks"))


@trunks.command("show")
def show_trunk(ctx: typer.Context, name: str) -> None:
    """A trunk."""
    session: Session = ctx.obj
    session.show(session.api.get("/trunks/{name}", name=name))


@trunks.command("set")
def set_trunk(ctx: typer.Context, name: str, tenant: TenantWord) -> None:
    """Say whose calls a trunk carries."""
    session: Session = ctx.obj
    session.show(session.api.put("/trunks/{name}", {"tenant_id": session.tenant(tenant)}, name=name))


@trunks.command("delete")
def delete_trunk(ctx: typer.Context, name: str) -> None:
    """Forget a trunk."""
    session: Session = ctx.obj
    session.show(session.api.delete("/trunks/{name}", name=name))


@intake.command("show")
def show_intake(ctx: typer.Context) -> None:
    """As it is."""
    session: Session = ctx.obj
    session.show(session.api.get("/intake-options"))


@intake.command("set")
def set_intake(
    ctx: typer.Context,
    between_tenants: Annotated[str | None, typer.Option(help="both, caller or called")] = None,
    forwarded_calls: Annotated[str | None, typer.Option(help="both or outbound")] = None,
) -> None:
    """Which side of calls between tenants, and which legs of forwarded calls, are billed."""
    session: Session = ctx.obj
    said = inputs.needed(inputs.data(None, between_tenants=between_tenants, forwarded_calls=forwarded_calls))
    session.show(session.api.put("/intake-options", {**session.api.get("/intake-options"), **said}))
