"""``python -m services.payments``: what every service has, and the operator's commands for Stripe's events."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.payments.adapters.stripe_books import StripeBooks
from services.payments.adapters.stripe_gateway import StripeGateway
from services.payments.adapters.work import PaymentsWork
from services.payments.domain.reconciliation import (
    NOT_BOOKED,
    PayoutReport,
    Reconciliation,
    booking_sentence,
)
from services.payments.main import MIGRATIONS, NAME, build, stripe_keys
from services.payments.settings import PaymentsSettings
from services.payments.use_cases.fetch_missed import fetch_missed
from services.payments.use_cases.ports import GatewayRefused, GatewayUnreachable, OpenWork
from services.payments.use_cases.reconcile import reconcile_account, report_account
from shared.command_line import DatabaseSettings, make_cli
from shared.db.engine import make_engine
from shared.money import Currency, Money
from shared.settings import describe
from shared.telemetry import redact

T = TypeVar("T")


def _with_work(step: Callable[[PaymentsWork], Awaitable[T]]) -> T:
    try:
        settings = DatabaseSettings()
    except ValidationError as error:
        typer.echo(describe(error), err=True)
        raise typer.Exit(78) from None

    async def run() -> T:
        engine = make_engine(settings.database_url.get_secret_value(), pool=2)
        try:
            async with PaymentsWork(engine) as work:
                return await step(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def _with_stripe(step: Callable[[OpenWork, StripeBooks], Awaitable[T]]) -> T:
    """For commands that ask Stripe: the service's own settings, read like the service's."""
    settings = PaymentsSettings.from_environment()

    async def run() -> T:
        engine = make_engine(settings.database_url.get_secret_value(), pool=2)
        gateway = StripeGateway(stripe_keys(settings), api_base=settings.stripe_api_base.rstrip("/"))
        try:
            return await step(lambda: PaymentsWork(engine), StripeBooks(gateway))
        finally:
            await gateway.close()
            await engine.dispose()

    try:
        return asyncio.run(run())
    except (GatewayUnreachable, GatewayRefused) as error:
        typer.echo(f"Stripe could not be asked: {error}", err=True)
        raise typer.Exit(75) from None


def reconcile(
    account: Annotated[
        str | None, typer.Option(help="One Stripe account ('platform' for our own); all when left out.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=180, help="How far back to compare.")] = 7,
    settled_minutes: Annotated[
        int, typer.Option(min=0, max=1440, help="What is younger is left for the next run.")
    ] = 10,
) -> None:
    """Compare Stripe's books with ours; status 1 when they differ. Nothing is charged, refunded or booked."""

    async def run(open_work: OpenWork, books: StripeBooks) -> list[Reconciliation]:
        async with open_work() as work:
            accounts = await work.accounts.all()
        if account is not None:
            accounts = ["" if account == "platform" else account]
        found: list[Reconciliation] = []
        for one in accounts:
            found += await reconcile_account(
                open_work,
                books,
                one,
                window=timedelta(days=days),
                settled_for=timedelta(minutes=settled_minutes),
            )
        return found

    runs = _with_stripe(run)
    table = Table("provider", "account", "kind", "at Stripe", "theirs", "ours", "what")
    for made in runs:
        for one in made.differences:
            table.add_row(
                str(made.provider_id),
                made.account or "platform",
                one.kind,
                one.stripe_id,
                _amount(one.theirs_minor, one.currency),
                _amount(one.ours_minor, one.currency),
                one.detail,
            )
    count = sum(len(made.differences) for made in runs)
    compared = ", ".join(f"{made.account or 'platform'}: {made.compared}" for made in runs)
    typer.echo(f"Compared {compared}")
    Console().print(table if count else "No differences.")
    if count:
        typer.echo(f"{count} exceptions. Nothing was changed because of them.")
        raise typer.Exit(1)


def payouts(
    account: Annotated[
        str | None, typer.Option(help="One Stripe account ('platform' for our own); all when left out.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="How far back to look.")] = 35,
) -> None:
    """What reached the bank, part by part, and what to book for it; status 1 when a payout does not tie."""

    async def run(open_work: OpenWork, books: StripeBooks) -> list[tuple[str, PayoutReport]]:
        async with open_work() as work:
            accounts = await work.accounts.all()
            since = work.system_now() - timedelta(days=days)
        if account is not None:
            accounts = ["" if account == "platform" else account]
        return [(one, report) for one in accounts for report in await report_account(books, one, since)]

    found = _with_stripe(run)
    table = Table(
        "account", "payout", "arrives", "charges", "refunds", "disputes", "other", "fees", "payout is"
    )
    for one, report in found:
        parts = (
            report.charges_minor,
            report.refunds_minor,
            report.disputes_minor,
            report.other_minor,
            -report.fees_minor,
            report.payout.amount_minor,
        )
        table.add_row(
            one or "platform",
            report.payout.stripe_id,
            report.payout.arrives_at.date().isoformat(),
            *(_amount(part, report.payout.currency) for part in parts),
        )
    Console().print(table if found else "No payouts.")
    for _, report in found:
        typer.echo(f"{report.payout.stripe_id}: {booking_sentence(report)}")
    typer.echo(NOT_BOOKED)
    if not all(report.ties for _, report in found):
        raise typer.Exit(1)


def _amount(minor: int | None, code: str) -> str:
    return "-" if minor is None else str(Money(minor, Currency(code)))


def webhook_commands() -> typer.Typer:
    webhooks = typer.Typer(no_args_is_help=True, help="Events that Stripe sent us.")

    @webhooks.command("list")
    def list_events(
        waiting: Annotated[bool, typer.Option("--waiting", help="Only those not dealt with yet.")] = False,
        limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    ) -> None:
        """Newest first, with what became of each."""
        found = _with_work(lambda work: work.webhooks.newest(limit, unfinished=waiting))
        table = Table("received", "account", "event", "type", "tries", "state", "reason")
        for row in found:
            table.add_row(
                f"{row['received_at']:%Y-%m-%d %H:%M:%S}",
                str(row["account"] or "platform"),
                str(row["event_id"]),
                str(row["type"]),
                str(row["tries"]),
                str(row["state"]),
                redact(str(row["reason"] or "")),
            )
        Console().print(table if found else "No events.")

    @webhooks.command("replay")
    def replay_events(
        event_id: Annotated[str | None, typer.Argument(help="One event; or use --all.")] = None,
        every: Annotated[
            bool, typer.Option("--all", help="All that were ignored, failed or wait after an error.")
        ] = False,
    ) -> None:
        """Have events processed again by the running service; doing it twice changes nothing."""
        if (event_id is None) != every:
            typer.echo("Name one event, or say --all.", err=True)
            raise typer.Exit(2)
        count = _with_work(lambda work: work.webhooks.replay(event_id))
        if event_id is not None and count == 0:
            typer.echo(f"There is no event {event_id}. `webhooks list` shows what came.", err=True)
            raise typer.Exit(1)
        typer.echo(f"{count} will be processed again.")

    @webhooks.command("fetch")
    def fetch_events() -> None:
        """Fetch what Stripe could not deliver, at most 30 days back; the service does it every five minutes."""
        typer.echo(f"{_with_stripe(fetch_missed)} new events kept.")

    return webhooks


cli = make_cli(NAME, PaymentsSettings, build, MIGRATIONS)
cli.command("reconcile")(reconcile)
cli.command("payouts")(payouts)
cli.add_typer(webhook_commands(), name="webhooks")

if __name__ == "__main__":
    cli()
