"""The provider itself: settings, test clock, record of changes, months that wait, mails; providers for operators."""

import base64
import mimetypes
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from tollgate import inputs
from tollgate.errors import WrongUse
from tollgate.inputs import Data, Limit
from tollgate.session import Session
from tollgate.text import plain

settings = typer.Typer(no_args_is_help=True, help="Your settings: brand, address, numbers, tax, terms.")
clock = typer.Typer(no_args_is_help=True, help="Your test clock, for providers that are on one.")
parked = typer.Typer(no_args_is_help=True, help="Billing periods that wait for somebody.")
providers = typer.Typer(no_args_is_help=True, help="Providers, for operators.")
POLL_SECONDS = 1.0


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(settings, name="settings")
    cli.add_typer(clock, name="test-clock")
    cli.add_typer(parked, name="parked")
    cli.add_typer(providers, name="providers")
    cli.command("whoami")(whoami)
    cli.command("changes")(changes)
    cli.command("mails")(mails)
    cli.command("runs")(runs)


def whoami(ctx: typer.Context) -> None:
    """The provider whose token this is."""
    session: Session = ctx.obj
    session.show(session.api.get(""))


@settings.command("show")
def show_settings(ctx: typer.Context) -> None:
    """All settings, with tax rates and registrations."""
    session: Session = ctx.obj
    session.show(session.api.get("/settings"))


@settings.command("change")
def change_settings(
    ctx: typer.Context,
    data: Data = None,
    brand_name: Annotated[str | None, typer.Option()] = None,
    colour: Annotated[str | None, typer.Option(help="#RRGGBB")] = None,
    logo: Annotated[Path | None, typer.Option(help="An SVG, PNG or JPEG file of at most 1 MiB.")] = None,
    billing_email: Annotated[str | None, typer.Option()] = None,
    support_phone: Annotated[str | None, typer.Option(help="E.164")] = None,
    terms_days: Annotated[int | None, typer.Option(help="Days from issue to due.")] = None,
) -> None:
    """Change what is said, leave the rest. Tax: --data '{"tax_rates": [{"name": …, "rate": "8.875"}]}'."""
    session: Session = ctx.obj
    body = inputs.data(data, billing_email=billing_email, support_phone=support_phone, terms_days=terms_days)
    brand = {
        name: value
        for name, value in (("name", brand_name), ("colour", colour), ("logo", _logo(logo)))
        if value is not None
    }
    if brand:
        # The API takes a brand as a whole.
        before = session.api.get("/settings").get("brand") or {}
        body["brand"] = {**before, **body.get("brand", {}), **brand}
    session.show(session.api.patch("/settings", inputs.needed(body)))


def _logo(file: Path | None) -> str | None:
    if file is None:
        return None
    media_type = mimetypes.guess_type(file.name)[0]
    if media_type not in ("image/svg+xml", "image/png", "image/jpeg"):
        raise WrongUse(f"{file} must be an SVG, PNG or JPEG by its name.")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error}") from error
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


@clock.command("show")
def show_clock(ctx: typer.Context) -> None:
    """Where it stands, and what it waits for."""
    session: Session = ctx.obj
    session.show(session.api.get("/test-clock"))


@clock.command("set")
def set_clock(
    ctx: typer.Context, now: Annotated[str, typer.Argument(help="Like 2026-01-01T00:00:00Z")]
) -> None:
    """Put a provider that has no tenant yet on a test clock."""
    session: Session = ctx.obj
    session.show(session.api.put("/test-clock", {"now": now}))


@clock.command("advance")
def advance_clock(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(help="Like 2026-02-01T00:00:00Z")],
    wait: Annotated[bool, typer.Option(help="Stay until everything that is due by then is done.")] = True,
) -> None:
    """Move it forward; each thing that falls due on the way happens on its day."""
    session: Session = ctx.obj
    state = session.api.post("/test-clock/advance", {"to": to})
    rest = session.rest or time.sleep
    with Console(stderr=True).status("") as status:
        while wait and state["state"] != "ready":
            waiting = "; ".join(plain(one) for one in state.get("waiting_for", [])[:3])
            status.update(Text(f"{state['now']} → {state['target']}  {waiting}"))
            rest(POLL_SECONDS)
            state = session.api.get("/test-clock")
    session.show(state)


def changes(ctx: typer.Context, limit: Limit = 50) -> None:
    """What was changed through the gateway, and by whom; newest first."""
    session: Session = ctx.obj
    answer = session.api.pages("/changes", rows="changes", query={"limit": min(limit, 200)}, most=limit)
    session.show(answer, rows="changes", columns="asked_at name method route targets outcome")


def mails(
    ctx: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="Slug or id.")] = None,
    state: Annotated[str | None, typer.Option(help="waiting, sent or refused")] = None,
    limit: Limit = 50,
) -> None:
    """Mails sent, waiting and refused, with what stood in the way."""
    session: Session = ctx.obj
    query = {
        "tenant": session.tenant(tenant) if tenant else None,
        "state": state,
        "limit": min(limit, 200),
    }
    answer = session.api.pages("/mails", rows="mails", query=query, most=limit)
    session.show(answer, rows="mails", columns="created_at kind state taken_by refused_by problem mail_id")


def runs(
    ctx: typer.Context,
    first: Annotated[str | None, typer.Option(help="First day of the periods.")] = None,
    after: Annotated[str | None, typer.Option(help="The day after the last.")] = None,
) -> None:
    """How the month's run stands."""
    session: Session = ctx.obj
    session.show(session.api.get("/runs", query={"first": first, "after": after}))


@parked.command("list")
def list_parked(ctx: typer.Context) -> None:
    """Which, and why."""
    session: Session = ctx.obj
    session.show(session.api.get("/parked"))


@parked.command("retry")
def retry_parked(ctx: typer.Context) -> None:
    """Try them again, after the reason is gone."""
    session: Session = ctx.obj
    session.show(session.api.post("/parked/retry"))


@providers.command("list")
def list_providers(ctx: typer.Context) -> None:
    """All providers."""
    session: Session = ctx.obj
    session.show(
        session.api.get("/providers"), rows="providers", columns="slug legal_name currency provider_id"
    )


@providers.command("open")
def open_provider(
    ctx: typer.Context, data: Annotated[str, typer.Option("--data", help="JSON or @FILE.")]
) -> None:
    """Open a provider: slug, legal_name, address, currency, country, time_zone, locale, brand, and so on."""
    session: Session = ctx.obj
    session.show(session.api.post("/providers", inputs.data(data)))
