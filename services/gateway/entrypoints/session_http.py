"""``/api/v1/session``: who am I. Any role; without amounts."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.gateway.entrypoints.callers import Callers
from services.gateway.entrypoints.openapi import PROBLEMS
from services.gateway.use_cases.compose_overview import Services
from services.gateway.use_cases.compose_session import Person, compose_session
from services.gateway.use_cases.views import Session, StripeView


def session_router(callers: Callers, services: Services, stripe: StripeView) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["session"], responses=PROBLEMS)

    @router.get("/session", summary="Who am I, who bills me, does my phone work")
    async def get_session(person: Annotated[Person, Depends(callers.anybody)]) -> Session:
        """Names, roles, provider's brand and contact, locale and zone. A tenant user learns whether service is
        interrupted and whom to ask, never an amount (R60)."""
        return await compose_session(services.invoicing, services.suspension, person, stripe)

    return router
