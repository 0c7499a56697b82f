"""HTTP answers for refusals: RFC 9457 problem details with a stable ``type`` and a sentence that says what to do."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.db.engine import is_away, is_unstorable
from shared.errors import (
    Conflict,
    Failed,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    TooMany,
    Unauthenticated,
    Unavailable,
)

log = structlog.get_logger(__name__)
TYPE_PREFIX = "https://tollgate.example/problems/"
# FastAPI's words for a body that cannot even be decoded; one that is text but no JSON is a 422 like other input.
_UNREADABLE = "There was an error parsing the body"
_STATUS: dict[type[Refusal], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooMany: 429,
    Failed: 502,
    Unavailable: 503,
}
_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many requests",
    500: "Internal error",
    502: "Bad gateway",
    503: "Temporarily unavailable",
    504: "Timed out",
}


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal: that of its nearest named class."""
    for kind in type(refusal).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return 400


def problem(
    status: int,
    slug: str,
    detail: str,
    *,
    field: str | None = None,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A problem document (``application/problem+json``)."""
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + slug,
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    if field is not None:
        body["field"] = field
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)


def refusal_response(refusal: Refusal) -> JSONResponse:
    status = status_of(refusal)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if isinstance(refusal, TooMany):
        headers = {"Retry-After": str(refusal.retry_after_seconds)}
    return problem(status, refusal.slug, refusal.message, field=refusal.field, headers=headers)


def _field(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location if part not in ("body", "query", "path", "header"))


def _words(message: str) -> str:
    """Without the validator's own prefix and the full stop that follows anyway."""
    return message.removeprefix("Value error, ").rstrip(".")


def failure_response(error: Exception, path: str) -> JSONResponse:
    """The answer to an error that nobody expected there; logged where it is our fault."""
    if is_away(error):
        log.warning("database away", path=path, error=repr(error))
        return problem(
            503,
            "unavailable",
            "A database is away; send the same request again.",
            headers={"Retry-After": "1"},
        )
    if is_unstorable(error):
        return problem(
            422,
            "invalid-input",
            "A value holds a character or a number that cannot be kept; send it without.",
        )
    log.exception("request failed", path=path, error=repr(error))
    return problem(
        500, "internal-error", "This is our fault; it has been logged. Try again or ask the operator."
    )


def http_response(error: HTTPException) -> JSONResponse:
    if error.status_code == 400 and error.detail == _UNREADABLE:
        return problem(
            422, "invalid-input", "The body is no JSON in UTF-8; correct it and send again.", field="body"
        )
    slug = _TITLES.get(error.status_code, "error").lower().replace(" ", "-")
    return problem(error.status_code, slug, str(error.detail), headers=dict(error.headers or {}))


def response_of(error: Exception, path: str) -> JSONResponse:
    """The answer to any error but those of validation, for routes below the application."""
    if isinstance(error, Refusal):
        return refusal_response(error)
    return http_response(error) if isinstance(error, HTTPException) else failure_response(error, path)


def install(app: FastAPI) -> None:
    """Every error of the application leaves as a problem document."""

    @app.exception_handler(Refusal)
    async def refused(_: Request, error: Refusal) -> JSONResponse:
        return refusal_response(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        items = [
            {"field": _field(tuple(item["loc"])), "detail": _words(item["msg"])} for item in error.errors()
        ]
        first = items[0]
        detail = f"{first['field']}: {first['detail']}" if first["field"] else str(first["detail"])
        return problem(
            422, "invalid-input", f"{detail}. Correct it and send again.", field=first["field"], errors=items
        )

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        return http_response(error)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return failure_response(error, request.url.path)
