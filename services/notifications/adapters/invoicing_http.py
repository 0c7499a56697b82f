"""The PDF of an invoice, from invoicing."""

import asyncio

import httpx

from services.notifications.domain.facts import IssuedInvoice
from services.notifications.domain.mail import Mail
from services.notifications.use_cases.ports import Attachment, DocumentAway

# With the mail server's 60 s still within the lease of a mail.
TIMEOUT_SECONDS = 20.0


class HttpDocuments:
    """``base_url`` of invoicing; None where mails go without documents."""

    def __init__(self, client: httpx.AsyncClient, base_url: str | None) -> None:
        self._client, self._base_url = client, base_url

    async def of(self, mail: Mail) -> tuple[Attachment, ...]:
        facts = mail.facts
        if self._base_url is None or not isinstance(facts, IssuedInvoice) or facts.invoice_id is None:
            return ()
        path = f"/v1/providers/{mail.provider_id}/tenants/{mail.tenant_id}/invoices/{facts.invoice_id}/pdf"
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await self._client.get(f"{self._base_url.rstrip('/')}{path}")
        except (httpx.HTTPError, TimeoutError) as error:
            raise DocumentAway(f"invoicing: {type(error).__name__}") from error
        if answer.status_code != 200 or not answer.content.startswith(b"%PDF"):
            raise DocumentAway(f"invoicing answered {answer.status_code} for the PDF of {facts.number}")
        return (Attachment(f"{facts.number}.pdf", answer.content),)
