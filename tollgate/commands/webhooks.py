"""Webhooks out: endpoints of your own systems, and what was sent to them."""

from typing import Annotated

import typer

from tollgate import inputs
from tollgate.errors import WrongUse
from tollgate.inputs import Limit
from tollgate.session import Session

webhooks = typer.Typer(no_args_is_help=True, help="Every event, sent to your own systems.")


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(webhooks, name="webhooks")


@webhooks.command("list")
def list_endpoints(ctx: typer.Context) -> None:
    """Every endpoint."""
    session: Session = ctx.obj
    columns = "url events on off_reason failing_since endpoint_id"
    session.show(session.api.get("/webhooks"), rows="endpoints", columns=columns)


@webhooks.command("events")
def list_events(ctx: typer.Context) -> None:
    """Every event there is."""
    session: Session = ctx.obj
    session.show(session.api.get("/webhooks")["event_types"])


@webhooks.command("add")
def add_endpoint(
    ctx: typer.Context,
    url: str,
    event: Annotated[list[str] | None, typer.Option(help="Like invoicing.invoice.*; by default all.")] = None,
    description: Annotated[str, typer.Option()] = "",
) -> None:
    """Add an endpoint. Its signing secret is shown this once."""
    session: Session = ctx.obj
    body = {"url": url, "events": event or ["*"], "description": description}
    session.show(session.api.post("/webhooks", body))


@webhooks.command("change")
def change_endpoint(
    ctx: typer.Context,
    endpoint_id: str,
    url: Annotated[str | None, typer.Option()] = None,
    event: Annotated[list[str] | None, typer.Option()] = None,
    description: Annotated[str | None, typer.Option()] = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Off holds deliveries back.")] = None,
) -> None:
    """Change an endpoint, switch it off or on again."""
    session: Session = ctx.obj
    known = [one for one in session.api.get("/webhooks")["endpoints"] if one["endpoint_id"] == endpoint_id]
    if not known:
        raise WrongUse(f"There is no endpoint {endpoint_id}; `tollgate webhooks list` shows them.")
    before = {name: known[0][name] for name in ("url", "events", "description", "on")}
    body = {**before, **inputs.data(None, url=url, events=event or None, description=description, on=on)}
    session.show(session.api.put("/webhooks/{endpoint_id}", body, endpoint_id=endpoint_id))


@webhooks.command("rotate")
def rotate(ctx: typer.Context, endpoint_id: str) -> None:
    """Make a new signing secret; the old one holds for 24 hours."""
    session: Session = ctx.obj
    session.show(session.api.post("/webhooks/{endpoint_id}/secret", endpoint_id=endpoint_id))


@webhooks.command("delete")
def delete_endpoint(ctx: typer.Context, endpoint_id: str) -> None:
    """Remove an endpoint with all that waits for it."""
    session: Session = ctx.obj
    session.show(session.api.delete("/webhooks/{endpoint_id}", endpoint_id=endpoint_id))


@webhooks.command("log")
def log(
    ctx: typer.Context,
    endpoint: Annotated[str | None, typer.Option(help="Only this endpoint's.")] = None,
    state: Annotated[str | None, typer.Option(help="waiting, delivered or failed")] = None,
    limit: Limit = 50,
) -> None:
    """What was sent, what waits, what was given up; newest first."""
    session: Session = ctx.obj
    query = {"endpoint_id": endpoint, "state": state, "limit": min(limit, 200)}
    answer = session.api.pages("/webhooks/deliveries", rows="deliveries", query=query, most=limit)
    columns = "event_at event_type state attempts next_try_at event_id endpoint_id"
    session.show(answer, rows="deliveries", columns=columns)


@webhooks.command("show")
def show_delivery(ctx: typer.Context, endpoint_id: str, event_id: str) -> None:
    """Every try of one delivery."""
    session: Session = ctx.obj
    answer = session.api.get(
        "/webhooks/{endpoint_id}/deliveries/{event_id}", endpoint_id=endpoint_id, event_id=event_id
    )
    session.show(answer, rows="attempts", columns="number at duration_ms status error answer")


@webhooks.command("replay")
def replay(
    ctx: typer.Context,
    endpoint_id: str,
    event_id: Annotated[str | None, typer.Argument(help="One event.")] = None,
    since: Annotated[str | None, typer.Option(help="All since, like 2026-01-01T00:00:00Z.")] = None,
) -> None:
    """Send an event again, or all since an instant."""
    session: Session = ctx.obj
    if (event_id is None) == (since is None):
        raise WrongUse("Name one event, or say --since.")
    body = inputs.data(None, event_id=event_id, since=since)
    session.show(session.api.post("/webhooks/{endpoint_id}/replay", body, endpoint_id=endpoint_id))
