"""Liveness and readiness that tell the truth: ready means database migrated and reachable, broker connected."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse

# Answers None when all is well, else what is wrong.
Check = Callable[[], Awaitable[str | None]]
CHECK_SECONDS = 2.0


async def _answer(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def health_router(checks: Mapping[str, Check], notes: Mapping[str, Check]) -> APIRouter:
    """``/health/live`` says that the process answers; ``/health/ready`` runs the checks (503 when one fails).

    ``notes`` are shown beside the checks but do not make a service unready.
    """
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/ready")
    async def ready() -> JSONResponse:
        names = [*checks, *notes]
        answers = await asyncio.gather(*(_answer(check) for check in (*checks.values(), *notes.values())))
        found = dict(zip(names, answers, strict=True))
        failed = [name for name in checks if found[name] is not None]
        body = {
            "status": "unready" if failed else "ready",
            "checks": {name: answer or "ok" for name, answer in found.items()},
        }
        return JSONResponse(body, status_code=503 if failed else 200)

    return router
