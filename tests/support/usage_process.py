"""``python -m services.usage serve`` as a process of its own, to be loaded, measured and killed."""

import asyncio
import os
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploy.local.tokens import AUDIENCE, ISSUER, Person, TokenIssuer
from shared.ids import ProviderId

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
INTERNAL = "internal-secret-of-the-tests"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class UsageProcess:
    """One usage service on real servers; the same address after every start."""

    database_url: str
    broker_url: str
    folder: Path
    port: int = field(default_factory=_free_port)
    process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        self.issuer = TokenIssuer(self.folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None, "the service was started"
        return self.process.pid

    def switch_token(self, provider_id: ProviderId) -> str:
        return self.issuer.mint(Person("fs1", ["switch"], str(provider_id)))

    async def start(self) -> None:
        """Returns when it is ready."""
        environment = {
            **os.environ,
            "TOLLGATE_DATABASE_URL": self.database_url,
            "TOLLGATE_BROKER_URL": self.broker_url,
            "TOLLGATE_HTTP_PORT": str(self.port),
            "TOLLGATE_INTERNAL_TOKEN": INTERNAL,
            "TOLLGATE_AUTH_ISSUER": ISSUER,
            "TOLLGATE_AUTH_AUDIENCE": AUDIENCE,
            "TOLLGATE_AUTH_JWKS": str(self.issuer.jwks_file),
            "TOLLGATE_LOG_LEVEL": "WARNING",
        }
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.usage", "serve", cwd=ROOT, env=environment
        )
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(base_url=self.url) as http:
            while True:
                assert self.process.returncode is None, f"usage ended with {self.process.returncode}"
                try:
                    if (await http.get("/health/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                assert time.monotonic() < deadline, "usage is not ready"
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """At once, wherever it is (SIGKILL)."""
        assert self.process is not None, "the service was started"
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """As an operator does."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 30)
