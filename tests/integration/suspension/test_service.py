"""The whole service on real PostgreSQL and RabbitMQ: events in, answers of the gate out, servers coming and going."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from deploy.local.infra import Servers
from deploy.local.tokens import AUDIENCE, ISSUER, Person, TokenIssuer
from services.suspension.main import MIGRATIONS, build
from services.suspension.settings import SuspensionSettings
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.events import invoicing
from shared.events.envelope import Envelope, Event
from shared.ids import EventId, ProviderId, TenantId, derived_id, new_id
from shared.messaging.topology import EVENTS
from tests.conftest import FreshDatabase, FreshVhost
from tests.integration.suspension.conftest import EchoTruth
from tests.support.infrastructure import Databases, Vhosts
from tests.unit.suspension.builders import (
    OTHER_PROVIDER,
    invoice_event,
    on_day,
    opened,
    provider_changed,
)

pytestmark = pytest.mark.integration
INTERNAL = {"Authorization": "Bearer internal-token-of-the-tests"}
BY = {"reason": "asked on the phone", "by": "pat@keystone.example"}


@dataclass
class Running:
    """A running service, how to talk to it and the address of its database."""

    client: httpx.AsyncClient
    exchange: aio_pika.abc.AbstractExchange
    issuer: TokenIssuer
    database_url: str
    # Every test has a provider and a tenant of its own.
    provider_id: ProviderId
    tenant_id: TenantId

    @property
    def root(self) -> str:
        return f"/v1/providers/{self.provider_id}/tenants/{self.tenant_id}"

    @property
    def policy(self) -> str:
        return f"/v1/providers/{self.provider_id}/policy"

    def token(self, provider_id: ProviderId | None = None, role: str = "switch") -> dict[str, str]:
        person = Person(sub="edge-1", roles=[role], provider_id=str(provider_id or self.provider_id))
        return {"Authorization": f"Bearer {self.issuer.mint(person)}"}

    async def publish(self, event: Event, at: datetime) -> None:
        sent_at = datetime.now(UTC)
        envelope = Envelope.of(event, event_id=EventId(new_id()), source="test", time=at, sent_at=sent_at)
        message = aio_pika.Message(
            envelope.to_bytes(), message_id=str(envelope.id), content_type="application/cloudevents+json"
        )
        await self.exchange.publish(message, routing_key=event.TYPE)

    async def ask(
        self,
        direction: str = "outbound",
        to: str = "+12125559999",
        *,
        tenant: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        asked = str(self.tenant_id) if tenant is None else tenant
        parameters = {"tenant": asked, "direction": direction, "to": to}
        return await self.client.get("/v1/call-policy", params=parameters, headers=headers or self.token())

    def opened(self) -> Event:
        return opened(self.tenant_id, provider_id=self.provider_id)

    def invoice(self, kind: type[Event] = invoicing.InvoiceIssued, *, paid: int = 0) -> Event:
        event: Event = invoice_event(kind, paid=paid, tenant_id=self.tenant_id, provider_id=self.provider_id)
        return event

    async def move_clock(self, day: int) -> None:
        at = on_day(day)
        await self.publish(invoicing.ClockAdvanced(provider_id=self.provider_id, now=at), at)

    async def action(self, direction: str = "outbound", **values: Any) -> Any:
        answer = await self.ask(direction, **values)
        return answer.json().get("action", answer.status_code)


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 15.0) -> float:
    """Waits for a condition with a deadline; the seconds it took."""
    began = time.monotonic()
    while not await condition():
        assert time.monotonic() - began < seconds, "the condition did not come true in time"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def _answers(client: httpx.AsyncClient, status: int) -> bool:
    return (await client.get("/health/ready")).status_code == status


@asynccontextmanager
async def running_service(
    database_url: str, broker_url: str, folder: Path, **changes: Any
) -> AsyncIterator[Running]:
    issuer = TokenIssuer(folder)
    settings = SuspensionSettings(
        database_url=SecretStr(database_url),
        broker_url=SecretStr(broker_url),
        http_port=0,
        internal_token=SecretStr("internal-token-of-the-tests"),
        auth_issuer=ISSUER,
        auth_audience=AUDIENCE,
        auth_jwks=str(issuer.jwks_file),
        invoicing_url="http://127.0.0.1:1",
        payments_url="http://127.0.0.1:1",
        **changes,
    )
    engine = make_engine(database_url, pool=2)
    app = build(settings, truth=EchoTruth(engine))
    transport = httpx.ASGITransport(app=app)
    connection = await aio_pika.connect(broker_url)
    async with (
        connection,
        httpx.AsyncClient(transport=transport, base_url="http://suspension") as client,
        app.router.lifespan_context(app),
    ):
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EVENTS, aio_pika.ExchangeType.TOPIC, durable=True)
        yield Running(client, exchange, issuer, database_url, ProviderId(new_id()), TenantId(new_id()))
    await engine.dispose()


@pytest.fixture(scope="module")
async def service(
    databases: Databases, vhosts: Vhosts, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """One service for all tests of this file."""
    url, vhost = await databases.create("suspension"), await vhosts.create()
    await migrate(url, MIGRATIONS)
    async with running_service(url, vhost.broker_url, tmp_path_factory.mktemp("issuer")) as one:
        await until(lambda: _answers(one.client, 200))
        yield one
    await databases.drop(url)
    await vhosts.delete(vhost)


@pytest.fixture
def running(service: Running) -> Running:
    return replace(service, provider_id=ProviderId(new_id()), tenant_id=TenantId(new_id()))


async def _suspend_by_the_ladder(running: Running) -> None:
    """Plays to day 14 through the broker, stopping where invoicing would."""
    await running.move_clock(-14)
    await until(lambda: _clock_at(running, on_day(-14)))
    await running.publish(provider_changed(running.provider_id), on_day(-14))
    await running.publish(running.opened(), on_day(-14))
    await running.publish(running.invoice(), on_day(-14))
    await until(lambda: _next_step(running, on_day(-3)))
    for day in (-3, 12, 14):
        await running.move_clock(day)
        await until(lambda day=day: _settled_at(running, on_day(day)))  # type: ignore[misc]


async def _progress(running: Running) -> Any:
    path = f"/internal/v1/progress/{running.provider_id}"
    answer = await running.client.get(path, params={"since": "2026-01-01T00:00:00Z"}, headers=INTERNAL)
    return answer.json()


async def _clock_at(running: Running, at: datetime) -> bool:
    clock = (await _progress(running))["clock"]
    return clock is not None and datetime.fromisoformat(clock) == at


async def _next_step(running: Running, at: datetime) -> bool:
    due = (await _progress(running))["next_due_at"]
    return due is not None and datetime.fromisoformat(due) == at


async def _settled_at(running: Running, at: datetime) -> bool:
    return await _clock_at(running, at) and (await _progress(running))["under_way"] == 0


async def test_gate_follows_the_ladder_within_a_second(running: Running) -> None:
    """Events of a broker bar the tenant's calls; the payment's event lets them through in under a second."""
    await _suspend_by_the_ladder(running)

    async def rejected() -> bool:
        return bool(await running.action() == "reject")

    assert await until(rejected) < 1.0
    assert (await running.ask()).json() == {
        "action": "reject",
        "code": 403,
        "reason": "Service suspended",
        "q850": 21,
        "ttl": 5,
    }
    assert await running.action("inbound") == "announce"
    for emergency in (
        *("911", "112", "sip:911@edge.example;user=phone", "urn:service:sos"),
        *(
            "+1911",
            "1911",
            "tel:+1-911",
            '"x" <sip:%39%31%31@x>',
            "sip:911:5060",
            "911#",
            "９１１",
            "911" + " " * 300,
        ),
    ):
        assert await running.action(to=emergency) == "allow", emergency
    # A plus sign that the switch did not escape arrives as a blank.
    raw = f"/v1/call-policy?tenant={running.tenant_id}&direction=outbound&to=+1911"
    assert (await running.client.get(raw, headers=running.token())).json()["action"] == "allow"
    assert await running.action(to="(212) 555-0100") == "allow"
    assert await running.action(to="+12125550111") == "allow"
    for name in ("acme.sip.example", "ACME-1"):
        assert await running.action(tenant=name) == "reject"

    await running.publish(running.invoice(invoicing.InvoicePaid, paid=10_000), on_day(14))

    async def allowed() -> bool:
        return bool(await running.action() == "allow")

    assert await until(allowed) < 1.0


async def test_another_providers_switch_learns_nothing(running: Running) -> None:
    """A tenant of another provider is a 404 problem, an emergency still an allow, another role a 403."""
    await running.publish(running.opened(), on_day(-14))
    await until(lambda: _known(running))
    foreign = running.token(OTHER_PROVIDER)
    answers = [await running.ask(headers=foreign), await running.ask(headers=foreign, tenant="acme-1")]
    unknown = await running.ask(headers=foreign, tenant=str(new_id()))
    assert [answer.status_code for answer in answers] == [404, 404]
    assert all(answer.json() == unknown.json() for answer in answers)
    assert (await running.ask(headers=foreign, to="911")).json()["action"] == "allow"
    assert (await running.ask(headers=running.token(role="provider_admin"))).status_code == 403
    assert (await running.ask(headers={"Authorization": "Bearer nonsense"})).status_code == 401
    assert (await running.client.get("/v1/call-policy")).status_code == 401


async def _known(running: Running) -> bool:
    return (await running.ask()).status_code == 200


async def test_nonsense_gets_a_definite_answer(running: Running) -> None:
    """Letters, 10 kB, control characters and unknown directions are never a 500."""
    await running.publish(running.opened(), on_day(-14))
    await until(lambda: _known(running))
    body = {**BY, "until": None}
    assert (
        await running.client.post(f"{running.root}/suspend", json=body, headers=INTERNAL)
    ).status_code == 200

    async def rejected() -> bool:
        return bool(await running.action() == "reject")

    await until(rejected)
    for number in ("call-me", "1" * 10_000, "\x00\x01", "", "+", "sip:", "٢١٢", "9" * 300 + "@x"):
        assert (await running.ask(to=number)).json()["action"] == "reject", number[:20]
    sideways = await running.ask("sideways")
    assert (sideways.status_code, sideways.json()["field"]) == (422, "direction")
    assert (await running.ask("sideways", to="112")).json()["action"] == "allow"
    for name in ("", "x" * 10_000, "\x00", "acme.sip.example\n"):
        assert (await running.ask(tenant=name)).status_code == 404


async def test_gate_answers_while_the_database_is_away(running: Running, servers: Servers) -> None:
    """Without its database the gate answers from memory, says that it is stale, and follows again afterwards."""
    await running.publish(running.opened(), on_day(-14))
    await until(lambda: _known(running))
    database = urlsplit(running.database_url).path.lstrip("/")
    admin = await asyncpg.connect(servers.postgres_admin_url)
    try:
        await admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database
        )
        assert await running.action() == "allow"

        async def stale() -> bool:
            notes = (await running.client.get("/health/ready")).json()["checks"]
            return "stale" in notes["gate memory"]

        await until(stale)
        assert await running.action() == "allow"
        assert await running.action(to="911") == "allow"
        await admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')
    finally:
        await admin.close()
    await until(lambda: _answers(running.client, 200))
    await running.client.post(f"{running.root}/suspend", json=BY, headers=INTERNAL)

    async def rejected() -> bool:
        return bool(await running.action() == "reject")

    await until(rejected)


async def test_waits_unready_for_a_database_that_is_not_migrated(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost, tmp_path: Path
) -> None:
    """Started too early it is alive, unready, allows emergencies only, and recovers by itself."""
    url = await fresh_database("suspension")
    async with running_service(url, (await fresh_vhost()).broker_url, tmp_path) as one:
        assert await _answers(one.client, 503)
        assert (await one.client.get("/health/live")).status_code == 200
        assert (await one.ask()).status_code == 503
        assert await one.action(to="112") == "allow"
        await migrate(url, MIGRATIONS)
        await until(lambda: _answers(one.client, 200))
        assert (await one.ask()).status_code == 404


async def test_decisions_by_hand_win_and_are_audited(running: Running) -> None:
    """Suspend, unsuspend, hold, promise and release through the routes; each leaves its line in the trail."""
    await _suspend_by_the_ladder(running)
    promise = {**BY, "until": on_day(20).isoformat()}
    shown = (await running.client.post(f"{running.root}/promise", json=promise, headers=INTERNAL)).json()
    assert (shown["stage"], shown["suspended"], shown["works_now"]["outbound"]) == ("none", False, "allow")
    shown = (await running.client.post(f"{running.root}/release", json=BY, headers=INTERNAL)).json()
    assert (shown["stage"], shown["owed"]) == ("notice", {"minor": 10_000, "currency": "USD"})

    async def barred_again() -> bool:
        found = (await running.client.get(f"{running.root}/standing", headers=INTERNAL)).json()
        return bool(found["stage"] == "both_barred")

    # As soon as invoicing has said that it is still owed.
    await until(barred_again, 5)
    shown = (await running.client.post(f"{running.root}/unsuspend", json=BY, headers=INTERNAL)).json()
    assert (shown["stage"], shown["next_step_at"]) == ("none", None)
    again = await running.client.post(f"{running.root}/unsuspend", json=BY, headers=INTERNAL)
    assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (409, "conflict")
    shown = (await running.client.post(f"{running.root}/suspend", json=BY, headers=INTERNAL)).json()
    assert (shown["stage"], shown["why"]) == ("both_barred", "suspended by the provider: asked on the phone")
    shown = (await running.client.post(f"{running.root}/hold", json=BY, headers=INTERNAL)).json()
    assert (shown["stage"], shown["overrides"][0]["kind"]) == ("none", "hold")
    trail = (await running.client.get(f"{running.root}/audit", headers=INTERNAL)).json()["entries"]
    by_hand = [entry["action"] for entry in trail if entry["by"] == "pat@keystone.example"]
    assert by_hand == ["hold", "suspend", "unsuspend", "release", "promise"]
    changes = [e["action"] for e in trail if e["action"] in ("suspended", "restored")]
    assert changes == ["restored", "suspended", "restored", "suspended", "restored", "suspended"]


async def test_bad_decisions_and_policies_are_refused_by_name(running: Running) -> None:
    """Each refusal is a problem that names the field and says what to do."""
    await running.publish(running.opened(), on_day(-14))
    await until(lambda: _known(running))

    async def refused(method: str, path: str, body: dict[str, Any]) -> tuple[int, str | None]:
        answer = await running.client.request(method, path, json=body, headers=INTERNAL)
        return answer.status_code, answer.json().get("field")

    policy = running.policy
    assert await refused("PUT", policy, {"grace_days": 0}) == (422, "grace_days")
    assert await refused("PUT", policy, {"grace_days": 3, "reminder_days": [3, 7]}) == (422, "reminder_days")
    assert await refused("PUT", policy, {"reminder_days": []}) == (422, "reminder_days")
    assert await refused("PUT", policy, {"smallest_amount_minor": -1}) == (422, "smallest_amount_minor")
    assert await refused("PUT", policy, {"grace": 3}) == (422, "grace")
    assert await refused("POST", f"{running.root}/suspend", {"by": "pat"}) == (422, "reason")
    assert await refused("POST", f"{running.root}/promise", BY) == (422, "until")
    assert await refused("POST", f"{running.root}/hold", {**BY, "until": "2020-01-01T00:00:00Z"}) == (
        422,
        "until",
    )
    assert await refused("POST", f"{running.root}/promise", {**BY, "until": "2999-01-01T00:00:00Z"}) == (
        422,
        "until",
    )
    elsewhere = f"/v1/providers/{OTHER_PROVIDER}/tenants/{running.tenant_id}"
    assert await refused("POST", f"{elsewhere}/suspend", BY) == (404, None)
    for what in ("standing", "audit", "policy"):
        answer = await running.client.get(f"{elsewhere}/{what}", headers=INTERNAL)
        assert answer.status_code == 404
    stranger = await running.client.get(f"{running.root}/standing", headers=running.token())
    assert stranger.status_code == 401


async def test_policy_change_reaches_tenants_and_gate(running: Running) -> None:
    """A shorter grace suspends at once who is past it; inbound behaviour changes at the gate without a restart."""
    await _suspend_by_the_ladder(running)
    policy = running.policy
    await running.client.put(policy, json={"grace_days": 30, "inbound": "reject"}, headers=INTERNAL)

    async def allowed() -> bool:
        return bool(await running.action() == "allow")

    await until(allowed)
    own = {"grace_days": 20, "outbound_after_days": 10, **BY}
    assert (await running.client.put(f"{running.root}/policy", json=own, headers=INTERNAL)).status_code == 200

    async def outbound_only() -> bool:
        return [await running.action(), await running.action("inbound")] == ["reject", "allow"]

    await until(outbound_only)
    await running.client.put(policy, json={"inbound": "reject"}, headers=INTERNAL)
    await running.client.delete(f"{running.root}/policy", headers=INTERNAL)

    async def rejects_both() -> bool:
        return [await running.action(), await running.action("inbound")] == ["reject", "reject"]

    await until(rejects_both)


async def test_standing_tells_the_billing_page_what_happened_and_what_comes(running: Running) -> None:
    """Steps with their dates, done, skipped or coming; what is owed and what works now."""
    await _suspend_by_the_ladder(running)
    shown = (await running.client.get(f"{running.root}/standing", headers=INTERNAL)).json()
    steps = [(step["kind"], step["day"], step["on"], step["state"]) for step in shown["steps"]]
    assert steps == [
        ("reminder", -3, "2026-03-12", "done"),
        ("reminder", 0, "2026-03-15", "skipped"),
        ("overdue", 1, "2026-03-16", "done"),
        ("reminder", 3, "2026-03-18", "skipped"),
        ("reminder", 7, "2026-03-22", "skipped"),
        ("reminder", 12, "2026-03-27", "done"),
        ("both_barred", 14, "2026-03-29", "done"),
    ]
    assert shown["overdue_invoices"] == [
        {
            "invoice_id": str(derived_id("invoice", "KV-1")),
            "number": "KV-1",
            "due_on": "2026-03-15",
            "balance": {"minor": 10_000, "currency": "USD"},
        }
    ]
    assert shown["works_now"] == {
        "outbound": "reject",
        "inbound": "announce",
        "emergency": "allow",
        "reachable_numbers": ["+12125550100", "+12125550111"],
    }
    assert datetime.fromisoformat(shown["since"]) == on_day(14)


async def test_unknown_tenant_of_the_page_is_a_404(running: Running) -> None:
    """An id that nobody has looks like another provider's."""
    path = f"/v1/providers/{running.provider_id}/tenants/{TenantId(new_id())}/standing"
    assert (await running.client.get(path, headers=INTERNAL)).status_code == 404
