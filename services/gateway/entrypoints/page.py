"""The Billing page's files. Every view has an address of its own, and all of them start the same page."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

STATIC = Path(__file__).parents[1] / "static"


def add_page(app: FastAPI) -> None:
    """``/billing`` and what lies below it, ``/static``, and ``/`` that leads there."""

    @app.get("/", include_in_schema=False)
    async def get_root() -> RedirectResponse:
        # A browser keeps the fragment over a redirect, so a link with a token works here too.
        return RedirectResponse("/billing", status_code=307)

    @app.get("/billing", include_in_schema=False)
    @app.get("/billing/{view:path}", include_in_schema=False)
    async def get_page(view: str = "") -> FileResponse:
        return FileResponse(STATIC / "index.html", media_type="text/html; charset=utf-8")

    # Compressed here: many a provider's proxy does not, and the words are half of what is sent.
    app.mount("/static", GZipMiddleware(StaticFiles(directory=STATIC), minimum_size=500), name="static")
