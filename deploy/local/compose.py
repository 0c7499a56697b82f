"""The whole compose stack on one machine: built, started, described in an endpoints file, taken down."""

import json
import secrets
import time
from pathlib import Path

import httpx

from deploy.local.databases import service_url
from deploy.local.docker import ROOT, ComposeProject, project_name
from deploy.local.environment import SERVICES, STRIPE_JS_PATH, Addresses
from deploy.local.errors import LocalError
from deploy.local.native_postgres import new_password
from deploy.local.ports import PortBook, accepts
from deploy.local.process import wait_until
from deploy.local.stack import Say, say
from deploy.local.tokens import TokenIssuer

BUILD_SECONDS, START_SECONDS, READY_SECONDS = 900.0, 400.0, 120.0


class ComposeStack:
    """One run of the root docker-compose.yml under a project name, ports and secrets of its own."""

    def __init__(self, state: Path, progress: Say = say) -> None:
        self.state = state.resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        self.endpoints_file = self.state / "endpoints.json"
        self._say = progress
        self._password, self._internal_token = new_password(), secrets.token_urlsafe(32)
        book = PortBook(self.state)
        names = ("stripe_simulator", "smtp", "postgres", "broker", "broker_management")
        ports = {name: book.port(name) for name in (*SERVICES, *names)}
        self._addresses = Addresses(
            {service: ports[service] for service in SERVICES},
            ports["stripe_simulator"],
            ports["smtp"],
            f"postgresql://postgres:{self._password}@127.0.0.1:{ports['postgres']}/postgres",
            f"amqp://tollgate:{self._password}@127.0.0.1:{ports['broker']}/",
            f"http://tollgate:{self._password}@127.0.0.1:{ports['broker_management']}",
        )
        self._tokens, self.mail_folder = self.state / "tokens", self.state / "mail"
        self._project = ComposeProject(project_name(self.state), self._environment(ports))

    def _environment(self, ports: dict[str, int]) -> dict[str, str]:
        """What docker-compose.yml reads. Stripe is always the simulator here: no real account's key gets in."""
        environment = {f"TOLLGATE_{service.upper()}_PORT": str(ports[service]) for service in SERVICES}
        return environment | {
            # Two checkouts on one machine do not take each other's images.
            "TOLLGATE_TAG": project_name(ROOT),
            "TOLLGATE_SIMULATOR_PORT": str(ports["stripe_simulator"]),
            "TOLLGATE_POSTGRES_PORT": str(ports["postgres"]),
            "TOLLGATE_BROKER_PORT": str(ports["broker"]),
            "TOLLGATE_BROKER_MANAGEMENT_PORT": str(ports["broker_management"]),
            "TOLLGATE_POSTGRES_PASSWORD": self._password,
            "TOLLGATE_DATABASE_PASSWORD": self._password,
            "TOLLGATE_BROKER_PASSWORD": self._password,
            "TOLLGATE_INTERNAL_TOKEN": self._internal_token,
            "TOLLGATE_TOKENS_FOLDER": str(self._tokens),
            "TOLLGATE_MAIL_FOLDER": str(self.mail_folder),
            "TOLLGATE_PUBLIC_URL": self._addresses.base_url("gateway"),
            "TOLLGATE_SIMULATOR_PUBLIC_URL": self._addresses.simulator_url,
            "STRIPE_JS_URL": self._addresses.simulator_url + STRIPE_JS_PATH,
            # The demonstration's client is one person who does a month in a minute.
            "TOLLGATE_REQUESTS_PER_MINUTE": "60000",
            "STRIPE_SECRET_KEY": "",
            "STRIPE_PUBLISHABLE_KEY": "",
            "STRIPE_WEBHOOK_SECRET": "",
            "STRIPE_API_BASE": "",
        }

    def up(self) -> Path:
        """Build, start, wait until every service is ready, and return the endpoints file.

        Raises LocalError with the container's last lines; the caller takes it down either way.
        """
        begun = time.monotonic()
        TokenIssuer(self._tokens)
        self._tokens.chmod(0o755)
        self.mail_folder.mkdir(exist_ok=True)
        # The sink runs as a user of its own image.
        self.mail_folder.chmod(0o777)
        self._say("building the images")
        self._project.run(["build"], seconds=BUILD_SECONDS)
        self._say(f"images are built after {time.monotonic() - begun:.0f} s, starting the stack")
        self._project.run(["up", "-d"], seconds=START_SECONDS)
        with httpx.Client(timeout=3, trust_env=False) as client:
            for service in SERVICES:
                self._await_ready(client, service)
        wait_until(
            lambda: accepts(self._addresses.simulator_port),
            READY_SECONDS,
            lambda: self._complaint("stripe-simulator"),
        )
        self._write_endpoints()
        self._say(f"the stack is up after {time.monotonic() - begun:.0f} s")
        return self.endpoints_file

    def down(self) -> None:
        """Remove the containers, the network and the data. The images stay."""
        self._project.run(["down", "-v", "--remove-orphans", "--timeout", "20"])

    def keep_logs(self) -> Path:
        """Write every container's log to one file of the state folder and return it."""
        file = self.state / "containers.log"
        file.write_text(self._project.run(["logs", "--no-color", "--timestamps"]))
        return file

    def _await_ready(self, client: httpx.Client, service: str) -> None:
        url = self._addresses.base_url(service) + "/health/ready"

        def ready() -> bool:
            try:
                return client.get(url).status_code == 200
            except httpx.HTTPError:
                return False

        wait_until(ready, READY_SECONDS, lambda: self._complaint(service))
        self._say(f"{service} is ready at {self._addresses.base_url(service)}")

    def _complaint(self, service: str) -> str:
        try:
            log = self._project.run(["logs", "--no-color", "--tail=12", service])
        except LocalError as wrong:
            log = str(wrong)
        return f"the container of {service} did not get ready in {READY_SECONDS:.0f} s:\n{log}"

    def _write_endpoints(self) -> None:
        """The same shape as `make run` writes, so that the same demonstration plays against it."""
        endpoints = {
            "services": {service: self._addresses.base_url(service) for service in SERVICES},
            "stripe_simulator": self._addresses.simulator_url,
            "broker_url": self._addresses.broker_url,
            "broker_management_url": self._addresses.management_url,
            "database_urls": {
                service: service_url(self._addresses.postgres_admin_url, service, self._password)
                for service in SERVICES
            },
            "postgres_admin_url": self._addresses.postgres_admin_url,
            "mail_folder": str(self.mail_folder),
            "internal_token": self._internal_token,
            "billing_page": self._addresses.billing_page,
            "token_issuer_folder": str(self._tokens),
            "state_folder": str(self.state),
            "tokens": {},
        }
        self.endpoints_file.touch(mode=0o600)
        self.endpoints_file.write_text(json.dumps(endpoints, indent=1) + "\n")
