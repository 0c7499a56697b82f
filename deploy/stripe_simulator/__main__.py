"""Run the simulator: ``python -m deploy.stripe_simulator serve``."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys

import uvicorn

from deploy.stripe_simulator.application import build
from deploy.stripe_simulator.settings import SettingError, Settings, from_environment

logger = logging.getLogger("deploy.stripe_simulator")

BACKLOG = 1024
"""Connections that may wait to be taken, as uvicorn has it."""


def _is_no_ordered_drop(record: logging.LogRecord) -> bool:
    """Keep uvicorn quiet about connections that a fault broke on purpose."""
    return "without completing response" not in record.getMessage()


def serve(settings: Settings) -> None:
    """Listen until stopped; the address is logged once the socket is bound."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named because asyncio sends small packets at once (TCP_NODELAY) only where it sees TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as problem:
        raise SettingError(
            f"cannot listen on STRIPE_SIMULATOR_HOST {settings.host}, STRIPE_SIMULATOR_PORT {settings.port}: {problem}"
        ) from problem
    app = build(settings)
    # From here on connections wait in the queue, so whoever reads the line below may connect at once.
    listener.listen(BACKLOG)
    logger.info("listening on http://%s:%d", settings.host, listener.getsockname()[1])
    logging.getLogger("uvicorn.error").addFilter(_is_no_ordered_drop)
    config = uvicorn.Config(app, access_log=False, log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])


def main() -> int:
    """Read the command line and the environment."""
    parser = argparse.ArgumentParser(prog="python -m deploy.stripe_simulator", description=__doc__)
    parser.add_argument("command", choices=["serve"])
    parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        serve(from_environment(os.environ))
    except SettingError as problem:
        sys.stderr.write(f"stripe simulator: {problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
