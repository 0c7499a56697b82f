"""What is on its way for invoices, for suspension."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.payments.use_cases.ports import OpenWork
from services.payments.use_cases.show_collecting import Collecting, show_collecting
from shared.ids import InvoiceId, ProviderId, TenantId

MOST_INVOICES = 100


class OnItsWayOut(BaseModel):
    """``debit`` is any payment that Stripe works on; ``since`` is the provider's time."""

    kind: Literal["debit", "dispute", "plan"]
    source_id: UUID
    since: datetime
    invoice_ids: list[InvoiceId]


class CollectedOut(BaseModel):
    """Captured for the invoice, less what banks took back; minor units of its currency."""

    invoice_id: InvoiceId
    minor: int


class CollectingOut(BaseModel):
    on_its_way: list[OnItsWayOut]
    collected: list[CollectedOut]

    @classmethod
    def of(cls, found: Collecting) -> Self:
        return cls(
            on_its_way=[
                OnItsWayOut(
                    kind=one.kind,
                    source_id=one.source_id,
                    since=one.since,
                    invoice_ids=list(one.invoice_ids),
                )
                for one in found.on_its_way
            ],
            collected=[
                CollectedOut(invoice_id=invoice_id, minor=minor)
                for invoice_id, minor in found.collected_minor.items()
            ],
        )


def collecting_routes(open_work: OpenWork) -> APIRouter:
    router = APIRouter(prefix="/tenants/{tenant_id}", tags=["payments"])

    @router.get("/collecting")
    async def get_collecting(
        provider_id: ProviderId,
        tenant_id: TenantId,
        invoice_id: Annotated[list[InvoiceId], Query(max_length=MOST_INVOICES)] = [],  # noqa: B006 (FastAPI copies it)
    ) -> CollectingOut:
        """Payments, disputes and plans under way for these invoices, and what was captured for them."""
        async with open_work() as work:
            return CollectingOut.of(await show_collecting(work, provider_id, tenant_id, invoice_id))

    return router
