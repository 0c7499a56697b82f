"""The public API's document: the gateway's own routes, problem answers, and how to send a token."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """One thing that is wrong with the input."""

    field: str
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details: ``type`` is stable, ``detail`` says what to do."""

    type: str = Field(examples=["https://tollgate.example/problems/not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such invoice; look at the list of invoices."])
    field: str | None = Field(None, description="the input that is wrong")
    errors: list[FieldProblem] | None = None


def _answer(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


# Answers that every route may give.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: _answer("No token, or one that does not hold."),
    403: _answer("A valid token whose role may not do this."),
    422: _answer("The input is wrong; `field` names it."),
    429: _answer("Too many requests in a minute; `Retry-After` says how many seconds to wait."),
    503: _answer("A service is away; the same request may succeed later."),
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: _answer("Unknown, or not yours: the two look the same.")}
CHANGING: dict[int | str, dict[str, Any]] = {
    409: _answer("Well-formed, but the present state does not allow it."),
    413: _answer("The body is too large."),
}


def a_file(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """The documented answer of a route that sends a file."""
    content = {one: {"schema": {"type": "string", "format": "binary"}} for one in media_types}
    return {200: {"description": "The file.", "content": content}}


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A new value for each request that you mean, the same when you repeat it: within 24 hours it is"
    " done once, and the repeat gets the first answer with `Idempotency-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}

_ABOUT = """
The one public interface of Tollgate. Send `Authorization: Bearer <token>` of the configured OIDC issuer.

Amounts are integer minor units with their ISO 4217 currency; prices and minutes are decimal strings; instants are
RFC 3339; days are the tenant's local days; periods are half-open. Lists are paged by `cursor`: send the `next` of the
page before. Another tenant's or provider's id is a 404.
"""


def install_openapi(app: FastAPI, *, public_url: str) -> None:
    """``/openapi.json``: public routes only."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, public_url)
        return app.openapi_schema

    # FastAPI's documented way to extend its document; mypy forbids replacing a method in general.
    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, public_url: str) -> dict[str, Any]:
    made = get_openapi(
        title="Tollgate API",
        version="1",
        description=_ABOUT,
        routes=app.routes,
        servers=[{"url": public_url}],
        tags=[
            {"name": "session", "description": "Who am I."},
            {"name": "billing", "description": "For tenant admins: what they owe and how they pay."},
            {"name": "provider", "description": "For provider admins, and operators with `?provider=`."},
            {"name": "health", "description": "For whoever runs the gateway."},
        ],
    )
    made["paths"] = {
        path: item for path, item in made["paths"].items() if path.startswith(("/api/", "/health/"))
    }
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for model in (Problem, FieldProblem):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }
    for path, item in made["paths"].items():
        for method, operation in item.items():
            if path.startswith("/api/"):
                operation["security"] = [{"token": []}]
                if method != "get":
                    operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    return made
