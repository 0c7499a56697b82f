"""The edge of ``deploy/kamailio``, driven by SIPp: who may call whom, and what is reported of it."""

import asyncio
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.suspension.adapters.push_sender import PushSender
from services.suspension.adapters.push_target import PushTargets
from services.suspension.use_cases.ports import Push, Switch
from shared.ids import ProviderId, TenantId
from tests.sip import scenarios
from tests.sip.conftest import Line
from tests.sip.fake_tollgate import ALLOW, REJECT, FakeTollgate
from tests.sip.tools import (
    RPC_SECRET,
    Edge,
    Played,
    answering,
    free_port,
    inbound,
    outbound,
    passes,
    play,
    running_edge,
    talk_seconds,
)

pytestmark = pytest.mark.sip
FAR = "+12125559999"
# A call that waits for nothing: SIPp's start, 0.1 s of ringing, 0.2 s of talk.
UNDELAYED_SECONDS = 1.0


async def push(edge: Edge, tenant: str, stage: str = "none", *, cut_calls: bool = False) -> None:
    """What suspension does when the tenant's standing has changed."""
    switch = Switch(ProviderId(uuid4()), "edge", "kamailio_jsonrpc", edge.rpc_url, RPC_SECRET, cut_calls)
    told = Push(uuid4(), switch, TenantId(uuid4()), (tenant,), stage, None, 1, datetime.now(UTC), False)
    async with httpx.AsyncClient(trust_env=False) as client:
        await PushSender(client, PushTargets([ip_network("127.0.0.0/8")])).send(told)


def test_a_call_completes_and_is_reported_with_its_talk_time(line: Line) -> None:
    """Asked with the switch's token; the record counts from the answer to the hang-up, not the ringing."""
    passes(outbound(line.edge, line.tenant, "+12125550301", talk_ms=1000))
    record = line.gate.record_of("+12125550301")
    assert 0.95 < talk_seconds(record) < 1.3
    assert (record["tenant"], record["direction"], record["switch"]) == (line.tenant, "outbound", "edge-1")
    assert (record["from"], record["tenant_hold_ms"]) == ("101", "0")
    question = next(one for one in line.gate.asked if one["tenant"] == line.tenant)
    assert (question["direction"], question["to"]) == ("outbound", "+12125550301")
    assert line.gate.tokens == {"Bearer token-of-the-switch"}


def test_a_suspended_tenant_hears_so(line: Line) -> None:
    """Outbound 403 with the header Reason, inbound 183 then 480; another tenant's calls go on."""
    line.gate.suspend(line.tenant)
    passes(outbound(line.edge, line.tenant, FAR, code=403))
    heard = passes(inbound(line.edge, line.tenant, "+12125550303", code=480))
    assert heard.messages.index("SIP/2.0 183") < heard.messages.index("SIP/2.0 480")
    line.gate.restore("other." + line.tenant)
    passes(outbound(line.edge, "other." + line.tenant, FAR))
    passes(inbound(line.edge, "other." + line.tenant, "+12125550304"))


def test_callers_of_a_suspended_tenant_hear_the_announcement(
    shared_gate: FakeTollgate, tmp_path: Path
) -> None:
    """With a media server: 183 with its session description, sound over RTP before the 480, and nothing to pay."""
    tenant, media_port = "announced.example", free_port("udp")
    sound = tmp_path / "interrupted.ulaw"
    # Half a second of G.711 mu-law, 20 ms a packet.
    sound.write_bytes(bytes(range(0x80, 0xD0)) * 50)
    shared_gate.suspend(tenant)
    heard: list[bytes] = []
    with (
        running_edge(
            tmp_path,
            gate_url=f"{shared_gate.url}/v1/call-policy",
            cdr_url=f"{shared_gate.url}/v1/cdrs",
            token="token-of-the-switch",
            TG_ANNOUNCE_SERVER=f'"sip:127.0.0.1:{media_port}"',
        ) as edge,
        answering(edge, media_port, scenario_text=scenarios.announces(sound)),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear,
    ):
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(0.05)
        caller = scenarios.hears(f"sip:+12125550309@{tenant}", media_port=ear.getsockname()[1])
        played: list[Played] = []
        call = threading.Thread(
            target=lambda: played.append(
                play(edge, caller, tenant="carrier.example", source="+12125550199", port=edge.trunk_port)
            )
        )
        call.start()
        while call.is_alive():
            with suppress(TimeoutError):
                heard.append(ear.recv(2048))
        call.join()
    passes(played[0])
    # RTP version 2, payload type 0, 160 bytes of sound behind 12 of header.
    assert len(heard) >= 20
    assert {(packet[0] >> 6, packet[1] & 0x7F, len(packet)) for packet in heard} == {(2, 0, 172)}
    assert b"".join(packet[12:] for packet in heard[:5]) == sound.read_bytes()[: 5 * 160]
    assert "+12125550309" not in [record["to"] for record in shared_gate.records]


def test_emergency_calls_wait_for_nothing_even_while_the_gate_hangs(line: Line) -> None:
    """Nobody is asked, nobody waits; afterwards the emergency centre can call back a suspended tenant."""
    line.gate.suspend(line.tenant)
    line.gate.hang_seconds = 4.0
    numbers = ("911", "112", "+1911", "urn:service:sos", "911;phone-context=+1", "9-1-1", "%39%31%31")
    for number in numbers:
        assert passes(outbound(line.edge, line.tenant, number)).seconds < UNDELAYED_SECONDS, number
    assert passes(inbound(line.edge, line.tenant, "+12125550305")).seconds < UNDELAYED_SECONDS
    # A question names its call.
    assert not [one for one in line.gate.asked if one["tenant"] == line.tenant and "call_id" in one]


def test_an_emergency_call_goes_on_over_the_second_trunk(shared_gate: FakeTollgate, tmp_path: Path) -> None:
    """The first says nothing: two seconds later the second rings."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
        running_edge(
            tmp_path,
            gate_url=f"{shared_gate.url}/v1/call-policy",
            cdr_url=f"{shared_gate.url}/v1/cdrs",
            token="t",
            TG_EMERGENCY_TRUNK=f'"sip:127.0.0.1:{bound(silent)}"',
        ) as edge,
        answering(edge, edge.carrier_port),
    ):
        assert 2.0 < passes(outbound(edge, "second.example", "911")).seconds < 4.0


def bound(one: socket.socket) -> int:
    one.bind(("127.0.0.1", 0))
    return int(one.getsockname()[1])


def test_other_edges_learn_of_an_emergency_call(line: Line) -> None:
    """The centre's call back may come in over another edge, which asks Tollgate: it is told afterwards, also when it
    was away."""
    line.gate.fails = True
    passes(outbound(line.edge, line.tenant, "933"))
    line.gate.fails = False
    told = {"tenant": line.tenant, "direction": "outbound", "to": "933"}
    give_up = time.monotonic() + 5
    while line.gate.asked.count(told) < 1:
        assert time.monotonic() < give_up, line.gate.asked
        time.sleep(0.05)


def test_who_hides_the_number_is_known_by_what_is_asserted(line: Line) -> None:
    """RFC 3323: From says anonymous.invalid; the call is the tenant's all the same, and its record too."""
    line.gate.suspend(line.tenant)
    hidden = f"P-Asserted-Identity: <sip:101@{line.tenant}>\nMax-Forwards"
    refused = scenarios.refused(f"sip:{FAR}@{line.tenant}", 403).replace("Max-Forwards", hidden, 1)
    passes(play(line.edge, refused, tenant="anonymous.invalid", source="anonymous"))
    assert line.gate.asked[-1]["tenant"] == line.tenant


def test_a_caller_may_give_up_while_tollgate_is_waited_for(line: Line) -> None:
    """487 when the question is over; the call goes nowhere, whatever Tollgate says later."""
    line.gate.hang_seconds = 0.8
    number = "+12125550312"
    call = scenarios.gives_up(f"sip:{number}@{line.tenant}", after=100, pause_ms=200)
    assert passes(play(line.edge, call, tenant=line.tenant)).messages.count("SIP/2.0 487") == 1
    time.sleep(1.2)
    carried = line.edge.folder / f"uas-{line.edge.carrier_port}" / "messages.log"
    assert number not in carried.read_text()


def test_a_caller_may_give_up_while_hearing_that_service_is_interrupted(line: Line) -> None:
    """487 at once instead of the 480 later."""
    line.gate.suspend(line.tenant)
    call = scenarios.gives_up(f"sip:+12125550311@{line.tenant}", after=183, pause_ms=200)
    assert passes(play(line.edge, call, tenant=line.tenant, port=line.edge.trunk_port)).seconds < 0.8


def test_many_calls_at_once_do_not_queue_behind_a_hanging_gate(line: Line) -> None:
    """Forty calls in half a second find eight workers: once three have failed, those that wait go on at once."""
    line.gate.hang_seconds = 4.0
    call = scenarios.completes(f"sip:{FAR}@{line.tenant}", talk_ms=50)
    played = passes(play(line.edge, call, tenant=line.tenant, calls=40, rate=80))
    assert played.seconds < 4.5


def test_a_telephone_that_vanished_talks_on_in_no_bill(shared_gate: FakeTollgate, tmp_path: Path) -> None:
    """No BYE ever comes; the edge asks both ends whether the call is there, and reports it when one is not."""
    shared_gate.restore("vanished.example")
    with (
        running_edge(
            tmp_path,
            gate_url=f"{shared_gate.url}/v1/call-policy",
            cdr_url=f"{shared_gate.url}/v1/cdrs",
            token="t",
            TG_KEEPALIVE="30",
        ) as edge,
        answering(edge, edge.carrier_port),
    ):
        passes(play(edge, scenarios.vanishes("sip:+12125550310@vanished.example"), tenant="vanished.example"))
        record = shared_gate.record_of("+12125550310", seconds=80)
    assert talk_seconds(record) < 75


def test_the_providers_own_number_is_always_reached(line: Line) -> None:
    """Whoever cannot pay can at least ask."""
    line.gate.suspend(line.tenant)
    passes(outbound(line.edge, line.tenant, "+12125550100"))


async def test_after_a_push_the_very_next_call_passes(line: Line) -> None:
    """The refusal is cached for seconds; deleting the tenant's entry makes the edge ask again at once."""
    line.gate.suspend(line.tenant)
    passes(outbound(line.edge, line.tenant, FAR, code=403))
    line.gate.restore(line.tenant)
    passes(outbound(line.edge, line.tenant, FAR, code=403))
    await push(line.edge, line.tenant)
    passes(outbound(line.edge, line.tenant, FAR))
    line.gate.suspend(line.tenant)
    await push(line.edge, line.tenant, "both_barred")
    passes(outbound(line.edge, line.tenant, FAR, code=403))


def test_a_push_without_the_secret_is_refused(line: Line) -> None:
    """Anybody could open the gate's cache otherwise; and the secret is no key to anything else."""
    body = {"jsonrpc": "2.0", "method": "htable.delete", "params": ["gate", line.tenant], "id": 1}
    assert httpx.post(line.edge.rpc_url, json=body, trust_env=False).status_code == 401
    secret = {"Authorization": f"Bearer {RPC_SECRET}"}
    body["method"] = "core.kill"
    assert httpx.post(line.edge.rpc_url, json=body, headers=secret, trust_env=False).status_code == 403


def test_an_answer_is_kept_no_longer_than_it_says(line: Line) -> None:
    """`ttl` of an answer, where it is less than the edge's own setting."""
    line.gate.answers[line.tenant, "outbound"] = {**REJECT, "ttl": 1}
    passes(outbound(line.edge, line.tenant, FAR, code=403))
    line.gate.restore(line.tenant)
    time.sleep(2.1)
    passes(outbound(line.edge, line.tenant, FAR))


def test_while_the_gate_is_away_the_last_answer_holds(line: Line) -> None:
    """Suspended stays suspended, active stays active; who was never asked about passes (the setting's default)."""
    active, suspended = "active." + line.tenant, "suspended." + line.tenant
    line.gate.restore(active)
    line.gate.suspend(suspended)
    passes(outbound(line.edge, active, FAR))
    passes(outbound(line.edge, suspended, FAR, code=403))
    # The answers' time to live passes.
    time.sleep(5.5)
    line.gate.fails = True
    passes(outbound(line.edge, active, FAR))
    passes(outbound(line.edge, suspended, FAR, code=403))
    passes(outbound(line.edge, "never." + line.tenant, FAR))


def test_an_exception_is_not_what_holds_for_the_tenant(line: Line) -> None:
    """A barred tenant may call its provider; with Tollgate away that still opens no other number to it."""
    line.gate.suspend(line.tenant)
    line.gate.numbers["+12125550177"] = ALLOW
    passes(outbound(line.edge, line.tenant, "+12125550177"))
    time.sleep(5.5)
    line.gate.fails = True
    passes(outbound(line.edge, line.tenant, FAR, code=403))
    passes(outbound(line.edge, line.tenant, "+12125550177"))


def test_many_numbers_leave_nothing_behind(line: Line) -> None:
    """What is remembered for a day is remembered of the tenant: who dials many numbers fills no memory."""
    for n in range(5):
        passes(outbound(line.edge, line.tenant, f"+1212555040{n}"))
    kept = line.edge.rpc("htable.dump", "last")
    names = [entry["name"] for bucket in kept for entry in bucket["slot"]]
    assert [name for name in names if name.startswith(line.tenant)] == [f"{line.tenant}:outbound"]


def test_a_hanging_gate_costs_a_second_at_most_and_then_nothing(line: Line) -> None:
    """The time-out is one second; after three failures in a row the breaker answers at once."""
    passes(outbound(line.edge, line.tenant, FAR))
    line.gate.hang_seconds = 4.0
    waits = [passes(outbound(line.edge, f"n{n}.{line.tenant}", FAR)).seconds for n in range(4)]
    assert max(waits[:3]) < 3.0 + UNDELAYED_SECONDS
    assert min(waits[:3]) > 1.0
    assert waits[3] < UNDELAYED_SECONDS


def test_fail_closed_refuses_who_was_never_asked_about(shared_gate: FakeTollgate, tmp_path: Path) -> None:
    """The setting; emergency calls pass all the same."""
    nobody = "http://127.0.0.1:9"
    with (
        running_edge(
            tmp_path, gate_url=nobody, cdr_url=f"{shared_gate.url}/v1/cdrs", token="t", TG_FAIL_OPEN="0"
        ) as edge,
        answering(edge, edge.carrier_port),
    ):
        passes(outbound(edge, "closed.example", FAR, code=403))
        passes(outbound(edge, "closed.example", "911"))


def test_an_unknown_tenant_is_refused(line: Line) -> None:
    """No bill would ever be sent for its calls."""
    passes(outbound(line.edge, "nobody.example", FAR, code=403))


def test_registration_is_passed_on_unasked(line: Line) -> None:
    """A suspended tenant stays registered: for emergency calls, and so that service comes back at once."""
    line.gate.suspend(line.tenant)
    passes(play(line.edge, scenarios.registers(f"sip:{line.tenant}"), tenant=line.tenant))
    assert not [one for one in line.gate.asked if one["tenant"] == line.tenant]


async def test_a_call_in_progress_is_left_alone_or_cut_if_wanted(line: Line) -> None:
    """Suspending does not end it; a push with `cut_calls` does, and its record comes all the same."""
    played: list[Played] = []
    number = "+12125550306"
    talk = threading.Thread(
        target=lambda: played.append(outbound(line.edge, line.tenant, number, talk_ms=2000))
    )
    talk.start()
    await asyncio.sleep(0.8)
    line.gate.suspend(line.tenant)
    await push(line.edge, line.tenant, "both_barred")
    talk.join()
    passes(played[0])
    assert 1.95 < talk_seconds(line.gate.record_of(number)) < 2.4

    line.gate.restore(line.tenant)
    await push(line.edge, line.tenant)
    number = "+12125550307"
    cut = scenarios.is_cut(f"sip:{number}@{line.tenant}")
    talk = threading.Thread(target=lambda: played.append(play(line.edge, cut, tenant=line.tenant)))
    talk.start()
    await asyncio.sleep(1.0)
    await push(line.edge, line.tenant, "both_barred", cut_calls=True)
    talk.join()
    passes(played[1])
    assert talk_seconds(line.gate.record_of(number)) < 2.0


async def test_emergency_calls_are_never_cut(line: Line) -> None:
    """They are in no list that a push could find."""
    played: list[Played] = []
    talk = threading.Thread(
        target=lambda: played.append(outbound(line.edge, line.tenant, "911", talk_ms=1500))
    )
    talk.start()
    await asyncio.sleep(0.8)
    await push(line.edge, line.tenant, "both_barred", cut_calls=True)
    talk.join()
    passes(played[0])


def test_records_survive_an_intake_that_fails(line: Line) -> None:
    """What is not taken is sent again."""
    line.gate.refuse_records = 3
    passes(outbound(line.edge, line.tenant, "+12125550308"))
    assert line.gate.record_of("+12125550308")["tenant"] == line.tenant
    assert line.gate.refuse_records == 0
