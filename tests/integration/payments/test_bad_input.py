"""What no request may do: each is refused with a problem document that says what to do, and nothing is changed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared.events.invoicing import InvoiceCancelled, InvoiceIssued, InvoicePaid
from shared.ids import InvoiceId, MethodId, PaymentId, TenantId
from tests.integration.payments.test_http import at, http
from tests.integration.payments.test_refunds import paid
from tests.integration.payments.world import World

__all__ = ["http"]
pytestmark = pytest.mark.integration
NUL = "a\0b"


@dataclass
class Scene:
    """A tenant with an open, a paid and a cancelled invoice, a card and a payment; and a neighbour with the same."""

    world: World
    http: httpx.AsyncClient
    method: MethodId
    payment: PaymentId
    open_invoice: InvoiceId
    paid_invoice: InvoiceId
    cancelled_invoice: InvoiceId
    their_invoice: InvoiceId
    their_method: MethodId
    their_payment: PaymentId
    their_setup_intent: str

    async def refused(
        self, status: int, method: str, path: str, body: Any = None, field: str | None = None
    ) -> str:
        answer = await self.http.request(method, at(self.world, path), json=body)
        assert answer.status_code == status, (path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        told = answer.json()
        assert told["detail"].endswith((".", "!")), told
        if field is not None:
            assert told["field"].startswith(field), told
        return str(told["detail"])


async def everything(world: World) -> dict[str, int]:
    """How many rows there are of each kind, and what Stripe holds."""
    counts = {}
    async with world.engine.connect() as connection:
        for table in ("payment", "attempt", "refund", "payment_plan", "journal_posting", "outbox", "method"):
            found = await connection.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 (names of our own)
            counts[table] = int(found.scalar_one())
        found = await connection.execute(text("SELECT count(*) FROM method WHERE is_default"))
        counts["defaults"] = int(found.scalar_one())
    counts["refused"] = sum(
        line["status"] is None or line["status"] >= 400
        for line in world.simulator.requests("/v1/payment_intents")
    )
    return counts | {"intents": len(await world.intents()), "captured": await world.captured()}


@pytest.fixture
async def scene(world: World, http: httpx.AsyncClient) -> AsyncIterator[Scene]:
    neighbour = replace(world, tenant_id=TenantId(uuid4()))
    await neighbour.open_tenant()
    made: list[InvoiceId] = []
    for kind in (InvoicePaid, InvoiceCancelled):
        issued = world.invoice(InvoiceIssued, 10000)
        await world.hear(issued)
        same = {"invoice_id": issued.invoice_id, "number": issued.number}
        await world.hear(world.invoice(kind, 0, **same))
        made.append(InvoiceId(issued.invoice_id))
    begun = (
        await http.post(
            f"/v1/providers/{world.provider_id}/tenants/{neighbour.tenant_id}/setup-intents", json={}
        )
    ).json()["setup_intent"]
    await world.simulator.client().v1.setup_intents.confirm_async(begun, {"payment_method": "pm_card_visa"})
    payment = await paid(world, 10000)
    their_payment = await paid(neighbour, 10000)
    scene = Scene(
        world=world,
        http=http,
        method=await world.save_card(),
        payment=payment,
        open_invoice=await world.issue(10000),
        paid_invoice=made[0],
        cancelled_invoice=made[1],
        their_invoice=await neighbour.issue(10000),
        their_method=await neighbour.save_card(),
        their_payment=their_payment,
        their_setup_intent=begun,
    )
    before = await everything(world)
    yield scene
    assert await everything(world) == before


AMOUNTS: list[tuple[Any, Any]] = [
    (0, "USD"),
    (-1, "USD"),
    (10001, "USD"),
    (100, "EUR"),
    (100, "usd"),
    (100, "US"),
    (100, None),
    (100, NUL),
    (99.5, "USD"),
    (100.0, "USD"),
    ("100", "USD"),
    (True, "USD"),
    (None, "USD"),
    (10**30, "USD"),
]


@pytest.mark.parametrize(("minor", "currency"), AMOUNTS)
async def test_no_strange_amount_is_paid_or_refunded(scene: Scene, minor: Any, currency: Any) -> None:
    """Zero, negative, above what there is, another currency, parts of a cent, and what only looks like a number."""
    amount = {"minor": minor, "currency": currency}
    name = f"request-{uuid4()}"
    pay = {"invoice_ids": [str(scene.open_invoice)], "amount": amount, "request_id": name}
    await scene.refused(422, "POST", "/payments", pay | {"method_id": str(scene.method)}, "amount")
    await scene.refused(422, "POST", "/payments", pay | {"new_method": True}, "amount")
    refund = {"amount": amount, "reason": "too much", "by": "ann", "request_id": name}
    for to in ("method", "credit"):
        path = f"/payments/{scene.payment}/refunds"
        await scene.refused(422, "POST", path, refund | {"to": to}, "amount")
    if minor == 10001:
        return  # Money that was received is never refused for being too much (R52).
    outside = {"kind": "cheque", "amount": amount, "reference": "4711", "request_id": name}
    await scene.refused(422, "POST", "/outside-payments", outside, "amount")


async def test_nothing_of_another_tenant_is_found(scene: Scene) -> None:
    """Its invoice, method, payment and setup intent look as if they were not there: 404."""
    amount = {"minor": 1000, "currency": "USD"}
    name = f"request-{uuid4()}"
    mine, theirs = str(scene.open_invoice), str(scene.their_invoice)
    pay = {"amount": amount, "request_id": name}
    for invoices, method in (
        ([theirs], scene.method),
        ([mine, theirs], scene.method),
        ([mine], scene.their_method),
        ([str(uuid4())], scene.method),
    ):
        await scene.refused(
            404, "POST", "/payments", pay | {"invoice_ids": invoices, "method_id": str(method)}
        )
    refund = {"amount": amount, "reason": "x", "by": "ann", "request_id": name}
    await scene.refused(404, "POST", f"/payments/{scene.their_payment}/refunds", refund)
    await scene.refused(404, "GET", f"/payments/{scene.their_payment}")
    for verb in ("refresh", "continue"):
        await scene.refused(404, "POST", f"/payments/{scene.their_payment}/{verb}")
    await scene.refused(404, "POST", f"/methods/{scene.their_method}/default")
    await scene.refused(404, "DELETE", f"/methods/{scene.their_method}")
    await scene.refused(404, "POST", "/methods", {"setup_intent": scene.their_setup_intent})
    days = ["2030-01-01", "2030-02-01"]
    await scene.refused(
        404, "POST", "/payment-plans", {"invoice_ids": [theirs], "days": days, "by": "p", "request_id": name}
    )
    outside = {"kind": "cheque", "amount": amount, "reference": "4711", "request_id": name}
    given = [{"invoice_id": theirs, "amount_minor": 1000}]
    await scene.refused(404, "POST", "/outside-payments", outside | {"allocations": given})


async def test_what_is_closed_stays_closed(scene: Scene) -> None:
    """A paid and a cancelled invoice take no payment, no plan and no allocation."""
    amount = {"minor": 1000, "currency": "USD"}
    for invoice, said in ((scene.paid_invoice, "already paid"), (scene.cancelled_invoice, "cancelled")):
        name = f"request-{uuid4()}"
        pay = {"invoice_ids": [str(invoice)], "amount": amount, "request_id": name}
        detail = await scene.refused(409, "POST", "/payments", pay | {"method_id": str(scene.method)})
        assert said in detail
        both = pay | {"invoice_ids": [str(scene.open_invoice), str(invoice)], "method_id": str(scene.method)}
        await scene.refused(409, "POST", "/payments", both)
        plan = {
            "invoice_ids": [str(invoice)],
            "days": ["2030-01-01", "2030-02-01"],
            "by": "p",
            "request_id": name,
        }
        await scene.refused(409, "POST", "/payment-plans", plan)
        outside = {"kind": "cash", "amount": amount, "reference": "till 3", "request_id": name}
        given = [{"invoice_id": str(invoice), "amount_minor": 1000}]
        await scene.refused(422, "POST", "/outside-payments", outside | {"allocations": given})


async def test_what_cannot_be_kept_or_read_is_refused(scene: Scene) -> None:
    """NUL, too long, too many, not JSON at all, ten megabytes."""
    amount = {"minor": 1000, "currency": "USD"}
    name = f"request-{uuid4()}"
    refund = {"amount": amount, "reason": "x", "by": "ann", "request_id": name}
    path = f"/payments/{scene.payment}/refunds"
    for change in (
        {"reason": NUL},
        {"by": NUL},
        {"request_id": "a b c d e f"},
        {"request_id": NUL * 4},
        {"reason": "x" * 501},
        {"to": "somebody"},
        {"tip": 1},
    ):
        await scene.refused(422, "POST", path, refund | change)
    outside = {"kind": "cheque", "amount": amount, "reference": NUL, "request_id": name}
    await scene.refused(422, "POST", "/outside-payments", outside)
    twice = [str(scene.open_invoice)] * 2
    pay = {"invoice_ids": twice, "amount": amount, "request_id": name, "method_id": str(scene.method)}
    await scene.refused(422, "POST", "/payments", pay)
    await scene.refused(422, "POST", "/payments", pay | {"invoice_ids": [str(uuid4())] * 51})
    for path, body in (
        ("/payments", [1]),
        ("/payments", "x"),
        ("/auto-pay", {"enabled": "yes", "by": "ann"}),
    ):
        await scene.refused(422, "PUT" if path == "/auto-pay" else "POST", path, body)
    for bad in (b"{", b"\xff\xfe", b""):
        answer = await scene.http.post(
            at(scene.world, "/payments"), content=bad, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, answer.text
    large = await scene.http.post(at(scene.world, "/payments"), content=b"x" * 10**7)
    assert (large.status_code, large.headers["content-type"]) == (413, "application/problem+json")
    later = {"days": ["2030-01-01", "9999-12-31"], "by": "p", "request_id": name}
    await scene.refused(422, "POST", "/payment-plans", later | {"invoice_ids": [str(scene.open_invoice)]})
    await scene.refused(422, "GET", "/payments?cursor=nonsense")
    await scene.refused(422, "GET", "/payments?limit=0")


async def test_a_replay_is_answered_as_the_first_time(world: World, http: httpx.AsyncClient) -> None:
    """The same request again changes nothing; its name on another request is a conflict."""
    method = await world.save_card()
    invoice_id = await world.issue(10000)
    asked = {
        "invoice_ids": [str(invoice_id)],
        "amount": {"minor": 4000, "currency": "USD"},
        "method_id": str(method),
        "request_id": f"request-{uuid4()}",
    }
    first = (await http.post(at(world, "/payments"), json=asked)).json()
    again = (await http.post(at(world, "/payments"), json=asked)).json()
    assert (first["status"], again["payment_id"]) == ("succeeded", first["payment_id"])
    other = asked | {"amount": {"minor": 5000, "currency": "USD"}}
    assert (await http.post(at(world, "/payments"), json=other)).status_code == 409
    refund = {
        "amount": {"minor": 1000, "currency": "USD"},
        "reason": "x",
        "by": "ann",
        "request_id": f"request-{uuid4()}",
    }
    path = at(world, f"/payments/{first['payment_id']}/refunds")
    made = [(await http.post(path, json=refund)).json()["refund_id"] for _ in range(3)]
    assert len(set(made)) == 1
    assert (await http.post(path, json=refund | {"to": "credit"})).status_code == 409
    assert (await world.booked(), len(await world.events("payment.refunded"))) == (3000, 1)
