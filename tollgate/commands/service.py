"""Whether calls go through: policy, ladder, decisions by hand, the audit trail."""

from typing import Annotated

import typer

from tollgate import inputs
from tollgate.files import writing
from tollgate.inputs import Data, Out, Reason, TenantWord
from tollgate.session import Session

POLICY = frozenset(
    "grace_days outbound_after_days reminder_days smallest_amount_minor inbound terminate_after_days counting"
    " quiet_weekends holidays quiet_dates debit_lifts dispute_lifts unusual_international_bars jurisdiction".split()
)
policy = typer.Typer(no_args_is_help=True, help="Reminders and suspension: yours, or one tenant's.")
service = typer.Typer(no_args_is_help=True, help="A tenant's phone service: where it stands, and decisions.")
Tenant = Annotated[str | None, typer.Option("--tenant", help="Slug or id; without it yours for all.")]


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(policy, name="policy")
    cli.add_typer(service, name="service")
    cli.command("what-if")(what_if)
    cli.command("audit-export")(export_audit)


@policy.command("show")
def show_policy(ctx: typer.Context, tenant: Tenant = None) -> None:
    """In force for all, or for one tenant."""
    session: Session = ctx.obj
    if tenant is None:
        session.show(session.api.get("/policy"))
    else:
        session.show(session.api.get("/tenants/{tenant_id}/policy", tenant_id=session.tenant(tenant)))


@policy.command("presets")
def show_presets(ctx: typer.Context) -> None:
    """Policies to begin with, by jurisdiction."""
    session: Session = ctx.obj
    session.show(session.api.get("/policy-presets"))


@policy.command("set")
def set_policy(
    ctx: typer.Context,
    data: Data = None,
    tenant: Tenant = None,
    grace_days: Annotated[int | None, typer.Option(help="From due to suspension.")] = None,
    reason: Annotated[str | None, typer.Option(help="Kept in the audit trail.")] = None,
) -> None:
    """Change what is said of the policy in force, leave the rest."""
    session: Session = ctx.obj
    said = inputs.needed(inputs.data(data, grace_days=grace_days))
    if tenant is None:
        before = session.api.get("/policy")
        session.show(session.api.put("/policy", _over(before, said, reason)))
        return
    tenant_id = session.tenant(tenant)
    before = session.api.get("/tenants/{tenant_id}/policy", tenant_id=tenant_id)
    after = _over(before, said, reason)
    session.show(session.api.put("/tenants/{tenant_id}/policy", after, tenant_id=tenant_id))


def _over(before: dict[str, object], said: dict[str, object], reason: str | None) -> dict[str, object]:
    """The route takes a whole policy. What the answer tells beside it is no part of one."""
    kept = {name: value for name, value in before.items() if name in POLICY}
    return {**kept, **said, **({"reason": reason} if reason else {})}


@policy.command("clear")
def clear_policy(
    ctx: typer.Context, tenant: TenantWord, reason: Annotated[str | None, typer.Option()] = None
) -> None:
    """Give a tenant the provider's policy again."""
    session: Session = ctx.obj
    answer = session.api.delete(
        "/tenants/{tenant_id}/policy", query={"reason": reason}, tenant_id=session.tenant(tenant)
    )
    session.show(answer)


@service.command("standing")
def standing(ctx: typer.Context, tenant: TenantWord) -> None:
    """Where a tenant stands on the ladder, what comes next, what works now."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}/standing", tenant_id=session.tenant(tenant)))


@service.command("suspend")
def suspend(
    ctx: typer.Context,
    tenant: TenantWord,
    reason: Reason,
    until: Annotated[
        str | None, typer.Option(help="Like 2026-02-01T00:00:00Z; without it until released.")
    ] = None,
) -> None:
    """Suspend a tenant by hand."""
    session: Session = ctx.obj
    body = inputs.data(None, reason=reason, until=until)
    session.show(session.api.post("/tenants/{tenant_id}/suspend", body, tenant_id=session.tenant(tenant)))


@service.command("restore")
def restore(
    ctx: typer.Context,
    tenant: TenantWord,
    reason: Reason,
    until: Annotated[
        str | None, typer.Option(help="Like 2026-02-01T00:00:00Z; without it until released.")
    ] = None,
) -> None:
    """Lift a suspension by hand."""
    session: Session = ctx.obj
    body = inputs.data(None, reason=reason, until=until)
    session.show(session.api.post("/tenants/{tenant_id}/unsuspend", body, tenant_id=session.tenant(tenant)))


@service.command("hold")
def hold(
    ctx: typer.Context,
    tenant: TenantWord,
    reason: Reason,
    until: Annotated[
        str | None, typer.Option(help="Like 2026-02-01T00:00:00Z; without it until released.")
    ] = None,
) -> None:
    """Pause the ladder."""
    session: Session = ctx.obj
    body = inputs.data(None, reason=reason, until=until)
    session.show(session.api.post("/tenants/{tenant_id}/hold", body, tenant_id=session.tenant(tenant)))


@service.command("promise")
def promise(
    ctx: typer.Context,
    tenant: TenantWord,
    reason: Reason,
    until: Annotated[
        str | None, typer.Option(help="Like 2026-02-01T00:00:00Z; without it until released.")
    ] = None,
) -> None:
    """Record a promise to pay: it lifts a suspension until then."""
    session: Session = ctx.obj
    body = inputs.data(None, reason=reason, until=until)
    session.show(session.api.post("/tenants/{tenant_id}/promise", body, tenant_id=session.tenant(tenant)))


@service.command("release")
def release(
    ctx: typer.Context,
    tenant: TenantWord,
    reason: Reason,
) -> None:
    """End a hold, a promise or a lifted suspension early."""
    session: Session = ctx.obj
    body = {"reason": reason}
    session.show(session.api.post("/tenants/{tenant_id}/release", body, tenant_id=session.tenant(tenant)))


@service.command("release-limits")
def release_limits(
    ctx: typer.Context,
    tenant: TenantWord,
    reason: Reason,
) -> None:
    """Let calls pass a limit that barred them."""
    session: Session = ctx.obj
    body = {"reason": reason}
    session.show(
        session.api.post("/tenants/{tenant_id}/limits/release", body, tenant_id=session.tenant(tenant))
    )


@service.command("release-spend-limit")
def release_spend_limit(
    ctx: typer.Context,
    tenant: TenantWord,
    limit: Annotated[str | None, typer.Option(help="A higher one for this period, like 500.00USD.")] = None,
) -> None:
    """Let calls pass a reached spend limit in this period."""
    session: Session = ctx.obj
    body = inputs.data(None, limit_minor=inputs.amount(limit)["minor"] if limit else None)
    session.show(
        session.api.post("/tenants/{tenant_id}/spend-limit/release", body, tenant_id=session.tenant(tenant))
    )


@service.command("audit")
def audit(
    ctx: typer.Context, tenant: TenantWord, limit: Annotated[int, typer.Option(min=1, max=1000)] = 50
) -> None:
    """What was done by hand and by the ladder, and why."""
    session: Session = ctx.obj
    answer = session.api.get(
        "/tenants/{tenant_id}/audit", query={"limit": limit}, tenant_id=session.tenant(tenant)
    )
    session.show(answer, rows="entries", columns="at action by reason details")


def export_audit(
    ctx: typer.Context,
    tenant: Tenant = None,
    form: Annotated[str, typer.Option("--format", help="csv or jsonl")] = "csv",
    out: Out = None,
) -> None:
    """Write the audit trail to a file, of all tenants or of one."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant) if tenant else None
    with writing(out, f"audit.{form}") as to:
        query = {"format": form}
        if tenant_id is None:
            session.api.download("/audit/export", to, query=query)
        else:
            session.api.download("/tenants/{tenant_id}/audit/export", to, query=query, tenant_id=tenant_id)


def what_if(
    ctx: typer.Context, days: Annotated[int | None, typer.Option(min=1, help="How far to look.")] = None
) -> None:
    """Who would be suspended in the next days if nobody paid."""
    session: Session = ctx.obj
    answer = session.api.get("/what-if", query={"days": days})
    session.show(answer, rows="tenants", columns="name on stage owed reminders_sent tenant_id")
