"""``/api/v1/provider/webhooks``: where a provider's own systems hear every event."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.domain.webhooks import Attempt, Delivery, DeliveryState, Endpoint
from services.gateway.entrypoints.callers import Callers
from services.gateway.entrypoints.changes import Changes
from services.gateway.entrypoints.openapi import CHANGING, NOT_FOUND, PROBLEMS
from services.gateway.use_cases import manage_webhooks
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.ports import Document
from services.gateway.use_cases.webhook_ports import WebhookWork
from shared.errors import Invalid
from shared.events import ALL
from shared.ids import EventId, ProviderId

Wake = Callable[[], None]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EndpointBody(_Body):
    """What a provider says of an endpoint."""

    url: str = Field(examples=["https://billing.kestrelvoice.example/tollgate"])
    events: list[str] = Field(
        ["*"], examples=[["invoicing.invoice.*", "suspension.tenant.suspended.v1"]], max_length=50
    )
    description: str = Field("", max_length=200)


class EndpointChange(EndpointBody):
    """``on: false`` holds deliveries back until it is on again."""

    on: bool = True


class ReplayBody(_Body):
    """One event, or all of this endpoint since an instant."""

    event_id: UUID | None = None
    since: datetime | None = None


class EndpointView(BaseModel):
    """``secret`` is shown once: when it is made."""

    endpoint_id: UUID
    url: str
    events: list[str]
    description: str
    on: bool
    off_reason: str | None
    failing_since: datetime | None
    created_at: datetime
    secret: str | None = None


class EndpointList(BaseModel):
    endpoints: list[EndpointView]
    event_types: list[str] = Field(description="every event there is")


class SecretView(BaseModel):
    secret: str


class Replayed(BaseModel):
    queued: int


class DeliveryView(BaseModel):
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    tenant_id: UUID | None
    event_at: datetime
    state: DeliveryState
    attempts: int
    next_try_at: datetime | None


class DeliveryList(BaseModel):
    deliveries: list[DeliveryView]
    next: str | None


class AttemptView(BaseModel):
    number: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    answer: str = Field(description="the first 500 characters")


class DeliveryLog(BaseModel):
    attempts: list[AttemptView]


def webhooks_router(
    callers: Callers,
    changes: Changes,
    open_work: Callable[[], WebhookWork],
    wake: Wake,
    *,
    plain_allowed: bool,
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/provider/webhooks", tags=["provider"], responses=PROBLEMS)
    _add_endpoints(router, callers, changes, open_work, plain_allowed)
    _add_log(router, callers, changes, open_work, wake)
    return router


def _add_endpoints(
    router: APIRouter,
    callers: Callers,
    changes: Changes,
    open_work: Callable[[], WebhookWork],
    plain_allowed: bool,
) -> None:
    Admin = Annotated[Person, Depends(callers.provider)]

    @router.get("", summary="Webhook endpoints, and every event there is")
    async def get_endpoints(person: Admin) -> EndpointList:
        async with open_work() as work:
            found = await work.webhooks.endpoints(_provider(person))
        return EndpointList(
            endpoints=[_endpoint_view(one) for one in found],
            event_types=sorted(event.TYPE for event in ALL),
        )

    @router.post(
        "",
        summary="Add a webhook endpoint",
        status_code=201,
        responses={**CHANGING, 201: {"model": EndpointView}},
    )
    async def post_endpoint(request: Request, person: Admin, body: EndpointBody) -> Response:
        """The answer holds the signing secret, this once."""

        async def act() -> Document:
            async with open_work() as work:
                made = await manage_webhooks.add_endpoint(
                    work,
                    _provider(person),
                    url=body.url,
                    events=body.events,
                    description=body.description,
                    plain_allowed=plain_allowed,
                )
            return _document(201, _endpoint_view(made, secret=made.secrets[0]))

        return await changes.make(request, person, act)

    @router.put(
        "/{endpoint_id}",
        summary="Change a webhook endpoint, switch it on or off",
        responses={**CHANGING, **NOT_FOUND, 200: {"model": EndpointView}},
    )
    async def put_endpoint(
        request: Request, person: Admin, endpoint_id: UUID, body: EndpointChange
    ) -> Response:
        async def act() -> Document:
            async with open_work() as work:
                changed = await manage_webhooks.change_endpoint(
                    work,
                    _provider(person),
                    endpoint_id,
                    url=body.url,
                    events=body.events,
                    description=body.description,
                    on=body.on,
                    plain_allowed=plain_allowed,
                )
            return _document(200, _endpoint_view(changed))

        return await changes.make(request, person, act)

    @router.post(
        "/{endpoint_id}/secret",
        summary="Make a new signing secret",
        responses={**CHANGING, **NOT_FOUND, 200: {"model": SecretView}},
    )
    async def post_secret(request: Request, person: Admin, endpoint_id: UUID) -> Response:
        """Deliveries are signed with the old secret as well for 24 hours."""

        async def act() -> Document:
            async with open_work() as work:
                secret = await manage_webhooks.rotate_secret(work, _provider(person), endpoint_id)
            return _document(200, SecretView(secret=secret))

        return await changes.make(request, person, act)

    @router.delete(
        "/{endpoint_id}",
        summary="Remove a webhook endpoint with all that waits for it",
        status_code=204,
        responses={**CHANGING, **NOT_FOUND},
    )
    async def delete_endpoint(request: Request, person: Admin, endpoint_id: UUID) -> Response:
        async def act() -> Document:
            async with open_work() as work:
                await manage_webhooks.remove_endpoint(work, _provider(person), endpoint_id)
            return Document(204, "application/json", b"")

        return await changes.make(request, person, act)


def _add_log(
    router: APIRouter,
    callers: Callers,
    changes: Changes,
    open_work: Callable[[], WebhookWork],
    wake: Wake,
) -> None:
    Admin = Annotated[Person, Depends(callers.provider)]

    @router.get("/deliveries", summary="What was sent, what waits, what was given up; newest first")
    async def get_deliveries(
        person: Admin,
        endpoint_id: UUID | None = None,
        state: DeliveryState | None = None,
        cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DeliveryList:
        async with open_work() as work:
            found = await work.webhooks.deliveries(
                _provider(person),
                endpoint_id=endpoint_id,
                state=state,
                before=_place(cursor) if cursor else None,
                limit=limit + 1,
            )
        shown = found[:limit]
        more = len(found) > limit
        return DeliveryList(
            deliveries=[_delivery_view(one) for one in shown], next=_cursor(shown[-1]) if more else None
        )

    @router.get(
        "/{endpoint_id}/deliveries/{event_id}", summary="Every try of one delivery", responses=NOT_FOUND
    )
    async def get_attempts(person: Admin, endpoint_id: UUID, event_id: UUID) -> DeliveryLog:
        async with open_work() as work:
            await manage_webhooks.get_endpoint(work, _provider(person), endpoint_id)
            found = await work.webhooks.attempts(_provider(person), endpoint_id, EventId(event_id))
        return DeliveryLog(attempts=[_attempt_view(one) for one in found])

    @router.post(
        "/{endpoint_id}/replay",
        summary="Send an event again, or all since an instant",
        responses={**CHANGING, **NOT_FOUND, 200: {"model": Replayed}},
    )
    async def post_replay(request: Request, person: Admin, endpoint_id: UUID, body: ReplayBody) -> Response:
        """With the same `webhook-id` as before, so that a receiver can tell the repeat."""

        async def act() -> Document:
            async with open_work() as work:
                queued = await manage_webhooks.replay(
                    work, _provider(person), endpoint_id, event_id=body.event_id, since=body.since
                )
            wake()
            return _document(200, Replayed(queued=queued))

        return await changes.make(request, person, act)


def _provider(person: Person) -> ProviderId:
    assert person.provider_id is not None
    return person.provider_id


def _document(status: int, model: BaseModel) -> Document:
    return Document(status, "application/json", model.model_dump_json().encode())


def _cursor(last: Delivery) -> str:
    return f"{last.created_at.isoformat()}_{last.endpoint_id}_{last.event_id}"


def _place(cursor: str) -> tuple[datetime, UUID, UUID]:
    try:
        at, endpoint, event = cursor.split("_")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment, UUID(endpoint), UUID(event)
    except ValueError as error:
        raise Invalid(
            "The cursor is not one of ours; send the `next` of the page before.", field="cursor"
        ) from error


def _endpoint_view(endpoint: Endpoint, *, secret: str | None = None) -> EndpointView:
    return EndpointView(
        endpoint_id=endpoint.endpoint_id,
        url=endpoint.url,
        events=list(endpoint.patterns),
        description=endpoint.description,
        on=endpoint.off_since is None,
        off_reason=endpoint.off_reason,
        failing_since=endpoint.failing_since,
        created_at=endpoint.created_at,
        secret=secret,
    )


def _delivery_view(delivery: Delivery) -> DeliveryView:
    waiting = delivery.state is DeliveryState.WAITING
    return DeliveryView(
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        tenant_id=delivery.tenant_id,
        event_at=delivery.event_at,
        state=delivery.state,
        attempts=delivery.attempts,
        next_try_at=delivery.due_at if waiting else None,
    )


def _attempt_view(attempt: Attempt) -> AttemptView:
    return AttemptView(
        number=attempt.number,
        at=attempt.at,
        duration_ms=attempt.duration_ms,
        status=attempt.status,
        error=attempt.error,
        answer=attempt.answer,
    )
