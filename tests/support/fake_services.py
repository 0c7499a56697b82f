"""The five services behind the gateway, as one httpx transport with answers of their real shapes.

Fenwick Dental Group of Kestrel Voice as in design/ui (pictures 01 and 03). Answers can be changed, services can be
taken away, and every request is noted.
"""

import copy
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from tests.support.billing_people import FENWICK, INTERNAL_TOKEN, KESTREL

OPEN_INVOICE = UUID("018f0000-0000-7000-8000-0000000c1187")
PAID_INVOICE = UUID("018f0000-0000-7000-8000-0000000c1068")
VISA = UUID("018f0000-0000-7000-8000-0000000d4242")
MASTERCARD = UUID("018f0000-0000-7000-8000-0000000d4444")
PAYMENT = UUID("018f0000-0000-7000-8000-0000000e0001")
PLAN = UUID("018f0000-0000-7000-8000-0000000f0001")

TENANT = f"/v1/providers/{KESTREL}/tenants/{FENWICK}"
PROVIDER = f"/v1/providers/{KESTREL}"


def usd(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "USD"}


def _invoice(number: str, invoice_id: UUID, total: int, paid: int, status: str, month: int) -> dict[str, Any]:
    return {
        "invoice_id": str(invoice_id),
        "number": number,
        "issued_on": f"2026-{month:02}-01",
        "due_on": f"2026-{month:02}-22",
        "total": usd(total),
        "paid": usd(paid),
        "balance": usd(total - paid),
        "status": status,
        "usage_period": {"start_date": f"2026-{month - 1:02}-01", "end_date": f"2026-{month:02}-01"},
        "fee_period": {"start_date": f"2026-{month:02}-01", "end_date": f"2026-{month + 1:02}-01"},
    }


def _line(kind: str, description: str, quantity: str, price: str, minor: int, month: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "description": description,
        "quantity": quantity,
        "unit": "min" if kind == "minutes" else "",
        "note": "",
        "unit_price": price,
        "amount": usd(minor),
        "start_date": f"2026-{month:02}-01",
        "end_date": f"2026-{month + 1:02}-01",
    }


# Picture 03 of design/ui: what makes the open invoice higher than the one before.
_CHANGES = (
    ("Extensions above included, from 1 to 2: +$12.00", 1200),
    ("464.2 more minutes above included: +$8.82", 882),
    ("Number transfer: +$15.00", 1500),
    ("1 more DID above included: +$2.50", 250),
    ("Tax on a larger subtotal: +$3.40", 340),
)


def answers() -> dict[str, Any]:
    """What each service answers, by service and path."""
    open_invoice = _invoice("KV-2026-01187", OPEN_INVOICE, 32895, 15000, "Partially Paid", 11)
    paid_invoice = _invoice("KV-2026-01068", PAID_INVOICE, 28723, 28723, "Paid", 10)
    visa = {"method_id": str(VISA), "kind": "card", "brand": "visa", "last4": "4242", "expires": "04/2028"}
    mastercard = {
        "method_id": str(MASTERCARD),
        "kind": "card",
        "brand": "mastercard",
        "last4": "4444",
        "expires": "11/2026",
    }
    return {
        f"invoicing {PROVIDER}": {
            "provider_id": str(KESTREL),
            "slug": "kestrel",
            "currency": "USD",
            "legal_name": "Kestrel Voice LLC",
            "brand": {"name": "Kestrel Voice", "colour": "#0F5C9C", "logo": None},
            "billing_email": "billing@kestrelvoice.example",
            "support_phone": "+12125550100",
            "reachable_numbers": [],
            "country": "US",
        },
        f"invoicing {TENANT}": {
            "tenant_id": str(FENWICK),
            "name": "Fenwick Dental Group",
            "time_zone": "America/New_York",
            "locale": "en-US",
            "billing_email": "accounts@fenwickdental.example",
            "admin_email": "dana.ruiz@fenwickdental.example",
            "status": "active",
            "plan_id": str(PLAN),
            "plan_version": 1,
        },
        f"invoicing {TENANT}/summary": {
            "plan": {
                "name": "Professional",
                "billing_model": "flat_rate",
                "monthly_fee": usd(24900),
                "included": {"extensions": 20, "dids": 5, "minutes": 3000},
                "prices": {"extension": "12.00", "did": "2.50", "minute": "0.019"},
            },
            "status": "active",
            "period": {"start_date": "2026-11-01", "end_date": "2026-12-01"},
            "next_invoice_on": "2026-12-01",
            "account_credit": usd(0),
            "currency": "USD",
            "time_zone": "America/New_York",
            "locale": "en-US",
            "plan_id": str(PLAN),
            "plan_version": 1,
        },
        f"invoicing {TENANT}/preview": {
            "lines": [
                _line("fee", "Professional plan", "1", "249.00", 24900, 11),
                _line("extensions", "Extensions above the 20 included", "2", "12.00", 2400, 11),
                _line("dids", "DIDs above the 5 included", "1", "2.50", 250, 11),
            ],
            "subtotal": usd(27550),
            "tax": usd(2445),
            "total": usd(29995),
        },
        f"invoicing {TENANT}/invoices": {"invoices": [open_invoice, paid_invoice], "next": None},
        f"invoicing {TENANT}/invoices?status=unpaid": {"invoices": [open_invoice], "next": None},
        f"invoicing {TENANT}/invoices/{OPEN_INVOICE}": {
            **open_invoice,
            "lines": [
                _line("fee", "Professional plan", "1", "249.00", 24900, 11),
                _line("extensions", "Extensions above the 20 included", "2", "12.00", 2400, 10),
                _line("dids", "DIDs above the 5 included", "1", "2.50", 250, 10),
                _line("minutes", "Minutes above the 3,000 included", "612.4", "0.019", 1164, 10),
                {
                    "kind": "one_time",
                    "description": "Number transfer, +1 212 555 0168",
                    "quantity": "1",
                    "unit_price": "15.00",
                    "amount": usd(1500),
                    "start_date": "2026-10-13",
                    "end_date": "2026-10-14",
                    "unit": "",
                    "note": "",
                },
            ],
            "taxes": [
                {"name": "New York sales tax", "rate": "8.875", "taxable": usd(30214), "amount": usd(2681)}
            ],
            "subtotal": usd(30214),
            "tax": usd(2681),
            "account_credit_applied": usd(0),
            "payments": [],
            "billed_by": {
                "legal_name": "Kestrel Voice LLC",
                "address": ["120 Pier Street, New York, NY 10038"],
                "tax_id": "55-0100244",
            },
            "billed_to": {
                "name": "Fenwick Dental Group",
                "address": ["48 Alder Avenue, Suite 3, New York, NY 10016"],
                "billing_email": "accounts@fenwickdental.example",
            },
        },
        f"invoicing {TENANT}/invoices/{OPEN_INVOICE}/explanation": {
            "invoice_id": str(OPEN_INVOICE),
            "number": "KV-2026-01187",
            "total": usd(32895),
            "compared_with": {
                "invoice_id": str(PAID_INVOICE),
                "number": "KV-2026-01068",
                "total": usd(28723),
            },
            "difference": usd(4172),
            "sentences": [words for words, _ in _CHANGES],
            "parts": [
                {"kind": "volume", "sentence": words, "amount": usd(minor)} for words, minor in _CHANGES
            ],
        },
        f"usage {TENANT}/usage": {
            "as_of": "2026-11-18T15:24:00Z",
            "extensions": {"used": 22, "peak": 22},
            "dids": {"used": 6, "peak": 6},
            "minutes": [],
            "billed_seconds": 129336,
            "included_seconds": 180000,
            "days": [
                {
                    "day": "2026-11-10",
                    "calls": 78,
                    "billed_seconds": 11652,
                    "used_seconds": 11652,
                    "charged_seconds": 0,
                }
            ],
            "by_class": [
                {
                    "day": "2026-11-10",
                    "call_class": "national",
                    "direction": "outbound",
                    "calls": 78,
                    "billed_seconds": 11652,
                }
            ],
            "bundles": [
                {
                    "name": "included",
                    "classes": None,
                    "per_extension": False,
                    "seconds": 180000,
                    "used_seconds": 129336,
                }
            ],
            "spending": {
                "spend_minor": 0,
                "alert_minor": None,
                "limit_minor": 20000,
                "currency": "USD",
                "holds": False,
                "released": False,
            },
            "warnings": [
                {
                    "kind": "included_minutes",
                    "subject": "included",
                    "percent": 50,
                    "used": 129336,
                    "limit": 180000,
                }
            ],
        },
        f"usage {TENANT}/calls/totals": {
            "calls": 1486,
            "billed_calls": 1402,
            "billed_seconds": 216744,
            "talk_ms": 212810400,
            "hold_ms": 1240000,
        },
        f"usage {TENANT}/calls?line": {
            "calls": [
                {
                    "call_id": "018f0000-0000-7000-8000-0000000ca110",
                    "answered_at": "2026-10-31T15:47:00Z",
                    "direction": "inbound",
                    "from": "+19175550133",
                    "to": "201",
                    "call_class": "national",
                    "talk_ms": 192000,
                    "hold_ms": 0,
                    "billed_seconds": 192,
                    "charge": "0.060800",
                    "invoice": {"invoice_id": str(OPEN_INVOICE), "number": "KV-2026-01187"},
                    "share": {
                        "billed_seconds": 192,
                        "included_seconds": 0,
                        "charge": "0.060800",
                        "exact": "38/625",
                    },
                }
            ],
            "next": None,
            "line": {
                "kind": "minutes",
                "key": "minutes|018f|1|national|inbound|0.019|",
                "call_class": "national",
                "direction": "inbound",
                "calls": 1486,
                "billed_seconds": 216744,
                "included_seconds": 180000,
                "charged_seconds": 36744,
                "price_per_minute": "0.019",
                "charge": "11.6356",
            },
            "line_before": None,
            "revision": 1,
        },
        f"invoicing {TENANT}/credit-notes": {"credit_notes": []},
        f"payments {TENANT}/payment-plans": {
            "payment_plans": [
                {
                    "payment_plan_id": str(UUID(int=21)),
                    "state": "agreed",
                    "invoice_ids": [str(OPEN_INVOICE)],
                    "instalments": [
                        {"due_on": "2026-11-25", "amount": usd(8948), "paid": usd(0)},
                        {"due_on": "2026-12-25", "amount": usd(8947), "paid": usd(0)},
                    ],
                    "remaining": usd(17895),
                    "next_due_on": "2026-11-25",
                    "next_amount": usd(8948),
                    "agreed_at": "2026-11-18T15:24:00Z",
                    "ended_at": None,
                    "by": "Ann Reyes (provider-admin-1)",
                }
            ]
        },
        f"usage {TENANT}/calls": {
            "calls": [
                {
                    "call_id": "018f0000-0000-7000-8000-0000000ca110",
                    "answered_at": "2026-10-31T15:47:00Z",
                    "direction": "inbound",
                    "from": "+19175550133",
                    "to": "201",
                    "call_class": "national",
                    "billed_seconds": 192,
                }
            ],
            "next": None,
        },
        f"payments {TENANT}/methods": {
            "methods": [{**visa, "is_default": True}, {**mastercard, "is_default": False}],
            "auto_pay": {"enabled": True, "since": "2026-11-10T15:00:00Z"},
        },
        f"payments {TENANT}/payments": {
            "payments": [
                {
                    "payment_id": str(PAYMENT),
                    "at": "2026-11-05T14:41:00Z",
                    "amount": usd(15000),
                    "status": "succeeded",
                    "method": mastercard,
                    "invoices": [
                        {
                            "invoice_id": str(OPEN_INVOICE),
                            "number": "KV-2026-01187",
                            "amount": usd(15000),
                        }
                    ],
                },
                {
                    "payment_id": str(UUID(int=7)),
                    "at": "2026-10-14T18:15:00Z",
                    "amount": usd(-2000),
                    "status": "refunded",
                    "method": visa,
                    "invoices": [],
                },
            ],
            "next": None,
        },
        f"payments {TENANT}/payments/{PAYMENT}": {
            "payment_id": str(PAYMENT),
            "trigger": "pay_now",
            "status": "partly_refunded",
            "status_words": "Partly refunded",
            "at": "2026-11-05T14:41:00Z",
            "ended_at": "2026-11-05T14:41:02Z",
            "amount": usd(15000),
            "method": mastercard,
            "invoices": [{"invoice_id": str(OPEN_INVOICE), "number": "KV-2026-01187", "amount": usd(15000)}],
            "refunded": usd(2000),
            "refunds": [
                {
                    "refund_id": str(UUID(int=31)),
                    "amount": usd(-2000),
                    "to": "method",
                    "status": "succeeded",
                    "status_words": "Refunded",
                    "reason": "Billed twice",
                    "at": "2026-11-06T10:00:00Z",
                    "ended_at": "2026-11-06T10:00:03Z",
                    "sentence": "$20.00 goes back to Mastercard ending in 4444.",
                }
            ],
            "disputes": [],
        },
        f"suspension {TENANT}/standing": {
            "stage": "none",
            "suspended": False,
            "since": "2026-01-01T05:00:00Z",
            "owed": usd(0),
            "overdue_invoices": [],
            "steps": [],
            "suspends_on": None,
            "works_now": {
                "outbound": "allow",
                "inbound": "allow",
                "emergency": "allow",
                "reachable_numbers": ["+12125550100"],
            },
            "as_of": "2026-11-18T15:24:00Z",
        },
    }


class FakeServices(httpx.AsyncBaseTransport):
    """Answers for all services. ``away`` are those that do not answer; ``handlers`` answer changing requests."""

    def __init__(self) -> None:
        self.answers = copy.deepcopy(answers())
        self.away: set[str] = set()
        # Services that read the request and whose answer never comes.
        self.answers_lost: set[str] = set()
        self.requests: list[httpx.Request] = []
        self.handlers: dict[str, Callable[[Any], tuple[int, Any]]] = {}
        self.refusals: dict[str, tuple[int, Any]] = {}
        # Whole answers by "service METHOD path", for what is no JSON.
        self.raw: dict[str, httpx.Response] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        service = request.url.host.removesuffix(".test")
        if service in self.away:
            raise httpx.ConnectError("away", request=request)
        if service in self.answers_lost:
            raise httpx.ReadTimeout("no answer", request=request)
        if request.headers.get("authorization") != f"Bearer {INTERNAL_TOKEN}":
            return httpx.Response(401, json={"title": "Not signed in", "detail": "Internal only."})
        whole = f"{service} {request.method} {request.url.path}"
        if whole in self.raw:
            return self.raw[whole]
        key = f"{service} {request.url.path}"
        if key in self.refusals:
            status, document = self.refusals[key]
            return httpx.Response(status, json=document)
        if request.method != "GET":
            return self._change(f"{service} {request.method} {request.url.path}", request)
        if request.url.path.endswith("/pdf") and request.url.path.startswith(TENANT):
            return httpx.Response(200, content=b"%PDF-1.7 test", headers={"content-type": "application/pdf"})
        with_status = f"{key}?status={request.url.params.get('status')}"
        if "line" in request.url.params and f"{key}?line" in self.answers:
            return httpx.Response(200, json=self.answers[f"{key}?line"])
        at_cursor = f"{key}?cursor={request.url.params.get('cursor')}"
        found = self.answers.get(at_cursor, self.answers.get(with_status, self.answers.get(key)))
        if found is None:
            return httpx.Response(404, json={"title": "Not found", "detail": "There is no such thing."})
        return httpx.Response(200, json=found)

    def _change(self, key: str, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        if key not in self.handlers:
            return httpx.Response(404, json={"title": "Not found", "detail": "There is no such thing."})
        status, answer = self.handlers[key](body)
        return httpx.Response(status, json=answer) if answer is not None else httpx.Response(status)
