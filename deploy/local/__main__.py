"""`python -m deploy.local`: what the Makefile's run, demo and stop do."""

import importlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from deploy.local import packages
from deploy.local.chromium import ensure_chromium
from deploy.local.compose import ComposeStack
from deploy.local.docker import ROOT, engine_answers
from deploy.local.errors import LocalError
from deploy.local.links import billing_links, write_links
from deploy.local.stack import Stack, say
from deploy.local.telephony import ensure_telephony

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
STATE = ROOT / ".run"
CALLS = 20_000
Infra = Annotated[str, typer.Option(envvar="INFRA", help="auto, native or docker")]
State = Annotated[Path, typer.Option(help="the state folder")]
Calls = Annotated[int, typer.Option(help="calls in the demonstration month", min=100)]


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM ends a step as Ctrl-C does; from the first one on, the stopping itself is not interrupted."""
    ending = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal ending
        if not ending:
            ending = True
            raise KeyboardInterrupt

    before = {name: signal.signal(name, end) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def play_month(endpoints: Path, report: Path, calls: int) -> int:
    """The demonstration's exit code. It is a program of its own, loaded only when it is asked for."""
    play = importlib.import_module("deploy.demo.play")
    code: int = play.play_month(endpoints, report, calls)
    return code


@app.command()
def run(infra: Infra = "auto", state: State = STATE, calls: Calls = CALLS) -> None:
    """Bring everything up, play the month once, stay until Ctrl-C, then stop all of it."""
    stack = Stack(state)
    played = stack.state / "month-played"
    with ended_by_signals():
        try:
            endpoints = stack.up(infra)
            if not played.exists():
                code = play_month(endpoints, stack.state / "demo.json", calls)
                if code != 0:
                    raise LocalError(
                        f"the demonstration month failed; its facts are in {stack.state / 'demo.json'}"
                    )
                played.touch()
            links = billing_links(endpoints)
            say(f"addresses and tokens: {endpoints}")
            say(f"logs: {stack.state / 'log'}")
            say(f"mails: {stack.mail_folder}")
            say(f"Billing page of every demonstration person: {write_links(endpoints)}")
            name, link = next(iter(links.items()))
            say(f"Billing page, signed in as {name}: {link}")
            say("Ctrl-C stops all of it")
            while stack.supervisor.is_up():
                time.sleep(1)
            say("ended from elsewhere")
        except KeyboardInterrupt:
            say("stopping")
        finally:
            stack.down()
    say("stopped")


@app.command()
def demo(
    infra: Infra = "auto",
    report: Annotated[Path, typer.Option(help="where the facts are written")] = STATE / "demo.json",
    calls: Calls = CALLS,
) -> None:
    """Play the month on fresh data and stop everything; 0 only if every fact was observed."""
    report.parent.mkdir(parents=True, exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="tollgate-demo-"))
    # The servers' own system users pass through it; every file in it that holds a secret is closed.
    state.chmod(0o711)
    stack = Stack(state)
    code = 1
    with ended_by_signals():
        try:
            code = play_month(stack.up(infra), report.resolve(), calls)
        except KeyboardInterrupt:
            say("interrupted, stopping")
            code = 130
        finally:
            stack.down()
            if code == 0:
                stack.forget()
                shutil.rmtree(state, ignore_errors=True)
            else:
                say(f"logs and data of the failed demonstration are kept in {state}")
    raise typer.Exit(code)


@app.command(name="demo-compose")
def demo_compose(
    report: Annotated[Path, typer.Option(help="where the facts are written")] = STATE / "demo-compose.json",
    calls: Calls = CALLS,
) -> None:
    """Build and start the whole compose stack, play the month against it, take it down."""
    if not engine_answers():
        raise LocalError("no Docker engine answers `docker info`: start it, then try again")
    report.parent.mkdir(parents=True, exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="tollgate-compose-"))
    # Containers run as users of their own, and read the public keys in it.
    state.chmod(0o711)
    stack = ComposeStack(state)
    code = 1
    with ended_by_signals():
        try:
            code = play_month(stack.up(), report.resolve(), calls)
        except KeyboardInterrupt:
            say("interrupted, stopping")
            code = 130
        finally:
            if code != 0:
                say(f"logs of the failed demonstration: {stack.keep_logs()}")
            stack.down()
            if code == 0:
                shutil.rmtree(state, ignore_errors=True)
    raise typer.Exit(code)


@app.command()
def up(state: State, infra: Infra = "auto") -> None:
    """Bring everything up in a state folder and return, for tests and scripts."""
    typer.echo(Stack(state).up(infra))


@app.command()
def down(
    state: State,
    forget: Annotated[bool, typer.Option("--forget", help="remove the servers' data too")] = False,
) -> None:
    """Stop everything of a state folder."""
    stack = Stack(state)
    stack.down()
    if forget:
        stack.forget()


@app.command()
def stop(state: State = STATE) -> None:
    """Stop what an earlier run of this checkout left."""
    Stack(state).down()
    say("stopped")


@app.command()
def clean(state: State = STATE) -> None:
    """Stop everything of this checkout and remove its data."""
    stack = Stack(state)
    stack.down()
    stack.forget()
    shutil.rmtree(stack.state, ignore_errors=True)
    say(f"removed {stack.state}")


@app.command(name="packages")
def install_packages(
    chromium: Annotated[bool, typer.Option("--chromium", help="a browser for the page's tests")] = False,
    servers: Annotated[bool, typer.Option("--servers", help="PostgreSQL and RabbitMQ")] = False,
    fonts: Annotated[bool, typer.Option("--fonts", help="what invoices are set in")] = False,
    telephony: Annotated[bool, typer.Option("--telephony", help="Kamailio and SIPp")] = False,
    promtool: Annotated[bool, typer.Option("--promtool", help="the checker of alert rules")] = False,
) -> None:
    """Install missing system packages without starting any of their services."""
    if servers:
        packages.ensure_servers()
    if fonts:
        packages.ensure_fonts()
    if chromium:
        ensure_chromium()
    if telephony:
        ensure_telephony()
    if promtool:
        packages.ensure_promtool()


if __name__ == "__main__":
    try:
        app()
    except LocalError as wrong:
        print(f"tollgate: {wrong}", file=sys.stderr)
        sys.exit(1)
