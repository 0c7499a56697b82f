"""The other services, asked over HTTP: how far they are, and what a tenant has used so far."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
from pydantic import SecretStr, ValidationError

from services.invoicing.domain.invoices import Minutes, Totals
from shared.errors import Unavailable
from shared.http.auth import internal_headers
from shared.ids import PlanId, ProviderId, TenantId
from shared.messaging.progress import Progress

TIMEOUT_SECONDS = 5.0


class Peers:
    """One connection pool to all of them."""

    def __init__(self, base_urls: Mapping[str, str], token: SecretStr) -> None:
        self._base_urls = base_urls
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, headers=internal_headers(token), trust_env=False
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def progress(self, provider_id: ProviderId, since: datetime) -> tuple[list[Progress], list[str]]:
        """Everybody's progress, and a sentence for each that does not answer."""
        names = list(self._base_urls)
        answers = await asyncio.gather(*(self._ask_progress(name, provider_id, since) for name in names))
        found = [answer for answer in answers if isinstance(answer, Progress)]
        silent = [answer for answer in answers if isinstance(answer, str)]
        return found, silent

    async def _ask_progress(self, name: str, provider_id: ProviderId, since: datetime) -> Progress | str:
        url = f"{self._base_urls[name]}/internal/v1/progress/{provider_id}"
        try:
            answer = await self._http.get(url, params={"since": since.isoformat()})
            answer.raise_for_status()
            return Progress.model_validate(answer.json())
        except (httpx.HTTPError, ValueError, ValidationError) as error:
            return f"{name} does not answer ({type(error).__name__})"

    async def usage_so_far(
        self,
        provider_id: ProviderId,
        tenant_id: TenantId,
        start: date,
        end: date,
        plan_id: PlanId,
        version: int,
    ) -> Totals:
        """The running period's totals as of now. Raises ``Unavailable``."""
        url = f"{self._base_urls['usage']}/v1/providers/{provider_id}/tenants/{tenant_id}/usage"
        window = {
            "start_date": start.isoformat(),
            "end_date": end.isoformat(),
            "plan_id": str(plan_id),
            "plan_version": str(version),
        }
        try:
            answer = await self._http.get(url, params=window)
            answer.raise_for_status()
            body: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable("The usage of this period cannot be read right now; try again.") from error
        return Totals(
            revision=0,
            extensions_peak=int(body["extensions"]["peak"]),
            dids_peak=int(body["dids"]["peak"]),
            minutes=tuple(
                Minutes(
                    call_class=m["call_class"],
                    direction=m["direction"],
                    calls=m["calls"],
                    billed_seconds=m["billed_seconds"],
                    included_seconds=m["included_seconds"],
                    charged_seconds=m["charged_seconds"],
                    price_per_minute=Decimal(m["price_per_minute"]),
                    charge=Decimal(m["charge"]),
                )
                for m in body["minutes"]
            ),
        )
