"""The whole of Tollgate on one machine: servers, migrations, services, simulator, mail sink."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx

from deploy.local import infra, native, native_broker
from deploy.local.databases import ensure_databases, service_url
from deploy.local.docker import ROOT, DockerServers
from deploy.local.environment import (
    SERVICES,
    Addresses,
    Secrets,
    StripeSettings,
    service_settings,
    simulator_settings,
    stripe_settings,
)
from deploy.local.errors import LocalError
from deploy.local.ports import PortBook, accepts
from deploy.local.probes import broker_answers, postgres_answers
from deploy.local.process import Program, log_tail, wait_until
from deploy.local.supervision import Supervisor, leftovers
from deploy.local.tokens import TokenIssuer

SIMULATOR, MAIL_SINK = "stripe_simulator", "mail_sink"
READY_SECONDS = 90.0
MIGRATE_SECONDS = 180.0
Say = Callable[[str], None]


def say(line: str) -> None:
    """A progress line for a person."""
    print(f"tollgate: {line}", flush=True)


class Stack:
    """One stack in one state folder. Several may run at once, each with ports, databases and queues of its own."""

    def __init__(self, state: Path, progress: Say = say) -> None:
        self.state = state.resolve()
        self.supervisor = Supervisor(self.state)
        self._say = progress
        self._logs = self.state / "log"
        self.mail_folder = self.state / "mail"
        self.endpoints_file = self.state / "endpoints.json"

    def up(self, wanted: str | None = None) -> Path:
        """Bring everything up and return the endpoints file. Raises LocalError naming the log to read.

        `wanted` is INFRA's word (auto, native, docker). What was started is stopped again when a step fails.
        """
        if self.supervisor.is_up():
            raise LocalError(f"a stack already runs from {self.state}: `make stop` ends it")
        begun = time.monotonic()
        self._logs.mkdir(parents=True, exist_ok=True)
        if leftovers(self.state):
            self._say("ending what an earlier run left behind")
            self.supervisor.stop()
        kind = self._kind(wanted)
        try:
            addresses = self._start_servers(kind)
            self._migrate(addresses)
            self.supervisor.start_services()
            self._await_services(addresses)
        except BaseException:
            self.down()
            raise
        self._say(f"everything is up after {time.monotonic() - begun:.0f} s")
        return self.endpoints_file

    def down(self) -> None:
        """Stop all of it, services before servers. Data stays in the state folder."""
        self.supervisor.stop()
        if (self.state / "docker.json").exists() and self._remembered_kind() == "docker":
            DockerServers(self.state).stop()

    def forget(self) -> None:
        """Remove the servers' data. The stack must be down."""
        infra.forget(self.state)

    def _remembered_kind(self) -> str | None:
        file = self.state / "infra"
        return file.read_text().strip() if file.exists() else None

    def _kind(self, wanted: str | None) -> infra.Kind:
        """The kind of servers; a state folder keeps the one that holds its data."""
        remembered = self._remembered_kind()
        asked = wanted if wanted is not None else os.environ.get("INFRA") or "auto"
        kind = infra.choose(remembered if asked == "auto" and remembered else asked)
        if remembered and kind != remembered:
            raise LocalError(
                f"the data in {self.state} belongs to INFRA={remembered}: use that, or run `make clean` to start afresh"
            )
        (self.state / "infra").write_text(kind + "\n")
        return kind

    def _start_servers(self, kind: infra.Kind) -> Addresses:
        self._say(
            f"starting PostgreSQL and RabbitMQ ({'containers' if kind == 'docker' else 'private processes'})"
        )
        book = PortBook(self.state)
        programs: list[Program] = []
        servers: DockerServers | None = None
        if kind == "docker":
            servers = DockerServers(self.state)
            urls = (servers.postgres_admin_url, servers.broker_url, servers.management_url)
        else:
            homes = native.prepare(self.state)
            programs = homes.programs()
            urls = (homes.postgres.admin_url, homes.broker.url, homes.broker.management_url)
            # A port mapper that survived would keep the old node's name.
            native_broker.end_port_mapper(homes.broker)
        book = PortBook(self.state)
        addresses = Addresses(
            {service: book.port(service) for service in SERVICES},
            book.port(SIMULATOR),
            book.port(MAIL_SINK),
            *urls,
        )
        stripe = stripe_settings(addresses.simulator_url)
        issuer = TokenIssuer(self.state)
        self.supervisor.launch(programs, self._services(addresses, stripe, issuer.jwks_file))
        if servers is not None:
            servers.start()
        self._await_server("postgres", lambda: postgres_answers(addresses.postgres_admin_url))
        self._await_server("rabbitmq", lambda: broker_answers(addresses.broker_url, addresses.management_url))
        self._write_endpoints(addresses, stripe)
        return addresses

    def _await_server(self, name: str, answers: Callable[[], bool]) -> None:
        log = self._logs / f"{name}.log"
        wait_until(
            answers,
            native.START_SECONDS,
            lambda: f"{name} did not come up; read {log}, which ends:\n{log_tail(log)}",
        )

    def _secrets(self) -> Secrets:
        file = self.state / "secrets.json"
        if not file.exists():
            file.touch(mode=0o600)
            made = {
                "internal_token": secrets.token_urlsafe(32),
                "database_passwords": {service: secrets.token_hex(16) for service in SERVICES},
            }
            file.write_text(json.dumps(made, indent=1) + "\n")
        return Secrets(**json.loads(file.read_text()))

    def _services(self, addresses: Addresses, stripe: StripeSettings, jwks: Path) -> list[Program]:
        programs = [
            self._python(
                service,
                ["-m", f"services.{service}", "serve"],
                service_settings(service, addresses, self._secrets(), stripe, jwks),
            )
            for service in SERVICES
        ]
        sink = [
            "-m",
            "deploy.local.mail_sink",
            "--port",
            str(addresses.smtp_port),
            "--folder",
            str(self.mail_folder),
        ]
        programs.append(self._python(MAIL_SINK, sink, {}))
        if stripe.simulated:
            folder = self.state / SIMULATOR
            folder.mkdir(exist_ok=True)
            settings = simulator_settings(addresses, stripe, folder)
            programs.append(self._python(SIMULATOR, ["-m", "deploy.stripe_simulator", "serve"], settings))
        return programs

    def _python(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> Program:
        return Program(name, [sys.executable, *arguments], environment, ROOT, self._logs / f"{name}.log")

    def _migrate(self, addresses: Addresses) -> None:
        """Databases and roles, then the six services' migrations, two at a time: each is mostly Python starting."""
        known = self._secrets()
        asyncio.run(ensure_databases(addresses.postgres_admin_url, known.database_passwords))
        self._say("migrating the six databases")
        stripe = stripe_settings(addresses.simulator_url)

        def migrate(service: str) -> None:
            settings = service_settings(service, addresses, known, stripe, self.state / "jwks.json")
            log = self._logs / f"{service}-migrate.log"
            with log.open("wb") as out:
                done = subprocess.run(
                    [sys.executable, "-m", f"services.{service}", "migrate"],
                    env={**os.environ, **settings},
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    timeout=MIGRATE_SECONDS,
                    check=False,
                )
            if done.returncode != 0:
                raise LocalError(
                    f"the migration of {service} failed; read {log}, which ends:\n{log_tail(log)}"
                )

        with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
            list(pool.map(migrate, SERVICES))

    def _await_services(self, addresses: Addresses) -> None:
        self._say("starting the services")
        waiting = {service: addresses.base_url(service) + "/health/ready" for service in SERVICES}
        begun = time.monotonic()
        with httpx.Client(timeout=2, trust_env=False) as client:
            while waiting:
                for service, url in list(waiting.items()):
                    if _is_ready(client, url):
                        del waiting[service]
                        self._say(f"{service} is ready at {addresses.base_url(service)}")
                if not waiting:
                    break
                if time.monotonic() - begun > READY_SECONDS:
                    raise LocalError(self._complaint(sorted(waiting)))
                time.sleep(0.1)
        others = [(MAIL_SINK, addresses.smtp_port)]
        if stripe_settings(addresses.simulator_url).simulated:
            others.append((SIMULATOR, addresses.simulator_port))
        for name, port in others:
            left = max(10.0, READY_SECONDS - (time.monotonic() - begun))
            wait_until(partial(accepts, port), left, partial(self._complaint, [name]))

    def _complaint(self, names: list[str]) -> str:
        known = self.supervisor.processes()
        told = [
            f"{name} is not ready ({known[name].state}); read {known[name].log}, which ends:\n{log_tail(known[name].log)}"
            for name in names
        ]
        return "\n".join(told)

    def _renewed(self, token: str) -> str:
        """Tokens last for hours, a checkout for weeks: every start makes them anew."""
        return TokenIssuer(self.state).renew(token)

    def _write_endpoints(self, addresses: Addresses, stripe: StripeSettings) -> None:
        """What people and scripts need to try things. Tokens of the demonstration's people are kept when it made them."""
        known = self._secrets()
        before = json.loads(self.endpoints_file.read_text()) if self.endpoints_file.exists() else {}
        endpoints = {
            "services": {service: addresses.base_url(service) for service in SERVICES},
            "stripe_simulator": addresses.simulator_url if stripe.simulated else None,
            "broker_url": addresses.broker_url,
            "broker_management_url": addresses.management_url,
            "database_urls": {
                service: service_url(addresses.postgres_admin_url, service, password)
                for service, password in known.database_passwords.items()
            },
            "postgres_admin_url": addresses.postgres_admin_url,
            "mail_folder": str(self.mail_folder),
            "internal_token": known.internal_token,
            "billing_page": addresses.billing_page,
            "token_issuer_folder": str(self.state),
            "state_folder": str(self.state),
            "tokens": {name: self._renewed(token) for name, token in before.get("tokens", {}).items()},
        }
        unfinished = self.endpoints_file.with_suffix(".tmp")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(endpoints, indent=1) + "\n")
        unfinished.rename(self.endpoints_file)


def _is_ready(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == 200
    except httpx.HTTPError:
        return False
