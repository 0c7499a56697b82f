"""Calls and what is provisioned: usage, call lists and exports, records that wait, re-ratings."""

import time
from typing import Annotated

import typer
from rich.console import Console

from tollgate import inputs
from tollgate.errors import WrongUse
from tollgate.files import writing
from tollgate.inputs import Limit, Out, Reason, TenantWord
from tollgate.session import Session

calls = typer.Typer(no_args_is_help=True, help="A tenant's calls and usage.")
resources = typer.Typer(no_args_is_help=True, help="Extensions and DIDs.")
quarantine = typer.Typer(no_args_is_help=True, help="Call records that could not be placed.")
re_ratings = typer.Typer(no_args_is_help=True, help="Rating a past period again.")
From = Annotated[str | None, typer.Option("--from", help="First local day, or an instant.")]
To = Annotated[str | None, typer.Option("--to", help="The day after the last, or an instant.")]
Direction = Annotated[str | None, typer.Option(help="inbound or outbound")]
Number = Annotated[str | None, typer.Option(help="Caller or called.")]
CallClass = Annotated[str | None, typer.Option("--class", help="Like international.")]


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(calls, name="calls")
    cli.add_typer(resources, name="resources")
    cli.add_typer(quarantine, name="quarantine")
    cli.add_typer(re_ratings, name="re-ratings")
    cli.command("flagged")(flagged)


@resources.command("add")
def add_resource(
    ctx: typer.Context,
    tenant: TenantWord,
    kind: Annotated[str | None, typer.Argument(help="extension or did")] = None,
    value: Annotated[str | None, typer.Argument()] = None,
    start: Annotated[str | None, typer.Option("--from", help="Like 2026-01-01T00:00:00Z.")] = None,
    data: Annotated[str | None, typer.Option("--data", help="Many at once: a JSON array or @FILE.")] = None,
) -> None:
    """Provision an extension or DID, or many."""
    session: Session = ctx.obj
    if data is None and not (kind and value and start):
        raise WrongUse("Say extension or did, its number and --from; or many with --data.")
    body = inputs.data_list(data) if data else [{"kind": kind, "value": value, "from": start}]
    session.show(session.api.post("/tenants/{tenant_id}/resources", body, tenant_id=session.tenant(tenant)))


@resources.command("release")
def release_resource(
    ctx: typer.Context,
    tenant: TenantWord,
    kind: Annotated[str, typer.Argument(help="extension or did")],
    value: str,
    at: Annotated[str | None, typer.Option(help="By default now.")] = None,
) -> None:
    """Release an extension or DID."""
    session: Session = ctx.obj
    answer = session.api.delete(
        "/tenants/{tenant_id}/resources/{kind}/{value}",
        query={"at": at},
        tenant_id=session.tenant(tenant),
        kind=kind,
        value=value,
    )
    session.show(answer)


@calls.command("usage")
def usage(
    ctx: typer.Context,
    tenant: TenantWord,
    start: Annotated[str | None, typer.Option("--from", help="First local day.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The day after the last.")] = None,
    plan: Annotated[str | None, typer.Option(help="Name or id; by default the tenant's.")] = None,
    version: Annotated[int | None, typer.Option()] = None,
) -> None:
    """Minutes, extensions, DIDs and charges; by default of the running period."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    summary = session.api.get("/tenants/{tenant_id}/summary", tenant_id=tenant_id)
    period = summary.get("period") or {}
    query = {
        "start_date": start or period.get("start_date"),
        "end_date": end or period.get("end_date"),
        "plan_id": session.plan(plan) if plan else summary.get("plan_id"),
        "plan_version": version or summary.get("plan_version"),
    }
    session.show(session.api.get("/tenants/{tenant_id}/usage", query=query, tenant_id=tenant_id))


def _asked(
    start: str | None, end: str | None, direction: str | None, number: str | None, call_class: str | None
) -> dict[str, str | None]:
    """The filter of Call History as the API names it."""
    return {"from": start, "to": end, "direction": direction, "number": number, "class": call_class}


@calls.command("list")
def list_calls(
    ctx: typer.Context,
    tenant: TenantWord,
    start: From = None,
    end: To = None,
    direction: Direction = None,
    number: Number = None,
    call_class: CallClass = None,
    line: Annotated[str | None, typer.Option(help="The key of an invoice line; with --revision.")] = None,
    revision: Annotated[int | None, typer.Option()] = None,
    limit: Limit = 50,
) -> None:
    """Newest first."""
    session: Session = ctx.obj
    # A line's calls are asked for by the days of its period.
    days = {"start_date": start, "end_date": end} if line else {"from": start, "to": end}
    query = {
        **_asked(None, None, direction, number, call_class),
        **days,
        "line": line,
        "revision": revision,
        "limit": min(limit, 200),
    }
    answer = session.api.pages(
        "/tenants/{tenant_id}/calls", rows="calls", query=query, most=limit, tenant_id=session.tenant(tenant)
    )
    columns = "answered_at direction from to call_class billed_seconds charge flags call_id"
    session.show(answer, rows="calls", columns=columns)


@calls.command("totals")
def total_calls(
    ctx: typer.Context,
    tenant: TenantWord,
    start: From = None,
    end: To = None,
    direction: Direction = None,
    number: Number = None,
    call_class: CallClass = None,
) -> None:
    """How many calls a filter finds, and their time; at most 400 days."""
    session: Session = ctx.obj
    query = _asked(start, end, direction, number, call_class)
    tenant_id = session.tenant(tenant)
    session.show(session.api.get("/tenants/{tenant_id}/calls/totals", query=query, tenant_id=tenant_id))


@calls.command("export")
def export_calls(
    ctx: typer.Context,
    tenant: TenantWord,
    start: From = None,
    end: To = None,
    direction: Direction = None,
    number: Number = None,
    call_class: CallClass = None,
    form: Annotated[str, typer.Option("--format", help="csv, jsonl or parquet")] = "csv",
    out: Out = None,
) -> None:
    """Write a tenant's calls to a file."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    query = {**_asked(start, end, direction, number, call_class), "format": form}
    with writing(out, f"calls-{tenant}.{form}") as to:
        session.api.download("/tenants/{tenant_id}/calls/export", to, query=query, tenant_id=tenant_id)


@quarantine.command("list")
def list_quarantine(ctx: typer.Context, limit: Limit = 50) -> None:
    """Which records wait, and why."""
    session: Session = ctx.obj
    query = {"limit": min(limit, 200)}
    answer = session.api.pages("/quarantine", rows="records", query=query, most=limit)
    session.show(answer, rows="records", columns="received_at source reason field detail quarantine_id")


@quarantine.command("replay")
def replay_quarantine(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(help="Which; without any, all.")] = None,
    accept_long: Annotated[bool, typer.Option("--accept-long", help="Bill calls over 24 hours.")] = False,
) -> None:
    """Try them again, after the reason is gone."""
    session: Session = ctx.obj
    body = inputs.data(None, quarantine_ids=ids or None, accept_long=accept_long)
    session.show(session.api.post("/quarantine/replay", body))


def flagged(
    ctx: typer.Context,
    flag: Annotated[str | None, typer.Option(help="Only records with this flag.")] = None,
    limit: Limit = 50,
) -> None:
    """Call records that look wrong or contradict each other; they are billed all the same."""
    session: Session = ctx.obj
    query = {"flag": flag, "limit": min(limit, 200)}
    answer = session.api.pages("/flagged", rows="calls", query=query, most=limit)
    session.show(
        answer, rows="calls", columns="answered_at direction from to billed_seconds flags tenant_id call_id"
    )


@re_ratings.command("list")
def list_re_ratings(ctx: typer.Context, limit: Annotated[int, typer.Option(min=1, max=100)] = 20) -> None:
    """Which were asked for, and how they stand."""
    session: Session = ctx.obj
    answer = session.api.get("/re-ratings", query={"limit": limit})
    session.show(answer, rows="re_ratings")


@re_ratings.command("show")
def show_re_rating(ctx: typer.Context, re_rating_id: str) -> None:
    """How one stands."""
    session: Session = ctx.obj
    session.show(session.api.get("/re-ratings/{re_rating_id}", re_rating_id=re_rating_id))


@re_ratings.command("start")
def start_re_rating(
    ctx: typer.Context,
    tenant: Annotated[str, typer.Argument(help="Slug, id, or all.")],
    start: Annotated[str, typer.Option("--from", help="First local day.")],
    end: Annotated[str, typer.Option("--to", help="The day after the last.")],
    reason: Reason,
    wait: Annotated[bool, typer.Option(help="Stay until it is done.")] = True,
) -> None:
    """Rate a period again with the decks of now; differences come on the next invoice, with the reason."""
    session: Session = ctx.obj
    body = {
        "tenant": tenant if tenant == "all" else session.tenant(tenant),
        "start_date": start,
        "end_date": end,
        "reason": reason,
    }
    state = session.api.post("/re-ratings", body)
    rest = session.rest or time.sleep
    with Console(stderr=True).status("") as status:
        while wait and state["state"] == "running":
            status.update(f"{state['calls']:,} calls, {state['changed']:,} changed")
            rest(1.0)
            state = session.api.get("/re-ratings/{re_rating_id}", re_rating_id=state["re_rating_id"])
    session.show(state)
