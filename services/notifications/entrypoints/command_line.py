"""``mails list | retry | preview | samples``: the operator's commands. ``make_sampler`` needs no settings."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.notifications.domain.facts import Kind
from services.notifications.domain.mail import Mail, State
from services.notifications.domain.samples import sample
from services.notifications.domain.wording import LANGUAGES
from services.notifications.use_cases.list_mails import list_mails
from services.notifications.use_cases.note_bounce import note_bounce
from services.notifications.use_cases.ports import Composer, MailFilter, NotificationsWork
from services.notifications.use_cases.preview_mail import preview_mail
from services.notifications.use_cases.retry_mail import retry_mail, retry_refused_mails
from shared.errors import Refusal
from shared.ids import ProviderId, TenantId
from shared.money import currency

R = TypeVar("R")


class Bounced(Protocol):
    """An address that a notification says has failed for good."""

    @property
    def mail_id(self) -> UUID: ...
    @property
    def address(self) -> str: ...
    @property
    def reply(self) -> str: ...


class RunInWork(Protocol):
    """Opens one transaction of the service's database for a command, and closes the database after it."""

    async def __call__(self, use: Callable[[NotificationsWork], Awaitable[R]]) -> R: ...


def add_mail_commands(
    cli: typer.Typer,
    in_work: RunInWork,
    make_composer: Callable[[], Composer],
    make_sampler: Callable[[], Composer],
    read_bounces: Callable[[bytes], Sequence[Bounced]],
) -> None:
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

    @mails.command("sample")
    def sample_command(
        kind: Kind,
        locale: Annotated[str, typer.Option(help="Language and country, like de-DE.")] = "en-US",
        code: Annotated[str, typer.Option("--currency", help="ISO 4217.")] = "USD",
        html: Annotated[bool, typer.Option("--html", help="The HTML part, for a browser.")] = False,
    ) -> None:
        """Show a mail of a kind in a language, with made-up facts."""
        try:
            mail, contact, sender = sample(kind, locale, currency(code))
        except Refusal as refusal:
            typer.echo(refusal.message, err=True)
            raise typer.Exit(2) from None
        composed = make_sampler().compose(mail, contact, sender)
        typer.echo(composed.html if html else f"Subject: {composed.subject}\n\n{composed.text}")

    @mails.command("samples")
    def samples_command(
        folder: Annotated[Path, typer.Argument(help="Where to; made if it is missing.")],
        code: Annotated[str, typer.Option("--currency", help="ISO 4217.")] = "USD",
    ) -> None:
        """Write a mail of each kind in each language, to look at: KIND.LANGUAGE.html and .txt."""
        folder.mkdir(parents=True, exist_ok=True)
        for kind in Kind:
            for language in LANGUAGES:
                mail, contact, sender = sample(kind, language, currency(code))
                composed = make_sampler().compose(mail, contact, sender)
                (folder / f"{kind.value}.{language}.html").write_text(composed.html, encoding="utf-8")
                words = f"Subject: {composed.subject}\n\n{composed.text}"
                (folder / f"{kind.value}.{language}.txt").write_text(words, encoding="utf-8")
        typer.echo(f"{len(Kind) * len(LANGUAGES)} mails are in {folder}.")

    @mails.command("bounce")
    def bounce_command(mail_id: UUID, address: str, reason: Annotated[str, typer.Option()] = "") -> None:
        """Note that a mail to an address came back."""
        run(lambda work: note_bounce(work, mail_id, address, reason))
        typer.echo("1 bounce is noted.")

    @mails.command("bounces")
    def bounces_command(files: list[Path]) -> None:
        """Read bounces that mail servers sent (RFC 3464), one in each file, and note them."""
        noted = 0
        for bounce in (one for file in files for one in read_bounces(file.read_bytes())):
            run(partial(note_bounce, mail_id=bounce.mail_id, address=bounce.address, reply=bounce.reply))
            noted += 1
        typer.echo(f"{noted} bounces are noted.")

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
