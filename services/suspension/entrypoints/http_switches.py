"""Routes for switches that cache answers: registered, listed, removed, and what they were told."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from services.suspension.entrypoints.models import Body
from services.suspension.use_cases.ports import OpenWork, Switch
from services.suspension.use_cases.register_switch import register_switch, remove_switch
from shared.errors import NotFound
from shared.ids import ProviderId


class SwitchBody(Body):
    """``secret`` none: the one that it has, or a new one, which is shown once."""

    kind: Literal["kamailio_jsonrpc", "webhook"]
    url: str = Field(max_length=500, description="where it is told: its JSON-RPC address or a webhook's")
    secret: str | None = Field(None, max_length=300, description="bearer token, or `whsec_…`")
    cut_calls: bool = Field(
        False, description="kamailio_jsonrpc: end calls in progress too (never emergency calls)"
    )
    by: str = Field("provider", min_length=1, max_length=200)


class SwitchShown(BaseModel):
    name: str
    kind: Literal["kamailio_jsonrpc", "webhook"]
    url: str
    cut_calls: bool
    secret: str | None = Field(None, description="only in the answer that made it")

    @classmethod
    def of(cls, switch: Switch, *, secret: str | None = None) -> Self:
        return cls(
            name=switch.name, kind=switch.kind, url=switch.url, cut_calls=switch.cut_calls, secret=secret
        )


class PushShown(BaseModel):
    """``delivered_at`` none and ``next_attempt_at`` none: given up after a day."""

    push_id: UUID
    tenant_id: UUID
    queued_at: datetime
    attempts: int
    delivered_at: datetime | None
    next_attempt_at: datetime | None
    last_error: str | None


class SwitchDetail(SwitchShown):
    """With the newest pushes first."""

    pushes: list[PushShown]


class SwitchList(BaseModel):
    switches: list[SwitchShown]


def switches_router(open_work: OpenWork, internal: Any, check_url: Callable[[str], None]) -> APIRouter:
    router = APIRouter(
        prefix="/v1/providers/{provider_id}/switches", dependencies=[Depends(internal)], tags=["switches"]
    )

    @router.get("")
    async def get_switches(provider_id: ProviderId) -> SwitchList:
        async with open_work() as work:
            found = await work.switches.of_provider(provider_id)
        return SwitchList(switches=[SwitchShown.of(one) for one in found])

    @router.put("/{name}")
    async def put_switch(provider_id: ProviderId, name: str, body: SwitchBody) -> SwitchShown:
        async with open_work() as work:
            known = await work.switches.get(provider_id, name)
            switch = await register_switch(
                work,
                provider_id,
                name,
                kind=body.kind,
                url=body.url,
                secret=body.secret,
                cut_calls=body.cut_calls,
                by=body.by,
                check_url=check_url,
            )
        made = body.secret is None and (known is None or known.secret != switch.secret)
        return SwitchShown.of(switch, secret=switch.secret if made else None)

    @router.get("/{name}")
    async def get_switch(
        provider_id: ProviderId, name: str, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> SwitchDetail:
        async with open_work() as work:
            switch = await work.switches.get(provider_id, name)
            if switch is None:
                raise NotFound("There is no switch with this name.", field="name")
            pushes = await work.switches.log(provider_id, name, limit)
        shown = SwitchShown.of(switch).model_dump()
        return SwitchDetail(**shown, pushes=[PushShown(**one) for one in pushes])

    @router.delete("/{name}", status_code=204)
    async def delete_switch(
        provider_id: ProviderId,
        name: str,
        by: Annotated[str, Query(min_length=1, max_length=200)] = "provider",
    ) -> None:
        async with open_work() as work:
            await remove_switch(work, provider_id, name, by=by)

    return router
