"""Pushes: where they may go, how they are signed, when they are tried again."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import uuid4

import httpx
import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from services.suspension.adapters.push_sender import PushSender
from services.suspension.adapters.push_target import PushTargets, networks
from services.suspension.entrypoints.pushing import Pusher, SwitchKey, retry_after, waits_for_memory
from services.suspension.use_cases.ports import Outcome, Push, Switch, SwitchAway, SwitchKind
from services.suspension.use_cases.register_switch import register_switch, remove_switch
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from tests.unit.suspension.builders import PROVIDER, TENANT
from tests.unit.suspension.fakes import FakeWork

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
LOCAL = PushTargets([ip_network("127.0.0.0/8")])


def make_push(kind: SwitchKind = "webhook", **values: object) -> Push:
    secret = SECRET if kind == "webhook" else "a-secret-of-sixteen"
    switch = Switch(PROVIDER, "edge-1", kind, "http://127.0.0.1:9000/hook", secret)
    push = Push(uuid4(), switch, TENANT, ("acme.example", "acme-1"), "both_barred", "unpaid", 1, NOW, False)
    return replace(push, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://192.168.1.1:8080/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://[fe80::1]/",
        "ftp://203.0.113.1/",
        "http:///path",
        "http://user:password@8.8.8.8/",
        "http://8.8.8.8/#fragment",
        "http://8.8.8.8:99999/",
        "no address",
        "https://8.8.8.8/" + "x" * 500,
    ],
)
def test_addresses_of_our_own_house_are_refused(url: str) -> None:
    """Unless the operator names the network."""
    with pytest.raises(Invalid) as refusal:
        PushTargets(()).check(url)
    assert refusal.value.field == "url"


async def test_a_name_that_leads_home_is_refused_when_it_is_used() -> None:
    """The look-up decides, at each push; the connection goes to the address that was checked."""
    PushTargets(()).check("http://localhost:9000/")
    with pytest.raises(Invalid):
        await PushTargets(()).resolve("http://localhost:9000/")
    target = await LOCAL.resolve("http://localhost:9000/hook?x=1")
    assert (target.url, target.host) == ("http://127.0.0.1:9000/hook?x=1", "localhost:9000")
    assert networks("10.0.0.0/8, fd00::/8") == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    PushTargets(networks("10.0.0.0/8")).check("http://10.1.2.3/RPC")


async def test_a_webhook_is_signed_and_redirects_are_not_followed() -> None:
    """A receiver with the secret can verify it with the standard's own library."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204 if len(seen) == 1 else 302, headers={"Location": "http://127.0.0.1:1/"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        sender = PushSender(client, LOCAL)
        push = make_push()
        await sender.send(push)
        verified = Webhook(SECRET).verify(seen[0].content, dict(seen[0].headers))
        assert verified["data"]["tenant_id"] == str(TENANT)
        assert (verified["data"]["stage"], verified["data"]["names"]) == (
            "both_barred",
            ["acme.example", "acme-1"],
        )
        with pytest.raises(Unavailable):
            await sender.send(push)
    assert len(seen) == 2


async def test_kamailio_forgets_every_name_of_the_tenant() -> None:
    """What it does not know need not be forgotten; another error is one."""
    methods: list[tuple[str, list[str]]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked = orjson.loads(request.content)
        assert request.headers["Authorization"] == "Bearer a-secret-of-sixteen"
        methods.append((asked["method"], asked["params"]))
        if len(methods) == 2:
            error = {"code": 404, "message": "Key not found in htable."}
            return httpx.Response(404, json={"jsonrpc": "2.0", "error": error, "id": 1})
        if len(methods) > 3:
            return httpx.Response(
                500, json={"jsonrpc": "2.0", "error": {"message": "No such htable"}, "id": 1}
            )
        return httpx.Response(200, json={"jsonrpc": "2.0", "result": "Ok. Key deleted.", "id": 1})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        sender = PushSender(client, LOCAL)
        await sender.send(make_push("kamailio_jsonrpc"))
        assert methods == [
            ("htable.delete", ["gate", name]) for name in ("acme.example", "acme-1", str(TENANT))
        ]
        with pytest.raises(Unavailable):
            await sender.send(make_push("kamailio_jsonrpc"))


async def test_a_push_is_tried_until_taken_or_a_day_has_passed() -> None:
    """Each failure waits longer; a Kamailio that took it is told once more; a webhook is not."""
    outcomes: list[Outcome] = []
    waiting: list[Push] = []
    fails = True

    async def take(_: int, __: object) -> list[Push]:
        taken, waiting[:] = list(waiting), []
        return taken

    async def send(_: Push) -> None:
        if fails:
            raise Unavailable("answered 503")

    async def keep(kept: list[Outcome]) -> None:
        outcomes.extend(kept)

    follows = waits_for_memory(lambda push: push.stage)
    pusher = Pusher(take, send, follows, keep, lambda: NOW)
    old = make_push(queued_at=NOW - timedelta(days=1, minutes=1), attempts=30)
    waiting += [make_push(attempts=3), old]
    assert await pusher.step() == 2
    await pusher.idle()
    assert [one.again_at for one in outcomes] == [NOW + timedelta(seconds=2), None]
    assert [one.error for one in outcomes] == ["answered 503"] * 2
    fails = False
    waiting += [make_push("kamailio_jsonrpc"), make_push(), make_push("kamailio_jsonrpc", delivered=True)]
    assert await pusher.step() == 3
    await pusher.idle()
    assert [one.again_at for one in outcomes[2:]] == [NOW + timedelta(seconds=1.2), None, None]
    assert all(one.delivered_at == NOW for one in outcomes[2:])
    assert await pusher.step() == 0
    assert [retry_after(n).total_seconds() for n in (1, 2, 5, 40)] == [0.5, 1.0, 8.0, 300.0]


async def test_a_switch_that_hangs_delays_no_other() -> None:
    """The hanging one is left alone meanwhile; when it proves to be away, what else waits for it is not tried."""
    outcomes: list[Outcome] = []
    sent: list[str] = []
    waiting = [make_push(), make_push("kamailio_jsonrpc")]
    slow = replace(waiting[0].switch, name="slow")
    waiting += [make_push(switch=slow) for _ in range(30)]
    hangs = asyncio.Event()

    async def take(_: int, busy: Collection[SwitchKey]) -> list[Push]:
        taken = [one for one in waiting if (PROVIDER, one.switch.name) not in busy]
        waiting[:] = [one for one in waiting if one not in taken]
        return taken

    async def send(push: Push) -> None:
        sent.append(push.switch.name)
        if push.switch.name == "slow":
            await hangs.wait()
            raise SwitchAway("ReadTimeout")

    async def keep(kept: list[Outcome]) -> None:
        outcomes.extend(kept)

    woken: list[None] = []
    follows = waits_for_memory(lambda push: push.stage)
    pusher = Pusher(take, send, follows, keep, lambda: NOW, wake=lambda: woken.append(None))
    assert await pusher.step() == 32
    waiting += [make_push(), make_push(switch=slow)]
    while len(woken) < 1:
        await asyncio.sleep(0)
    assert await pusher.step() == 1
    while len(woken) < 2:
        await asyncio.sleep(0)
    assert [one.push.switch.name for one in outcomes] == ["edge-1"] * 3
    hangs.set()
    await pusher.idle()
    assert sent.count("slow") == 8
    assert [one.error for one in outcomes[3:]] == ["ReadTimeout"] * 30
    assert len(waiting) == 1


async def test_a_stop_leaves_what_is_under_way_for_later() -> None:
    """Nothing hangs, and nothing is called told that was not."""
    outcomes: list[Outcome] = []
    pushes = [make_push()]

    async def take(_: int, __: object) -> list[Push]:
        return pushes

    async def send(_: Push) -> None:
        await asyncio.Event().wait()

    async def keep(kept: list[Outcome]) -> None:
        outcomes.extend(kept)

    pusher = Pusher(take, send, waits_for_memory(lambda push: push.stage), keep, lambda: NOW)
    await pusher.step()
    await asyncio.sleep(0)
    await pusher.stop()
    assert outcomes == []


async def test_switches_are_registered_with_a_secret_and_noted() -> None:
    """Made when none is given, kept when the same switch is changed, checked when one is given."""
    work = FakeWork()

    async def put(name: str = "edge-1", **values: object) -> Switch:
        fields: dict[str, object] = {
            "kind": "webhook",
            "url": "https://8.8.8.8/",
            "secret": None,
            "cut_calls": False,
            "by": "pat",
            "check_url": LOCAL.check,
        }
        return await register_switch(work, PROVIDER, name, **{**fields, **values})  # type: ignore[arg-type]

    made = await put()
    assert made.secret.startswith("whsec_")
    assert (await put(url="https://8.8.4.4/")).secret == made.secret
    assert not (await put(kind="kamailio_jsonrpc")).secret.startswith("whsec_")
    for name, wrong in (
        ("a b", {}),
        ("edge-2", {"secret": "short"}),
        ("edge-2", {"url": "http://10.0.0.1/"}),
    ):
        with pytest.raises(Invalid):
            await put(name, **wrong)
    for number in range(49):
        await put(f"switch-{number}")
    with pytest.raises(Conflict):
        await put("one-too-many")
    await remove_switch(work, PROVIDER, "edge-1", by="pat")
    with pytest.raises(NotFound):
        await remove_switch(work, PROVIDER, "edge-1", by="pat")
    actions = [entry.action for entry in work.trail()]
    assert actions[0] == "switch registered"
    assert actions[-1] == "switch removed"
