"""Plans with their versions, and coupons."""

from typing import Annotated

import typer

from tollgate import inputs
from tollgate.inputs import Data
from tollgate.session import Session

plans = typer.Typer(no_args_is_help=True, help="Plans and their versions.")
coupons = typer.Typer(no_args_is_help=True, help="Coupons.")


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(plans, name="plans")
    cli.add_typer(coupons, name="coupons")


@plans.command("list")
def list_plans(ctx: typer.Context) -> None:
    """Every plan with its versions."""
    session: Session = ctx.obj
    answer = session.api.pages("/plans", rows="plans")
    columns = "name version valid_from billing_model monthly_fee included prices plan_id"
    session.show(answer, rows="plans", columns=columns)


@plans.command("add")
def add_plan(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Option()] = None,
    model: Annotated[str | None, typer.Option(help="flat_rate or pay_as_you_go")] = None,
    fee: Annotated[str | None, typer.Option(help="Each month, like 49.00USD.")] = None,
    code: Annotated[str | None, typer.Option("--currency", help="ISO 4217; by default the fee's.")] = None,
    minutes: Annotated[int | None, typer.Option(help="Included each period.")] = None,
    minute_price: Annotated[str | None, typer.Option(help="Major units, up to 6 places: 0.012")] = None,
    data: Data = None,
) -> None:
    """Add a plan. What options do not cover (tiers, bundles, add-ons, decks) comes with --data."""
    session: Session = ctx.obj
    session.show(session.api.post("/plans", _plan(data, name, model, fee, code, minutes, minute_price)))


@plans.command("version")
def add_version(
    ctx: typer.Context,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="Name or id.")],
    data: Annotated[str, typer.Option("--data", help="The whole plan with valid_from, as JSON or @FILE.")],
) -> None:
    """Add a version that holds from a day on; tenants move to it by a plan change."""
    session: Session = ctx.obj
    plan_id = session.plan(plan)
    session.show(session.api.post("/plans/{plan_id}/versions", inputs.data(data), plan_id=plan_id))


def _plan(
    data: str | None,
    name: str | None,
    model: str | None,
    fee: str | None,
    code: str | None,
    minutes: int | None,
    minute_price: str | None,
) -> dict[str, object]:
    body = inputs.data(data, name=name, billing_model=model, currency=code)
    if fee is not None:
        body["monthly_fee"] = inputs.amount(fee)
        body.setdefault("currency", body["monthly_fee"]["currency"])
    if minutes is not None:
        body["included"] = {**body.get("included", {}), "minutes": minutes}
    if minute_price is not None or "prices" not in body:
        body["prices"] = {**body.get("prices", {}), **({"minute": minute_price} if minute_price else {})}
    return body


@coupons.command("list")
def list_coupons(ctx: typer.Context) -> None:
    """Every coupon."""
    session: Session = ctx.obj
    session.show(session.api.get("/coupons"), rows="coupons")


@coupons.command("add")
def add_coupon(
    ctx: typer.Context,
    code: str,
    name: str,
    percent: Annotated[str | None, typer.Option()] = None,
    amount: Annotated[str | None, typer.Option(help="Major units of the plan's currency.")] = None,
    applies_to: Annotated[str, typer.Option(help="fee, usage or all")] = "all",
    periods: Annotated[int | None, typer.Option(help="For so many; without it for good.")] = None,
    redeem_until: Annotated[str | None, typer.Option(help="The last day on which it may be used.")] = None,
) -> None:
    """Add a coupon: a percentage or an amount off."""
    session: Session = ctx.obj
    body = inputs.data(
        None,
        code=code,
        name=name,
        percent=percent,
        amount=amount,
        applies_to=applies_to,
        periods=periods,
        redeem_until=redeem_until,
    )
    session.show(session.api.post("/coupons", body))
