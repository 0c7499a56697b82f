"""Gate and CDR intake of a test: answers what the test wants, hangs or fails when it is told to, keeps what came."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REJECT = {"action": "reject", "code": 403, "reason": "Service suspended", "q850": 21, "ttl": 5}
ALLOW = {"action": "allow", "ttl": 5}
ANNOUNCE = {"action": "announce", "ttl": 5}


@dataclass
class FakeTollgate:
    """``answers`` by tenant and direction, ``numbers`` before them; others are a 404. ``hang_seconds``: so long nothing is answered."""

    url: str = ""
    answers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    hang_seconds: float = 0.0
    fails: bool = False
    refuse_records: int = 0

    def suspend(self, tenant: str) -> None:
        self.answers[tenant, "outbound"], self.answers[tenant, "inbound"] = REJECT, ANNOUNCE

    def restore(self, tenant: str) -> None:
        self.answers[tenant, "outbound"] = self.answers[tenant, "inbound"] = ALLOW

    def record_of(self, called: str, *, seconds: float = 10.0) -> dict[str, Any]:
        """The record of the call to this number, once it has come."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            for one in self.records:
                if one["to"] == called:
                    return one
            time.sleep(0.05)
        raise AssertionError(f"no record of a call to {called}: {self.records}")


@contextmanager
def running_tollgate() -> Iterator[FakeTollgate]:
    fake = FakeTollgate()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
            """Quiet."""

        def _send(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            # An edge that waited long enough is gone.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(content)

        def do_GET(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            fake.asked.append(query)
            fake.tokens.add(self.headers.get("Authorization", ""))
            if fake.hang_seconds:
                time.sleep(fake.hang_seconds)
            if fake.fails:
                self._send(503, {})
                return
            answer = fake.answers.get((query.get("tenant", ""), query.get("direction", "")))
            answer = fake.numbers.get(query.get("to", ""), answer)
            self._send(200 if answer else 404, answer or {"title": "Not found"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if fake.refuse_records > 0:
                fake.refuse_records -= 1
                self._send(503, {})
                return
            fake.records.append(json.loads(body))
            self._send(201, {"taken": 1})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
