"""A webhook receiver that can be told to fail."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_for_tests"


@dataclass(frozen=True)
class Received:
    """One post as it came."""

    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        """The event inside."""
        event: dict[str, Any] = json.loads(self.body)
        return event


class Receiver:
    """Takes webhooks on a free loopback port; the first ``failures`` are answered with 500."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.refused = 0
        self.failures = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.refused < receiver.failures:
                    receiver.refused += 1
                    self.send_response(500)
                else:
                    receiver.received.append(Received(body, self.headers["Stripe-Signature"]))
                    self.send_response(204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def types(self) -> list[str]:
        """Return the kinds of events received, in order of arrival."""
        return [entry.event["type"] for entry in self.received]
