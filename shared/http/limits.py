"""A limit on request bodies, enforced while they are read and not only by what Content-Length claims."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.problems import problem


class _TooLarge(Exception):
    pass


class BodyLimit:
    """ASGI middleware: a body over ``limit_bytes`` is refused with 413; paths that begin as ``larger`` says may have
    more."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int, larger: Mapping[str, int] | None = None) -> None:
        self.app = app
        self._limit_bytes = limit_bytes
        self._larger = tuple((larger or {}).items())

    def _limit_of(self, path: str) -> int:
        return next((limit for start, limit in self._larger if path.startswith(start)), self._limit_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        refusal = problem(
            413,
            "too-large",
            f"The body is over {limit} bytes; send less at a time, and a picture in fewer pixels.",
        )
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > limit:
            await refusal(scope, receive, send)
            return
        read = 0
        answered = False

        async def counting_receive() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > limit:
                    raise _TooLarge
            return message

        async def noting_send(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, counting_receive, noting_send)
        except _TooLarge:
            if not answered:
                await refusal(scope, receive, send)
