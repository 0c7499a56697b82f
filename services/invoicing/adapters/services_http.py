"""The other services over HTTP: usage's figures, and everybody's progress for the test clock."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import InvalidOperation

import httpx
from pydantic import ValidationError

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.periods import Span
from services.invoicing.domain.totals import Totals
from services.invoicing.use_cases.read_metered import metered_minutes
from shared.errors import Unavailable
from shared.events.usage import MeteredMinutes
from shared.ids import PlanId, ProviderId
from shared.messaging.progress import Progress

TIMEOUT_SECONDS = 3.0


class HttpUsage:
    """Implements ``use_cases.ports.UsageFigures``."""

    def __init__(self, client: httpx.AsyncClient, base_url: str) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")

    async def totals(self, tenant: Tenant, span: Span, plan_id: PlanId, plan_version: int) -> Totals:
        """Raises ``Unavailable`` when usage does not answer as agreed."""
        path = f"/v1/providers/{tenant.provider_id}/tenants/{tenant.tenant_id}/usage"
        query = {
            "start_date": span.start.isoformat(),
            "end_date": span.end.isoformat(),
            "plan_id": str(plan_id),
            "plan_version": str(plan_version),
        }
        try:
            answer = await self._client.get(self._base_url + path, params=query)
            answer.raise_for_status()
            data = answer.json()
            parts = [MeteredMinutes.model_validate(part) for part in data["minutes"]]
            return Totals(
                0,
                int(data["extensions"]["peak"]),
                int(data["dids"]["peak"]),
                tuple(metered_minutes(part) for part in parts),
            )
        except (httpx.HTTPError, ValueError, KeyError, TypeError, InvalidOperation) as error:
            raise Unavailable("The usage figures cannot be read right now; try again.") from error


class HttpProgress:
    """Asks each service how far it is with a provider's events, all at once."""

    def __init__(self, client: httpx.AsyncClient, urls: Mapping[str, str]) -> None:
        self._client = client
        self._urls = urls

    async def ask(self, provider_id: ProviderId, since: datetime) -> dict[str, Progress | str]:
        """By service: its progress, or the sentence that says why there is none."""
        answers = await asyncio.gather(*(self._one(name, provider_id, since) for name in self._urls))
        return dict(zip(self._urls, answers, strict=True))

    async def _one(self, name: str, provider_id: ProviderId, since: datetime) -> Progress | str:
        url = f"{self._urls[name].rstrip('/')}/internal/v1/progress/{provider_id}"
        try:
            answer = await self._client.get(url, params={"since": since.isoformat()})
            answer.raise_for_status()
            return Progress.model_validate_json(answer.content)
        except httpx.HTTPStatusError as error:
            return f"{name} answers with status {error.response.status_code}"
        except (httpx.HTTPError, ValidationError) as error:
            return f"{name} does not answer ({type(error).__name__})"
