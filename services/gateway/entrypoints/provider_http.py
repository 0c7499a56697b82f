"""``/api/v1/provider``: for a provider's admins, and for operators with ``?provider=``.

The services judge the bodies; the gateway judges who asks, whose it is, and what may go into an address.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi import Query as QueryParameter
from fastapi.responses import Response

from services.gateway.entrypoints.callers import Callers, signature
from services.gateway.entrypoints.changes import Changes, passed_on, streamed
from services.gateway.entrypoints.openapi import CHANGING, NOT_FOUND, PROBLEMS, SERVICE_SCHEMAS, a_file
from services.gateway.entrypoints.provider_routes import PROVIDER_ROUTES, ProviderRoute
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.list_changes import list_changes
from services.gateway.use_cases.ports import Document, Query, ServiceApi, Upload, Where
from services.gateway.use_cases.views import ChangeList
from shared.errors import Invalid, NotFound
from shared.ids import TenantId

# A file that is asked for in another form than the first.
FURTHER_FORMS = {
    "text/csv": ("application/vnd.apache.parquet", "application/json"),
    "application/pdf": ("application/xml",),
}
_PARAMETER = re.compile(r"\{(\w+)\}")
_LONGEST_QUERY_VALUE = 400
# Opening a provider or closing a period may take longer than reading.
_CHANGE_DEADLINE_SECONDS = 15.0
# A rate deck of 200,000 rows is read, judged and stored before it is answered.
_UPLOAD_DEADLINE_SECONDS = 120.0


def provider_router(callers: Callers, clients: Mapping[str, ServiceApi], changes: Changes) -> APIRouter:
    router = APIRouter(prefix="/api/v1/provider", tags=["provider"], responses=PROBLEMS)
    for route in PROVIDER_ROUTES:
        _add(router, route, callers, clients[route.service], changes)
    _add_changes(router, callers, changes)
    return router


def _add(
    router: APIRouter, route: ProviderRoute, callers: Callers, client: ServiceApi, changes: Changes
) -> None:
    who = callers.operator if route.who == "operator" else callers.provider

    async def endpoint(request: Request, person: Annotated[Person, Depends(who)]) -> Response:
        where = _where(route, person, request.path_params)
        query = _query(route, request)
        if route.streams:
            return streamed(await client.stream(where, query=query))
        body = await _body(route, request) if route.body else None
        if route.upload:
            body = _upload(route, request, await request.body())
        if route.signed and route.body:
            body = {**(body or {}), "by": signature(person)}
        elif route.signed:
            query = {**query, "by": signature(person)}

        async def act() -> Document:
            return await client.ask(
                route.method,
                where,
                query=query,
                body=body,
                deadline_seconds=_deadline_seconds(route),
            )

        if not route.changes:
            return passed_on(await act())
        tenant = request.path_params.get("tenant_id")
        return await changes.make(request, person, act, tenant_id=TenantId(UUID(tenant)) if tenant else None)

    router.add_api_route(
        route.path,
        endpoint,
        methods=[route.method],
        name=_name(route),
        summary=route.summary,
        description=f"Answered by the service {route.service}.",
        response_class=Response,
        status_code=_statuses(route)[0],
        responses={**(CHANGING if route.changes else {}), **NOT_FOUND, **_success(route)},
        openapi_extra=_documented(route),
    )


def _deadline_seconds(route: ProviderRoute) -> float | None:
    if route.upload:
        return _UPLOAD_DEADLINE_SECONDS
    return _CHANGE_DEADLINE_SECONDS if route.changes else None


def _where(route: ProviderRoute, person: Person, given: Mapping[str, str]) -> Where:
    """The service's path. Raises ``NotFound`` for an id that is none, ``Invalid`` for a malformed word."""
    if route.target is not None:
        return Where.of(*route.target.strip("/").split("/"))
    assert person.provider_id is not None
    parts: list[str | UUID] = ["v1", "providers", person.provider_id]
    for word in filter(None, route.service_path.split("/")):
        found = _PARAMETER.fullmatch(word)
        parts.append(_parameter(route, found[1], given[found[1]]) if found else word)
    return Where.of(*parts)


def _parameter(route: ProviderRoute, name: str, value: str) -> str | UUID:
    if name in route.words:
        if not re.fullmatch(route.words[name], value):
            raise Invalid(f"{name} must look like {route.words[name]}.", field=name)
        return value
    try:
        return UUID(value)
    except ValueError as error:
        raise NotFound(f"There is no such {name.removesuffix('_id')}; {value!r} is no id.") from error


def _query(route: ProviderRoute, request: Request) -> Query:
    for name in request.query_params:
        if name not in route.query and name != "provider":
            raise Invalid(
                f"{name} is no parameter of this route; it knows {', '.join(route.query) or 'none'}.",
                field=name,
            )
    picked: dict[str, str | int | None] = {name: request.query_params.get(name) for name in route.query}
    for name, value in picked.items():
        if value is not None and len(str(value)) > _LONGEST_QUERY_VALUE:
            raise Invalid(f"{name} is too long.", field=name)
    return picked


async def _body(route: ProviderRoute, request: Request) -> Any:
    raw = await request.body()
    try:
        body = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The body is no JSON ({error}); correct it and send again.", field="body") from error
    wanted = list if route.body_is_list else dict
    if not isinstance(body, wanted):
        raise Invalid(f"The body must be a JSON {'array' if route.body_is_list else 'object'}.", field="body")
    return body


def _upload(route: ProviderRoute, request: Request, content: bytes) -> Upload:
    assert route.upload is not None
    given = request.headers.get("content-type", route.upload).partition(";")[0].strip().lower()
    if given != route.upload:
        raise Invalid(f"Send this as {route.upload}, not as {given}.", field="Content-Type")
    if not content:
        raise Invalid(f"The body is empty; send the file as {route.upload}.", field="body")
    return Upload(request.headers.get("content-type", route.upload), content)


def _name(route: ProviderRoute) -> str:
    words = re.sub(r"[{}]", "", route.path).strip("/").replace("/", "_").replace("-", "_")
    return f"{route.method.lower()}_provider_{words}".rstrip("_")


def _statuses(route: ProviderRoute) -> list[int]:
    """With which the service answers when it does what was asked; the usual one first."""
    known = SERVICE_SCHEMAS["routes"].get(f"{route.method} {route.path}")
    return sorted((int(one) for one in known["answers"]), reverse=True) if known else [200]


def _success(route: ProviderRoute) -> dict[int | str, dict[str, Any]]:
    if route.path.endswith("/pdf"):
        return a_file("application/pdf")
    if route.streams:
        return a_file(route.streams, *FURTHER_FORMS.get(route.streams, ()))
    known = SERVICE_SCHEMAS["routes"].get(f"{route.method} {route.path}", {"answers": {"200": None}})
    return {
        int(status): {"description": "Done."}
        if status == "204"
        else {
            "description": f"As the service {route.service} answers.",
            "content": {"application/json": {"schema": schema or {}}},
        }
        for status, schema in known["answers"].items()
    }


def _documented(route: ProviderRoute) -> dict[str, Any]:
    """Path and query parameters and the body, which FastAPI cannot read off the generic endpoint."""
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^({route.words[name]})$"}
            if name in route.words
            else {"type": "string", "format": "uuid"},
        }
        for name in _PARAMETER.findall(route.path)
    ]
    parameters += [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": {"type": "string", "maxLength": _LONGEST_QUERY_VALUE},
        }
        for name in route.query
    ]
    extra: dict[str, Any] = {"parameters": parameters}
    if route.body:
        plain = {"type": "array", "items": {"type": "object"}} if route.body_is_list else {"type": "object"}
        known = SERVICE_SCHEMAS["routes"].get(f"{route.method} {route.path}", {})
        schema = known.get("body") or plain
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if route.upload:
        extra["requestBody"] = {"required": True, "content": {route.upload: {"schema": {"type": "string"}}}}
    return extra


def _add_changes(router: APIRouter, callers: Callers, changes: Changes) -> None:
    @router.get("/changes", summary="What was changed through this interface, and by whom")
    async def get_changes(
        person: Annotated[Person, Depends(callers.provider)],
        cursor: Annotated[UUID | None, QueryParameter(description="`next` of the page before")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> ChangeList:
        """Newest first."""
        assert person.provider_id is not None
        return await list_changes(changes.open_work, person.provider_id, before=cursor, limit=limit)
