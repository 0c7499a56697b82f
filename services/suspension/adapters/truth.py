"""Invoicing's own word about a tenant's invoices, and payments' about what is on its way for them, over HTTP."""

from datetime import date, datetime
from typing import Literal, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from services.suspension.domain.account import Fact, Invoice
from services.suspension.domain.invoices import still_owed
from services.suspension.use_cases.ports import Said
from shared.errors import Unavailable
from shared.http.auth import internal_headers
from shared.ids import InvoiceId, ProviderId, TenantId

DEADLINE_SECONDS = 5.0
_MOST_PAGES = 50
# Payments takes so many ids in one question.
_INVOICES_AT_ONCE = 100


class _Amount(BaseModel):
    minor: int
    currency: str


class _Row(BaseModel):
    invoice_id: InvoiceId
    number: str
    issued_on: date
    due_on: date
    total: _Amount
    balance: _Amount
    collectable: bool


class _Page(BaseModel):
    invoices: list[_Row]
    next: str | None


class _OnItsWay(BaseModel):
    kind: Literal["debit", "dispute", "plan"]
    source_id: UUID
    since: datetime
    invoice_ids: list[InvoiceId]


class _Collected(BaseModel):
    invoice_id: InvoiceId
    minor: int


class _Collecting(BaseModel):
    on_its_way: list[_OnItsWay]
    collected: list[_Collected]


Answer = TypeVar("Answer", _Page, _Collecting)


class HttpTruth:
    """``GET …/tenants/{t}/invoices?status=unpaid`` of invoicing, all pages, then ``GET …/tenants/{t}/collecting``.

    In this order: who paid after invoicing answered is known to payments.
    """

    def __init__(
        self, client: httpx.AsyncClient, *, invoicing_url: str, payments_url: str, internal_token: SecretStr
    ) -> None:
        self._client = client
        self._invoicing = invoicing_url.rstrip("/")
        self._payments = payments_url.rstrip("/")
        self._headers = internal_headers(internal_token)

    async def ask(self, provider_id: ProviderId, tenant_id: TenantId) -> Said:
        """Raises ``Unavailable``: whatever is wrong, nobody is barred on it."""
        tenant = f"/v1/providers/{provider_id}/tenants/{tenant_id}"
        rows = [row for row in await self._unpaid(tenant) if row.balance.minor > 0]
        on_its_way: dict[UUID, Fact] = {}
        collected: dict[InvoiceId, int] = {}
        for start in range(0, max(len(rows), 1), _INVOICES_AT_ONCE):
            some = [str(row.invoice_id) for row in rows[start : start + _INVOICES_AT_ONCE]]
            found = await self._get(
                f"{self._payments}{tenant}/collecting", {"invoice_id": some}, _Collecting, "Payments"
            )
            on_its_way |= {one.source_id: _fact(one) for one in found.on_its_way}
            collected |= {one.invoice_id: one.minor for one in found.collected}
        owed = (
            still_owed(
                _invoice(row),
                total_minor=row.total.minor,
                collected_minor=collected.get(row.invoice_id, 0),
            )
            for row in rows
        )
        return Said([one for one in owed if one is not None], list(on_its_way.values()))

    async def _unpaid(self, tenant: str) -> list[_Row]:
        rows: list[_Row] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            query = {"status": "unpaid", "limit": "200", **({"cursor": cursor} if cursor else {})}
            page = await self._get(f"{self._invoicing}{tenant}/invoices", query, _Page, "Invoicing")
            rows += page.invoices
            cursor = page.next
            if cursor is None:
                return rows
        raise Unavailable("Invoicing lists more open invoices of one tenant than can be.")

    async def _get(
        self, url: str, query: dict[str, str] | dict[str, list[str]], kind: type[Answer], whose: str
    ) -> Answer:
        try:
            answer = await self._client.get(
                url, params=query, headers=self._headers, timeout=DEADLINE_SECONDS
            )
            answer.raise_for_status()
            return kind.model_validate_json(answer.content)
        except (httpx.HTTPError, OSError, ValidationError) as error:
            raise Unavailable(f"{whose} does not say what is owed: {error!r}") from error


def _fact(one: _OnItsWay) -> Fact:
    return Fact(one.source_id, one.since, False, frozenset(one.invoice_ids), one.kind)


def _invoice(row: _Row) -> Invoice:
    return Invoice(
        invoice_id=row.invoice_id,
        number=row.number,
        issued_on=row.issued_on,
        due_on=row.due_on,
        balance_minor=row.balance.minor,
        currency=row.balance.currency,
        collectable=row.collectable,
    )
