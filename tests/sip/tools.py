"""Kamailio with the edge's configuration, and SIPp, as processes of a test. Nothing leaves the loopback address."""

import contextlib
import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from tests.sip import scenarios
from tests.sip.leashed import leashed

EDGE = Path(__file__).parents[2] / "deploy" / "kamailio"
RPC_SECRET = "a-secret-of-the-tests-only"
CALL_SECONDS = 20.0


def free_port(kind: Literal["udp", "tcp"]) -> int:
    """A port that nobody uses now; SIPp and Kamailio cannot be handed an open socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Edge:
    """A running Kamailio. ``trunk_port``: calls from there are inbound; ``switch_port``: where they go."""

    folder: Path
    sip_port: int
    rpc_port: int
    trunk_port: int
    carrier_port: int
    switch_port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def rpc_url(self) -> str:
        return f"http://127.0.0.1:{self.rpc_port}/RPC"

    def rpc(self, method: str, *params: str) -> Any:
        """What the edge answers to a command with its secret; None for what is not there."""
        body = {"jsonrpc": "2.0", "method": method, "params": list(params), "id": 1}
        secret = {"Authorization": f"Bearer {RPC_SECRET}"}
        answer = httpx.post(self.rpc_url, json=body, headers=secret, trust_env=False)
        return answer.json().get("result")

    def log(self) -> str:
        return (self.folder / "kamailio.log").read_text(errors="replace")


def write_settings(edge: Edge, changes: dict[str, str]) -> None:
    """``deploy/kamailio/settings.cfg`` with values of this test; every name must be there."""
    text = (EDGE / "settings.cfg").read_text()
    for name, value in changes.items():
        for pattern, line in (
            (rf"(?m)^#+!define {name} .*$", f"#!define {name} {value}"),
            (rf'(?m)^#!substdef "!{name}!.*$', f'#!substdef "!{name}!{value}!g"'),
        ):
            # A backslash of the value means nothing to `sub`.
            text, found = re.subn(pattern, line.replace("\\", r"\\"), text)
            if found:
                break
        assert found == 1, name
    (edge.folder / "settings.cfg").write_text(text)
    shutil.copy(EDGE / "kamailio.cfg", edge.folder)


@contextlib.contextmanager
def running_edge(folder: Path, *, gate_url: str, cdr_url: str, token: str, **changes: str) -> Iterator[Edge]:
    """Kamailio with the configuration of ``deploy/kamailio`` and these settings."""
    folder.mkdir(parents=True, exist_ok=True)
    edge = Edge(
        folder,
        sip_port=free_port("udp"),
        rpc_port=free_port("tcp"),
        trunk_port=free_port("udp"),
        carrier_port=free_port("udp"),
        switch_port=free_port("udp"),
    )
    carrier = f'"sip:127.0.0.1:{edge.carrier_port}"'
    write_settings(
        edge,
        {
            "TG_SIP_LISTEN": f"udp:127.0.0.1:{edge.sip_port}",
            "TG_RPC_LISTEN": f"tcp:127.0.0.1:{edge.rpc_port}",
            "TG_GATE_URL": f'"{gate_url}"',
            "TG_CDR_URL": f'"{cdr_url}"',
            "TG_TOKEN": f'"{token}"',
            "TG_RPC_SECRET": f'"{RPC_SECRET}"',
            "TG_TRUNK_SOURCES": rf'"^127\.0\.0\.1:{edge.trunk_port}$"',
            "TG_TRUNK": carrier,
            "TG_EMERGENCY_TRUNK": carrier,
            "TG_EMERGENCY_SECOND": carrier,
            "TG_SWITCH": f'"sip:127.0.0.1:{edge.switch_port}"',
            "TG_ANNOUNCE_SECONDS": "1",
            **changes,
        },
    )
    with (folder / "kamailio.log").open("wb") as log:
        command = ["kamailio", "-f", str(folder / "kamailio.cfg"), "-DD", "-E", "-m", "64", "-M", "8"]
        edge.process = subprocess.Popen(
            leashed([*command, "-Y", str(folder), "-P", str(folder / "kamailio.pid")]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for_port(edge)
        yield edge
    finally:
        edge.process.terminate()
        try:
            edge.process.wait(10)
        except subprocess.TimeoutExpired:
            edge.process.kill()
            edge.process.wait(10)


def _wait_for_port(edge: Edge) -> None:
    give_up = time.monotonic() + 15
    while True:
        assert edge.process is not None and edge.process.poll() is None, edge.log()[-3000:]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", edge.rpc_port), 1):
            return
        assert time.monotonic() < give_up, edge.log()[-3000:]
        time.sleep(0.05)


@contextlib.contextmanager
def answering(
    edge: Edge, port: int, *, ring_ms: int = 100, scenario_text: str | None = None
) -> Iterator[None]:
    """SIPp as the called side at ``port``, for as many calls as come; ``scenario_text`` in place of answering."""
    folder = edge.folder / f"uas-{port}"
    folder.mkdir(exist_ok=True)
    scenario = folder / "uas.xml"
    scenario.write_text(scenario_text or scenarios.answers(ring_ms=ring_ms))
    with (folder / "screen.log").open("wb") as log:
        process = subprocess.Popen(
            leashed(_sipp(scenario, port, folder)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        time.sleep(0.3)
        assert process.poll() is None, (folder / "screen.log").read_text(errors="replace")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _sipp(scenario: Path, port: int, folder: Path) -> list[str]:
    return [
        *("sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port), "-nostdin", "-trace_err"),
        *(
            "-error_file",
            str(folder / "errors.log"),
            "-trace_msg",
            "-message_file",
            str(folder / "messages.log"),
        ),
    ]


@dataclass(frozen=True)
class Played:
    """One call by SIPp: whether everything went as the scenario says, and how long all of it took."""

    ok: bool
    seconds: float
    messages: str
    errors: str


def play(
    edge: Edge,
    scenario: str,
    *,
    tenant: str,
    source: str = "101",
    port: int | None = None,
    calls: int = 1,
    rate: int = 10,
) -> Played:
    """Plays calls to the edge, ``rate`` a second; ``port`` is the caller's own."""
    folder = edge.folder / f"uac-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    path = folder / "uac.xml"
    path.write_text(scenario)
    command = _sipp(path, port or free_port("udp"), folder)
    command += [
        "-m",
        str(calls),
        "-l",
        str(calls),
        "-r",
        str(rate),
        "-timeout",
        f"{CALL_SECONDS:.0f}s",
        "-timeout_error",
        "-recv_timeout",
        "15000",
    ]
    command += ["-key", "source", source, "-key", "from_domain", tenant, f"127.0.0.1:{edge.sip_port}"]
    begun = time.monotonic()
    done = subprocess.run(
        leashed(command),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=CALL_SECONDS + 10,
        check=False,
        cwd=folder,
    )
    seconds = time.monotonic() - begun
    texts = [folder / "messages.log", folder / "errors.log"]
    messages, errors = (one.read_text(errors="replace") if one.exists() else "" for one in texts)
    return Played(
        done.returncode == 0, seconds, messages, errors + done.stdout.decode(errors="replace")[-500:]
    )


def outbound(edge: Edge, tenant: str, number: str, *, code: int | None = None, **values: int) -> Played:
    """A phone of ``tenant`` dials ``number``; ``code``: it is refused with it."""
    uri = number if number.startswith("urn:") else f"sip:{number}@{tenant}"
    scenario = scenarios.completes(uri, **values) if code is None else scenarios.refused(uri, code)
    return play(edge, scenario, tenant=tenant)


def inbound(edge: Edge, tenant: str, number: str, *, code: int | None = None, **values: int) -> Played:
    """The carrier brings a call to ``number`` of ``tenant``."""
    uri = f"sip:{number}@{tenant}"
    scenario = scenarios.completes(uri, **values) if code is None else scenarios.refused(uri, code)
    return play(edge, scenario, tenant="carrier.example", source="+12125550199", port=edge.trunk_port)


def passes(played: Played) -> Played:
    assert played.ok, played.errors
    return played


def talk_seconds(record: dict[str, str]) -> float:
    return float(record["end_time"]) - float(record["start_time"])
