"""``python -m services.<name>``: serve, migrate, dead letters; a service adds its own operator commands."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvicorn
from aio_pika.exceptions import AMQPError
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.console import Console
from rich.table import Column, Table

from shared.errors import Refusal
from shared.messaging.dead_letters import DeadLetters
from shared.settings import MISCONFIGURED, PREFIX, BrokerUrl, DatabaseUrl, Settings, describe
from shared.telemetry import redact, start_logging, start_telemetry

S = TypeVar("S", bound=Settings)


class DatabaseSettings(BaseSettings):
    """All that ``migrate`` needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)
    database_url: DatabaseUrl


class BrokerSettings(BaseSettings):
    """All that the dead-letter commands need."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)
    broker_url: BrokerUrl


def _or_stop(settings_class: type[BaseSettings]) -> BaseSettings:
    try:
        return settings_class()
    except ValidationError as error:
        typer.echo(describe(error), err=True)
        raise typer.Exit(MISCONFIGURED) from None


def serve(name: str, settings: S, build: Callable[[S], FastAPI]) -> None:
    """Runs one service process until it is told to stop."""
    start_logging(name, settings.log_level)
    start_telemetry(name, settings.otlp_endpoint)
    uvicorn.run(
        build(settings),
        host=settings.http_host,
        port=settings.http_port,
        http="httptools",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )


def make_cli(
    name: str, settings_class: type[S], build: Callable[[S], FastAPI], migrations: Path
) -> typer.Typer:
    """The command line that every service has."""
    cli = typer.Typer(no_args_is_help=True, help=f"Tollgate {name}.", pretty_exceptions_enable=False)

    @cli.command("serve")
    def serve_command() -> None:
        """Serve HTTP, consume events, do what is due."""
        settings = settings_class.from_environment()
        settings.stop_without_keys()
        serve(name, settings, build)

    @cli.command("migrate")
    def migrate_command(
        check: Annotated[
            bool, typer.Option("--check", help="Change nothing; status 1 while one is missing.")
        ] = False,
    ) -> None:
        """Bring this service's database to the newest version."""
        # Alembic is loaded only here: serving does without it.
        from shared.db import migration

        settings = _or_stop(DatabaseSettings)
        assert isinstance(settings, DatabaseSettings)
        migration.main(settings.database_url.get_secret_value(), migrations, ["--check"] if check else [])

    cli.add_typer(_dead_letter_commands(name), name="dead")
    return cli


def _dead_letter_commands(name: str) -> typer.Typer:
    dead = typer.Typer(no_args_is_help=True, help="Dead letters: messages that were given up.")

    def letters() -> DeadLetters:
        settings = _or_stop(BrokerSettings)
        assert isinstance(settings, BrokerSettings)
        return DeadLetters(settings.broker_url.get_secret_value(), name)

    @dead.command("list")
    def list_letters() -> None:
        """Each with the queue it came from and why it died."""
        table = Table(Column("message", no_wrap=True, min_width=36), "queue", "attempts", "reason")
        found = _run(letters().list())
        for letter in found:
            table.add_row(letter.message_id, letter.queue, str(letter.attempts), redact(letter.reason))
        Console().print(table if found else "No dead letters.")

    @dead.command("show")
    def show_letter(message_id: str) -> None:
        """The whole message."""
        letter = _run(letters().show(message_id))
        typer.echo(
            f"queue:    {letter.queue}\nreason:   {redact(letter.reason)}\nattempts: {letter.attempts}"
        )
        try:
            typer.echo(json.dumps(json.loads(letter.body), indent=2))
        except ValueError:
            typer.echo(repr(letter.body))

    @dead.command("replay")
    def replay_letters(
        message_id: Annotated[str | None, typer.Argument(help="One message; or use --all.")] = None,
        every: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    ) -> None:
        """Send back to the queue it came from; handled twice it changes nothing."""
        if (message_id is None) != every:
            typer.echo("Name one message, or say --all.", err=True)
            raise typer.Exit(2)
        typer.echo(f"{_run(letters().replay(message_id))} sent back.")

    @dead.command("discard")
    def discard_letter(
        message_id: str,
        reason: Annotated[str, typer.Option(help="Why it will never be needed; kept in the log.")],
    ) -> None:
        """Remove for good."""
        start_logging(name, "INFO")
        letter = _run(letters().discard(message_id, reason=reason))
        typer.echo(f"Discarded {letter.message_id} of {letter.queue}.")

    return dead


R = TypeVar("R")


def _run(work: Coroutine[Any, Any, R]) -> R:
    """Runs a coroutine; a refusal or a broker that is away is one line, not a traceback."""
    try:
        return asyncio.run(work)
    except Refusal as refusal:
        typer.echo(refusal.message, err=True)
    except (OSError, AMQPError) as error:
        typer.echo(
            f"The broker at TOLLGATE_BROKER_URL cannot be used ({type(error).__name__}): see that RabbitMQ"
            " runs and that the address and its password are right, then try again.",
            err=True,
        )
    raise typer.Exit(1) from None
