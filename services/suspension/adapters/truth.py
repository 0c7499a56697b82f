"""Invoicing's own word about a tenant's invoices, over HTTP."""

from datetime import date

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from services.suspension.domain.account import Invoice
from shared.errors import Unavailable
from shared.http.auth import internal_headers
from shared.ids import InvoiceId, ProviderId, TenantId

DEADLINE_SECONDS = 5.0
_MOST_PAGES = 50


class _Amount(BaseModel):
    minor: int
    currency: str


class _Row(BaseModel):
    invoice_id: InvoiceId
    number: str
    issued_on: date
    due_on: date
    balance: _Amount
    collectable: bool


class _Page(BaseModel):
    invoices: list[_Row]
    next: str | None


class HttpTruth:
    """``GET /v1/providers/{p}/tenants/{t}/invoices?status=unpaid``, all pages."""

    def __init__(self, client: httpx.AsyncClient, base_url: str, internal_token: SecretStr) -> None:
        self._client = client
        self._base = base_url.rstrip("/")
        self._headers = internal_headers(internal_token)

    async def open_invoices(self, provider_id: ProviderId, tenant_id: TenantId) -> list[Invoice]:
        """Raises ``Unavailable``: whatever is wrong, nobody is barred on it."""
        rows: list[_Row] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._page(provider_id, tenant_id, cursor)
            rows += page.invoices
            cursor = page.next
            if cursor is None:
                return [_invoice(row) for row in rows if row.balance.minor > 0]
        raise Unavailable("Invoicing lists more open invoices of one tenant than can be.")

    async def _page(self, provider_id: ProviderId, tenant_id: TenantId, cursor: str | None) -> _Page:
        url = f"{self._base}/v1/providers/{provider_id}/tenants/{tenant_id}/invoices"
        query = {"status": "unpaid", "limit": "200", **({"cursor": cursor} if cursor else {})}
        try:
            answer = await self._client.get(
                url, params=query, headers=self._headers, timeout=DEADLINE_SECONDS
            )
            answer.raise_for_status()
            return _Page.model_validate_json(answer.content)
        except (httpx.HTTPError, OSError, ValidationError) as error:
            raise Unavailable(f"Invoicing does not say what is open: {error!r}") from error


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
