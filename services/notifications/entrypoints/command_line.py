"""``mails list | retry | preview``: the operator's commands."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.notifications.domain.mail import Mail, State
from services.notifications.use_cases.list_mails import list_mails
from services.notifications.use_cases.ports import Composer, MailFilter, NotificationsWork
from services.notifications.use_cases.preview_mail import preview_mail
from services.notifications.use_cases.retry_mail import retry_mail, retry_refused_mails
from shared.errors import Refusal
from shared.ids import ProviderId, TenantId

R = TypeVar("R")


class RunInWork(Protocol):
    """Opens one transaction of the service's database for a command, and closes the database after it."""

    async def __call__(self, use: Callable[[NotificationsWork], Awaitable[R]]) -> R: ...


def add_mail_commands(cli: typer.Typer, in_work: RunInWork, make_composer: Callable[[], Composer]) -> None:
    mails = typer.Typer(no_args_is_help=True, help="Mails: sent, waiting and refused.")

    def run(use: Callable[[NotificationsWork], Awaitable[R]]) -> R:
        async def work() -> R:
            return await in_work(use)

        try:
            return asyncio.run(work())
        except Refusal as refusal:
            typer.echo(refusal.message, err=True)
            raise typer.Exit(1) from None

    @mails.command("list")
    def list_command(
        provider: Annotated[UUID | None, typer.Option(help="Only this provider's.")] = None,
        tenant: Annotated[UUID | None, typer.Option(help="Only this tenant's.")] = None,
        state: Annotated[State | None, typer.Option(help="Only these.")] = None,
        limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    ) -> None:
        """Newest first, with what stood in the way."""
        wanted = MailFilter(
            provider_id=ProviderId(provider) if provider else None,
            tenant_id=TenantId(tenant) if tenant else None,
            state=state,
        )
        page = run(lambda work: list_mails(work, wanted, limit))
        Console().print(_table(list(page.mails)) if page.mails else "No mails.")
        if page.more:
            typer.echo("There are more; raise --limit.")

    @mails.command("retry")
    def retry_command(
        mail_id: Annotated[UUID | None, typer.Argument(help="One mail; or use --all-refused.")] = None,
        all_refused: Annotated[bool, typer.Option("--all-refused", help="Every refused mail.")] = False,
    ) -> None:
        """Send again, now, to every address that has not taken it."""
        if (mail_id is None) != all_refused:
            typer.echo("Name one mail, or say --all-refused.", err=True)
            raise typer.Exit(2)
        if mail_id is not None:
            wanted = mail_id
            run(lambda work: retry_mail(work, wanted))
            typer.echo("1 mail is due now.")
        else:
            typer.echo(f"{run(retry_refused_mails)} mails are due now.")

    @mails.command("preview")
    def preview_command(
        mail_id: UUID,
        html: Annotated[bool, typer.Option("--html", help="The HTML part, for a browser.")] = False,
        source: Annotated[bool, typer.Option("--source", help="The whole message as it is sent.")] = False,
    ) -> None:
        """Show a mail as it would go out now."""
        composed = run(lambda work: preview_mail(work, make_composer(), mail_id))
        if source:
            typer.echo(composed.content.decode("ascii"))
        elif html:
            typer.echo(composed.html)
        else:
            typer.echo(f"Subject: {composed.subject}\n\n{composed.text}")

    cli.add_typer(mails, name="mails")


def _table(mails: list[Mail]) -> Table:
    table = Table("mail", "tenant", "kind", "state", "tries", "created", "problem")
    for mail in mails:
        table.add_row(
            str(mail.mail_id),
            str(mail.tenant_id),
            mail.kind.value,
            mail.state.value,
            str(mail.attempts),
            mail.created_at.isoformat(timespec="seconds"),
            # A stranger's words: not markup.
            Text(mail.problem or ""),
        )
    return table
