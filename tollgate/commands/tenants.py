"""Tenants from opening to closing: data, plan, add-ons, discounts, tax."""

from typing import Annotated

import typer

from tollgate import inputs
from tollgate.inputs import Data, DryRun, TenantWord
from tollgate.session import Session

tenants = typer.Typer(no_args_is_help=True, help="Your tenants.")
When = Annotated[str, typer.Option(help="now, period_end, or a day of the running period")]


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(tenants, name="tenants")


@tenants.command("list")
def list_tenants(ctx: typer.Context) -> None:
    """Every tenant."""
    session: Session = ctx.obj
    answer = session.api.pages("/tenants", rows="tenants")
    session.show(answer, rows="tenants", columns="slug name status currency opened_on tenant_id")


@tenants.command("open")
def open_tenant(
    ctx: typer.Context,
    slug: str,
    name: str,
    plan: Annotated[str, typer.Option(help="Name or id.")],
    on: Annotated[str, typer.Option(help="First day, like 2026-01-01.")],
    sip_domain: Annotated[str, typer.Option()],
    billing_email: Annotated[str, typer.Option()],
    admin_email: Annotated[str | None, typer.Option(help="By default the billing address.")] = None,
    country: Annotated[str | None, typer.Option(help="By default yours; so are zone and locale.")] = None,
    time_zone: Annotated[str | None, typer.Option()] = None,
    locale: Annotated[str | None, typer.Option()] = None,
    anchor_day: Annotated[int | None, typer.Option(help="Periods begin on this day of the month.")] = None,
    trial_ends_on: Annotated[str | None, typer.Option()] = None,
    coupon: Annotated[str | None, typer.Option()] = None,
    data: Data = None,
) -> None:
    """Open a tenant. Address, account codes and add-ons come with --data."""
    session: Session = ctx.obj
    mine = session.api.get("")
    body = {
        **{key: mine[key] for key in ("country", "time_zone", "locale")},
        **inputs.data(
            data,
            slug=slug,
            name=name,
            plan_id=session.plan(plan),
            opened_on=on,
            sip_domain=sip_domain,
            billing_email=billing_email,
            admin_email=admin_email or billing_email,
            country=country,
            time_zone=time_zone,
            locale=locale,
            anchor_day=anchor_day,
            trial_ends_on=trial_ends_on,
            coupon=coupon,
        ),
    }
    session.show(session.api.post("/tenants", body))


@tenants.command("show")
def show_tenant(ctx: typer.Context, tenant: TenantWord) -> None:
    """A tenant's data."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}", tenant_id=session.tenant(tenant)))


@tenants.command("change")
def change_tenant(
    ctx: typer.Context,
    tenant: TenantWord,
    name: Annotated[str | None, typer.Option()] = None,
    billing_email: Annotated[str | None, typer.Option()] = None,
    admin_email: Annotated[str | None, typer.Option()] = None,
    country: Annotated[str | None, typer.Option()] = None,
    locale: Annotated[str | None, typer.Option()] = None,
    time_zone: Annotated[str | None, typer.Option(help="Holds from the next period on.")] = None,
    data: Data = None,
) -> None:
    """Change what is said, leave the rest. The address comes with --data."""
    session: Session = ctx.obj
    body = inputs.data(
        data,
        name=name,
        billing_email=billing_email,
        admin_email=admin_email,
        country=country,
        locale=locale,
        time_zone=time_zone,
    )
    tenant_id = session.tenant(tenant)
    session.show(session.api.patch("/tenants/{tenant_id}", inputs.needed(body), tenant_id=tenant_id))


@tenants.command("summary")
def show_summary(ctx: typer.Context, tenant: TenantWord) -> None:
    """The subscription in short: plan, period, next invoice, account credit."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}/summary", tenant_id=session.tenant(tenant)))


@tenants.command("subscription")
def show_subscription(ctx: typer.Context, tenant: TenantWord) -> None:
    """The subscription with all its parts."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}/subscription", tenant_id=session.tenant(tenant)))


@tenants.command("history")
def show_history(ctx: typer.Context, tenant: TenantWord) -> None:
    """What was changed in the subscription, and by whom."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}/changes", tenant_id=session.tenant(tenant)))


@tenants.command("preview")
def preview(ctx: typer.Context, tenant: TenantWord) -> None:
    """The next invoice so far."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}/preview", tenant_id=session.tenant(tenant)))


@tenants.command("plan-change")
def change_plan(
    ctx: typer.Context,
    tenant: TenantWord,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="Name or id.")],
    version: Annotated[int | None, typer.Option(help="By default the one in force.")] = None,
    when: When = "now",
    dry_run: DryRun = False,
) -> None:
    """Change plan or version, or see what it would cost."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    body = inputs.data(None, plan_id=session.plan(plan), version=version, when=when)
    answer = session.api.post(
        "/tenants/{tenant_id}/plan-change", body, query={"dry_run": dry_run}, tenant_id=tenant_id
    )
    session.show(answer)


@tenants.command("add-on")
def set_add_on(
    ctx: typer.Context,
    tenant: TenantWord,
    code: str,
    quantity: int,
    when: When = "now",
    dry_run: DryRun = False,
) -> None:
    """Set the quantity of an add-on."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    answer = session.api.put(
        "/tenants/{tenant_id}/add-ons/{code}",
        {"quantity": quantity, "when": when},
        query={"dry_run": dry_run},
        tenant_id=tenant_id,
        code=code,
    )
    session.show(answer)


@tenants.command("close")
def close(
    ctx: typer.Context,
    tenant: TenantWord,
    when: Annotated[str, typer.Option(help="now or period_end")] = "period_end",
    credit_unused: Annotated[bool, typer.Option(help="Give unused days of a fee in advance back.")] = True,
    dry_run: DryRun = False,
) -> None:
    """Cancel the subscription, or see what it would cost. One last invoice follows."""
    session: Session = ctx.obj
    answer = session.api.post(
        "/tenants/{tenant_id}/cancel",
        {"when": when, "credit_unused": credit_unused},
        query={"dry_run": dry_run},
        tenant_id=session.tenant(tenant),
    )
    session.show(answer)


@tenants.command("reopen")
def reopen(
    ctx: typer.Context,
    tenant: TenantWord,
    plan: Annotated[str | None, typer.Option(help="Name or id; by default as before.")] = None,
) -> None:
    """Open a cancelled tenant again."""
    session: Session = ctx.obj
    body = inputs.data(None, plan_id=session.plan(plan) if plan else None)
    session.show(session.api.post("/tenants/{tenant_id}/reopen", body, tenant_id=session.tenant(tenant)))


@tenants.command("discount")
def give_discount(
    ctx: typer.Context,
    tenant: TenantWord,
    coupon: Annotated[str | None, typer.Option()] = None,
    name: Annotated[str | None, typer.Option(help="As the invoice says it.")] = None,
    percent: Annotated[str | None, typer.Option()] = None,
    amount: Annotated[str | None, typer.Option(help="Major units of the tenant's currency.")] = None,
    applies_to: Annotated[str | None, typer.Option(help="fee, usage or all")] = None,
    periods: Annotated[int | None, typer.Option()] = None,
) -> None:
    """Give a coupon, or a percentage or amount of its own."""
    session: Session = ctx.obj
    body = inputs.data(
        None,
        coupon=coupon,
        name=name,
        percent=percent,
        amount=amount,
        applies_to=applies_to,
        periods=periods,
    )
    tenant_id = session.tenant(tenant)
    session.show(session.api.post("/tenants/{tenant_id}/discounts", inputs.needed(body), tenant_id=tenant_id))


@tenants.command("discount-end")
def end_discount(ctx: typer.Context, tenant: TenantWord, discount_id: str) -> None:
    """End a discount."""
    session: Session = ctx.obj
    answer = session.api.delete(
        "/tenants/{tenant_id}/discounts/{discount_id}",
        tenant_id=session.tenant(tenant),
        discount_id=discount_id,
    )
    session.show(answer)


@tenants.command("tax")
def show_tax(ctx: typer.Context, tenant: TenantWord) -> None:
    """Tax number, region and exemptions."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}/tax", tenant_id=session.tenant(tenant)))


@tenants.command("set-tax")
def set_tax(
    ctx: typer.Context,
    tenant: TenantWord,
    region: Annotated[str | None, typer.Option(help="ISO 3166-2 without the country, like NY.")] = None,
    vat_number: Annotated[str | None, typer.Option()] = None,
    data: Data = None,
) -> None:
    """Set them as a whole; exemptions come with --data."""
    session: Session = ctx.obj
    body = inputs.needed(inputs.data(data, region=region, vat_number=vat_number))
    session.show(session.api.put("/tenants/{tenant_id}/tax", body, tenant_id=session.tenant(tenant)))
