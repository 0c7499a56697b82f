"""Money that comes in and goes back: payments, refunds, payment plans, Stripe, reconciliation."""

from typing import Annotated

import typer

from tollgate import inputs
from tollgate.files import named, writing
from tollgate.inputs import Limit, Out, Reason, TenantWord
from tollgate.session import Session

INVOICES = "/tenants/{tenant_id}/invoices"
payments = typer.Typer(no_args_is_help=True, help="Payments, refunds, money outside Stripe.")
plans = typer.Typer(no_args_is_help=True, help="Payment plans: invoices in instalments.")
settings = typer.Typer(no_args_is_help=True, help="Retry days, refund preference and limits.")
stripe = typer.Typer(no_args_is_help=True, help="Your Stripe account.")
reconciliations = typer.Typer(no_args_is_help=True, help="Stripe compared with our journal.")


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(payments, name="payments")
    cli.add_typer(plans, name="payment-plans")
    cli.add_typer(settings, name="payment-settings")
    cli.add_typer(stripe, name="stripe")
    cli.add_typer(reconciliations, name="reconciliations")
    cli.command("payouts")(payouts)


@payments.command("methods")
def methods(ctx: typer.Context, tenant: TenantWord) -> None:
    """Saved payment methods, and whether auto-pay is on."""
    session: Session = ctx.obj
    session.show(session.api.get("/tenants/{tenant_id}/methods", tenant_id=session.tenant(tenant)))


@payments.command("list")
def list_payments(ctx: typer.Context, tenant: TenantWord, limit: Limit = 50) -> None:
    """Newest first."""
    session: Session = ctx.obj
    answer = session.api.pages(
        "/tenants/{tenant_id}/payments",
        rows="payments",
        query={"limit": min(limit, 100)},
        most=limit,
        tenant_id=session.tenant(tenant),
    )
    columns = "at amount status_words method.brand method.last4 refunded reference payment_id"
    session.show(answer, rows="payments", columns=columns)


@payments.command("show")
def show_payment(ctx: typer.Context, tenant: TenantWord, payment_id: str) -> None:
    """With its invoices, refunds and disputes."""
    session: Session = ctx.obj
    answer = session.api.get(
        "/tenants/{tenant_id}/payments/{payment_id}",
        tenant_id=session.tenant(tenant),
        payment_id=payment_id,
    )
    session.show(answer)


@payments.command("receipt")
def receipt(ctx: typer.Context, tenant: TenantWord, payment_id: str, out: Out = None) -> None:
    """Write the receipt as PDF."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    with writing(out, f"receipt-{payment_id}.pdf") as to:
        session.api.download(
            "/tenants/{tenant_id}/payments/{payment_id}/receipt",
            to,
            tenant_id=tenant_id,
            payment_id=payment_id,
        )


@payments.command("refund")
def refund(
    ctx: typer.Context,
    tenant: TenantWord,
    payment_id: str,
    amount: Annotated[str, typer.Argument(help="Like 25.00USD.")],
    reason: Reason,
    to: Annotated[str, typer.Option(help="method or credit")] = "method",
) -> None:
    """Refund a payment or a part of it, to its method or as account credit."""
    session: Session = ctx.obj
    answer = session.api.post(
        "/tenants/{tenant_id}/payments/{payment_id}/refunds",
        {"amount": inputs.amount(amount), "to": to, "reason": reason, "request_id": inputs.request_id()},
        tenant_id=session.tenant(tenant),
        payment_id=payment_id,
    )
    session.show(answer)


@payments.command("record")
def record(
    ctx: typer.Context,
    tenant: TenantWord,
    amount: Annotated[str, typer.Argument(help="Like 25.00USD.")],
    reference: Annotated[str, typer.Option(help="As your bank has it.")],
    kind: Annotated[str, typer.Option(help="bank_transfer, cheque, cash or other")] = "bank_transfer",
    invoice: Annotated[
        list[str] | None, typer.Option(help="Number or id, paid in this order as far as it reaches.")
    ] = None,
) -> None:
    """Record money that came outside Stripe; without --invoice it pays the oldest first."""
    session: Session = ctx.obj
    tenant_id, paid = session.tenant(tenant), inputs.amount(amount)
    body: dict[str, object] = {
        "kind": kind,
        "amount": paid,
        "reference": reference,
        "request_id": inputs.request_id(),
    }
    if invoice:
        body["allocations"] = _allocations(session, tenant_id, invoice, int(paid["minor"]))
    session.show(session.api.post("/tenants/{tenant_id}/outside-payments", body, tenant_id=tenant_id))


def _allocations(session: Session, tenant_id: str, words: list[str], minor: int) -> list[dict[str, object]]:
    parts: list[dict[str, object]] = []
    for word in words:
        invoice_id = named(session, INVOICES, "invoices", "invoice_id", tenant_id, word)
        shown = session.api.get(
            "/tenants/{tenant_id}/invoices/{invoice_id}", tenant_id=tenant_id, invoice_id=invoice_id
        )
        part = min(minor, int(shown["balance"]["minor"]))
        if part > 0:
            parts.append({"invoice_id": invoice_id, "amount_minor": part})
            minor -= part
    return parts


@plans.command("list")
def list_plans(ctx: typer.Context, tenant: TenantWord) -> None:
    """A tenant's payment plans."""
    session: Session = ctx.obj
    answer = session.api.get("/tenants/{tenant_id}/payment-plans", tenant_id=session.tenant(tenant))
    columns = "state agreed_at remaining next_due_on next_amount instalments payment_plan_id"
    session.show(answer, rows="payment_plans", columns=columns)


@plans.command("agree")
def agree(
    ctx: typer.Context,
    tenant: TenantWord,
    invoice: Annotated[list[str], typer.Option(help="Number or id; repeatable.")],
    day: Annotated[list[str], typer.Option(help="Of an instalment, like 2026-02-01; two or more.")],
) -> None:
    """Agree on instalments: equal parts on the days."""
    session: Session = ctx.obj
    tenant_id = session.tenant(tenant)
    ids = [named(session, INVOICES, "invoices", "invoice_id", tenant_id, one) for one in invoice]
    body = {"invoice_ids": ids, "days": day, "request_id": inputs.request_id()}
    session.show(session.api.post("/tenants/{tenant_id}/payment-plans", body, tenant_id=tenant_id))


@plans.command("cancel")
def cancel(ctx: typer.Context, tenant: TenantWord, payment_plan_id: str) -> None:
    """End a payment plan: what is left is due as the invoices say."""
    session: Session = ctx.obj
    answer = session.api.post(
        "/tenants/{tenant_id}/payment-plans/{plan_id}/cancel",
        tenant_id=session.tenant(tenant),
        plan_id=payment_plan_id,
    )
    session.show(answer)


@settings.command("show")
def show_settings(ctx: typer.Context) -> None:
    """As they are."""
    session: Session = ctx.obj
    session.show(session.api.get("/payment-settings"))


@settings.command("set")
def set_settings(
    ctx: typer.Context, data: Annotated[str, typer.Option("--data", help="JSON or @FILE.")]
) -> None:
    """Set them, like --data '{"retry_days": [2, 7, 14]}'."""
    session: Session = ctx.obj
    session.show(session.api.put("/payment-settings", inputs.data(data)))


@stripe.command("show")
def show_account(ctx: typer.Context) -> None:
    """Which account, and whether it is ready to collect."""
    session: Session = ctx.obj
    session.show(session.api.get("/stripe-account"))


@stripe.command("set")
def set_account(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Argument(help="Like acct_…; none: the platform's own.")] = None,
) -> None:
    """Set your Stripe account."""
    session: Session = ctx.obj
    session.show(session.api.put("/stripe-account", {"stripe_account": account}))


@stripe.command("onboard")
def onboard(
    ctx: typer.Context,
    country: str,
    email: str,
    return_url: Annotated[str, typer.Option(help="Where Stripe sends you back.")],
    refresh_url: Annotated[str | None, typer.Option(help="Where it sends you from an old link.")] = None,
) -> None:
    """A link on which Stripe asks what it needs of you."""
    session: Session = ctx.obj
    body = {
        "country": country,
        "email": email,
        "return_url": return_url,
        "refresh_url": refresh_url or return_url,
    }
    session.show(session.api.post("/stripe-account/onboarding", body))


@reconciliations.command("list")
def list_runs(ctx: typer.Context, limit: Annotated[int, typer.Option(min=1, max=100)] = 10) -> None:
    """The last comparisons, with every difference."""
    session: Session = ctx.obj
    answer = session.api.get("/reconciliations", query={"limit": limit})
    columns = "run_at since until compared exceptions run_id"
    session.show(answer, rows="reconciliations", columns=columns)


@reconciliations.command("run")
def run(ctx: typer.Context) -> None:
    """Compare now."""
    session: Session = ctx.obj
    session.show(session.api.post("/reconciliations"))


def payouts(
    ctx: typer.Context, since: Annotated[str | None, typer.Option(help="Like 2026-01-01T00:00:00Z.")] = None
) -> None:
    """Payouts of Stripe and what is in them."""
    session: Session = ctx.obj
    answer = session.api.get("/payouts", query={"since": since})
    columns = (
        "arrives_at status amount_minor charges_minor refunds_minor disputes_minor fees_minor other_minor"
        " entries ties payout"
    )
    session.show(answer, rows="payouts", columns=columns)
