"""A provider's portal that holds the Billing page as an element: an example, and what the browser test plays on.

The portal is another origin than the gateway: the gateway has to name it in PORTAL_ORIGINS.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

FOLDER = Path(__file__).parent


def build_portal(session: Callable[[], tuple[str, str]]) -> FastAPI:
    """The portal's files, and what a real one would get from its ``session``: the gateway's address and a token."""
    app = FastAPI()

    @app.middleware("http")
    async def add_policy(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        gateway, _ = session()
        # What an embedding host has to allow, and no more.
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'self' {gateway} http://127.0.0.1:* https://js.stripe.com; style-src 'self'; "
            f"img-src data:; connect-src 'self' {gateway}; frame-src http://127.0.0.1:* https://js.stripe.com"
        )
        return response

    @app.get("/portal.json")
    async def get_session() -> dict[str, str]:
        gateway, token = session()
        return {"gateway": gateway, "token": token}

    @app.get("/portal.css")
    async def get_style() -> FileResponse:
        return FileResponse(FOLDER / "portal.css")

    @app.get("/portal.js")
    async def get_script() -> FileResponse:
        return FileResponse(FOLDER / "portal.js", media_type="text/javascript")

    @app.get("/")
    async def get_page() -> FileResponse:
        return FileResponse(FOLDER / "index.html")

    return app
