"""One service's HTTP API: deadline, circuit breaker, internal token, trace context, problem documents.

The only place of the gateway that sends a request.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

import httpx
import orjson
import structlog
from pydantic import BaseModel, ValidationError

from services.gateway.adapters.breaker import Breaker
from services.gateway.use_cases.errors import Refused
from services.gateway.use_cases.ports import Document, Query, Stream, Upload, Where
from shared.errors import Failed, NotSent, Unavailable

log = structlog.get_logger(__name__)
M = TypeVar("M", bound=BaseModel)

# An export may sort before it begins.
STREAM_BEGINS_SECONDS = 27.0
LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
# 401 and 403 from a service mean that our own token is wrong: nothing that the caller could mend.
_OUR_FAULT = frozenset({400, 401, 403, 405, 413, 415})
_SAFE = frozenset({"GET", "HEAD"})
_AWAY = "The service {} is away right now; try again in a moment."


class ServiceClient:
    """Speaks to one service."""

    def __init__(
        self,
        name: str,
        base_url: str,
        http: httpx.AsyncClient,
        *,
        headers: Mapping[str, str],
        deadline_seconds: float,
        breaker: Breaker | None = None,
    ) -> None:
        self.name = name
        self._base = base_url.rstrip("/")
        self._http = http
        self._headers = dict(headers)
        self._deadline_seconds = deadline_seconds
        self.breaker = breaker or Breaker()

    # -- asking ---------------------------------------------------------------------------------------------

    async def read(self, model: type[M], where: Where, query: Query | None = None) -> M:
        """GET, as ``model``. Raises ``Refused`` or ``Unavailable``."""
        answer = await self.ask("GET", where, query=query)
        return self._understood(model, answer)

    async def change(
        self, model: type[M], method: str, where: Where, body: Any = None, *, deadline_seconds: float
    ) -> M:
        """A changing request, never repeated by us. Raises ``Refused`` or ``Unavailable``."""
        answer = await self.ask(method, where, body=body, deadline_seconds=deadline_seconds)
        return self._understood(model, answer)

    async def ask(
        self,
        method: str,
        where: Where,
        *,
        query: Query | None = None,
        body: Any = None,
        deadline_seconds: float | None = None,
    ) -> Document:
        """Any request; the answer's status, type and bytes. Raises ``Refused`` or ``Unavailable``."""
        if not self.breaker.lets_pass():
            raise NotSent(_AWAY.format(self.name))
        answer = await self._send(method, where, query, body, deadline_seconds or self._deadline_seconds)
        if answer.status_code >= 500:
            log.warning("service failed", asked=self.name, path=str(where), status=answer.status_code)
            if answer.status_code == 500:
                # Alive, and at fault with this request: nobody should send it again and again.
                self.breaker.succeeded()
                raise Failed(
                    f"The service {self.name} failed on this request; it has been logged. Ask the operator."
                )
            self.breaker.failed()
            raise self._away()
        self.breaker.succeeded()
        if answer.status_code >= 400:
            raise self._refusal(answer, where)
        return Document(
            status=answer.status_code,
            media_type=answer.headers.get("content-type", "application/json"),
            content=answer.content,
            disposition=answer.headers.get("content-disposition"),
        )

    async def _send(
        self, method: str, where: Where, query: Query | None, body: Any, deadline_seconds: float
    ) -> httpx.Response:
        request = self._request(method, where, query, body)
        tries = 2 if method in _SAFE else 1
        try:
            async with asyncio.timeout(deadline_seconds):
                while True:
                    tries -= 1
                    try:
                        return await self._read_whole(request)
                    except httpx.TransportError as error:
                        # A kept connection that a restarted service has dropped: reading again is harmless.
                        if not tries or isinstance(error, httpx.TimeoutException):
                            raise
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            self.breaker.failed()
            log.warning("service away", asked=self.name, path=str(where), error=repr(error))
            if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
                raise NotSent(_AWAY.format(self.name)) from error
            raise self._away() from error

    def _request(self, method: str, where: Where, query: Query | None, body: Any) -> httpx.Request:
        upload = body if isinstance(body, Upload) or body is None else _as_json(body)
        return self._http.build_request(
            method,
            self._base + str(where),
            params={key: str(value) for key, value in (query or {}).items() if value is not None},
            content=upload.content if upload else None,
            headers={
                **self._headers,
                "Accept": "application/json, application/problem+json, */*;q=0.5",
                **({"Content-Type": upload.media_type} if upload else {}),
            },
        )

    async def stream(self, where: Where, *, query: Query | None = None) -> Stream:
        """GET, passed on chunk by chunk; the deadline is for the beginning. Raises ``Refused`` or ``Unavailable``."""
        if not self.breaker.lets_pass():
            raise NotSent(_AWAY.format(self.name))
        request = self._request("GET", where, query, None)
        try:
            async with asyncio.timeout(self._deadline_seconds + STREAM_BEGINS_SECONDS):
                answer = await self._http.send(request, stream=True)
                if answer.status_code != 200:
                    await answer.aread()
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            self.breaker.failed()
            log.warning("service away", asked=self.name, path=str(where), error=repr(error))
            raise self._away() from error
        if answer.status_code >= 500:
            self.breaker.failed()
            raise self._away()
        self.breaker.succeeded()
        if answer.status_code != 200:
            raise self._refusal(answer, where)
        return Stream(
            status=200,
            media_type=answer.headers.get("content-type", "application/octet-stream"),
            disposition=answer.headers.get("content-disposition"),
            chunks=_chunks(answer),
        )

    async def _read_whole(self, request: httpx.Request) -> httpx.Response:
        answer = await self._http.send(request, stream=True)
        try:
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > LARGEST_ANSWER_BYTES:
                    raise httpx.DecodingError("the answer is too large", request=request)
        finally:
            await answer.aclose()
        headers = {
            name: answer.headers[name]
            for name in ("content-type", "content-disposition")
            if name in answer.headers
        }
        return httpx.Response(answer.status_code, headers=headers, content=bytes(content), request=request)

    # -- understanding ----------------------------------------------------------------------------------------

    def _understood(self, model: type[M], answer: Document) -> M:
        try:
            return model.model_validate_json(answer.content or b"{}")
        except ValidationError as error:
            places = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors())
            log.error("answer not understood", asked=self.name, model=model.__name__, places=places)
            raise Unavailable(
                f"The service {self.name} answered with something that the gateway does not understand; "
                "it has been logged. Ask the operator."
            ) from error

    def _refusal(self, answer: httpx.Response, where: Where) -> Exception:
        if answer.status_code in _OUR_FAULT:
            log.error(
                "service refused the gateway", asked=self.name, path=str(where), status=answer.status_code
            )
            return Unavailable(
                f"The gateway could not ask the service {self.name}; it has been logged. Ask the operator."
            )
        try:
            document = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict) or "detail" not in document:
            document = {"title": "Refused", "detail": f"The service {self.name} refused the request."}
        return Refused(answer.status_code, {**document, "status": answer.status_code})

    def _away(self) -> Unavailable:
        return Unavailable(_AWAY.format(self.name))


def _as_json(body: Any) -> Upload:
    return Upload("application/json", orjson.dumps(body))


async def _chunks(answer: httpx.Response) -> AsyncIterator[bytes]:
    """A reader who goes away ends the service's work as well."""
    try:
        async for chunk in answer.aiter_bytes():
            yield chunk
    finally:
        await answer.aclose()
