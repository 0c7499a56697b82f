"""Calls to the gateway: one key for every change however often it is sent, pages followed, problems as sentences."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import uuid4

import httpx

from tollgate.errors import ClientError, Refused
from tollgate.settings import ClientSettings

ROOT = "/api/v1/provider"
TRIES = 4
# Pauses before the second, third and fourth try, unless the gateway names one.
PAUSES_SECONDS = (0.5, 2.0, 5.0)
LONGEST_PAUSE_SECONDS = 65.0
MOST_PAGES = 10_000
_PIECE = 64 * 1024
# A rate deck of 200,000 rows is judged before it is answered.
_TIMEOUT = httpx.Timeout(150.0, connect=5.0)
# Too many requests, or a service is away: the same request may succeed later.
_LATER = (429, 503)

Query = Mapping[str, object]
Told = Callable[[int], None]


class Api:
    """One gateway for one person. ``rest`` waits between tries; tests pass their own."""

    def __init__(
        self,
        settings: ClientSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        address, token = settings.check()
        self._rest = rest
        self._provider = settings.provider
        self._root = address + ROOT
        self._host = httpx.URL(address).host
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
            transport=transport,
            # A redirect would carry the token elsewhere.
            follow_redirects=False,
        )

    def get(self, template: str, *, query: Query | None = None, **ids: object) -> Any:
        return self._document(self._ask("GET", template, ids, query))

    def pages(
        self,
        template: str,
        *,
        rows: str,
        query: Query | None = None,
        most: int | None = None,
        **ids: object,
    ) -> dict[str, Any]:
        """The answer with ``rows`` of all pages, or of as many as hold ``most`` rows; ``next`` is where it stopped."""
        asked: dict[str, object] = dict(query or {})
        whole: dict[str, Any] = self.get(template, query=asked, **ids)
        for _ in range(MOST_PAGES):
            cursor = whole.get("next")
            if not cursor or (most is not None and len(whole[rows]) >= most):
                break
            page = self.get(template, query={**asked, "cursor": cursor}, **ids)
            whole[rows] += page[rows]
            whole["next"] = page.get("next") if page.get("next") != cursor else None
        if most is not None:
            whole[rows] = whole[rows][:most]
        return whole

    def post(self, template: str, body: object = None, *, query: Query | None = None, **ids: object) -> Any:
        return self._document(self._ask("POST", template, ids, query, body=body))

    def put(self, template: str, body: object, *, query: Query | None = None, **ids: object) -> Any:
        return self._document(self._ask("PUT", template, ids, query, body=body))

    def patch(self, template: str, body: object, **ids: object) -> Any:
        return self._document(self._ask("PATCH", template, ids, None, body=body))

    def delete(self, template: str, *, query: Query | None = None, **ids: object) -> Any:
        return self._document(self._ask("DELETE", template, ids, query))

    def upload(
        self,
        template: str,
        file: Path,
        media_type: str,
        told: Told,
        *,
        query: Query | None = None,
        **ids: object,
    ) -> Any:
        """Sends a file piece by piece; ``told`` hears how many bytes have gone, from 0 at each try."""
        size = file.stat().st_size

        def content() -> Iterator[bytes]:
            gone = 0
            told(gone)
            with file.open("rb") as source:
                while piece := source.read(_PIECE):
                    yield piece
                    gone += len(piece)
                    told(gone)

        headers = {"Content-Type": media_type, "Content-Length": str(size)}
        return self._document(self._ask("POST", template, ids, query, content=content, headers=headers))

    def download(self, template: str, to: BinaryIO, *, query: Query | None = None, **ids: object) -> int:
        """Writes an answer as it comes; how many bytes."""
        request = self._http.build_request("GET", self._path(template, ids), params=self._params(query))
        try:
            answer = self._http.send(request, stream=True)
            try:
                if answer.status_code != 200:
                    answer.read()
                    raise self._refused(answer)
                return sum(to.write(piece) for piece in answer.iter_bytes())
            finally:
                answer.close()
        except httpx.HTTPError as error:
            raise self._away(error) from error

    def _ask(
        self,
        method: str,
        template: str,
        ids: Mapping[str, object],
        query: Query | None,
        *,
        body: object = None,
        content: Callable[[], Iterator[bytes]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Tries again what was not answered or may succeed later; a change always under the same Idempotency-Key."""
        sent = dict(headers or {})
        if method != "GET":
            sent["Idempotency-Key"] = str(uuid4())
        path, params = self._path(template, ids), self._params(query)
        for place in range(TRIES):
            last = place == TRIES - 1
            try:
                answer = self._http.request(
                    method,
                    path,
                    params=params,
                    json=body if content is None and body is not None else None,
                    content=content() if content else None,
                    headers=sent,
                )
            except httpx.HTTPError as error:
                if last:
                    raise self._away(error, changing=method != "GET") from error
                self._rest(PAUSES_SECONDS[place])
                continue
            if answer.is_success:
                return answer
            if answer.status_code not in _LATER or last:
                raise self._refused(answer)
            self._rest(_pause(answer, PAUSES_SECONDS[place]))
        raise AssertionError("the last try returns or raises")

    def _path(self, template: str, ids: Mapping[str, object]) -> str:
        return self._root + template.format(
            **{name: quote(str(value), safe="") for name, value in ids.items()}
        )

    def _params(self, query: Query | None) -> dict[str, str]:
        given = {**(query or {}), "provider": self._provider}
        return {name: _word(value) for name, value in given.items() if value is not None}

    def _document(self, answer: httpx.Response) -> Any:
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise ClientError(
                f"What answered at {self._host} is no Tollgate gateway: its answer is no JSON."
            ) from error

    def _refused(self, answer: httpx.Response) -> ClientError:
        try:
            problem = answer.json()
        except ValueError:
            problem = None
        if not isinstance(problem, dict):
            problem = {"detail": f"{self._host} gave no problem document; is this the gateway?"}
        return Refused(answer.status_code, problem)

    def _away(self, error: httpx.HTTPError, *, changing: bool = False) -> ClientError:
        after = (
            " Whether the change was made is not known: look before you send it again." if changing else ""
        )
        what = type(error).__name__
        return ClientError(f"The gateway at {self._host} does not answer ({what}).{after}")


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pause(answer: httpx.Response, otherwise: float) -> float:
    try:
        return min(max(float(answer.headers["retry-after"]), 0.0), LONGEST_PAUSE_SECONDS)
    except (KeyError, ValueError):
        return otherwise
