"""Stripe's silence and refusals as answers of ours."""

from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from services.payments.use_cases.ports import GatewayRefused, GatewayUnreachable
from shared.errors import Unavailable


@asynccontextmanager
async def _asking_stripe() -> Any:
    """Stripe's silence becomes a 503 that says that nothing was saved or charged."""
    try:
        yield
    except GatewayUnreachable as error:
        raise Unavailable(
            "The payment service cannot be reached now. Nothing was changed; try again in a minute."
        ) from error
    except GatewayRefused as error:
        raise Unavailable(
            "The payment service refused this. Nothing was changed; tell your provider if it happens again."
        ) from error


def asking_stripe() -> AbstractAsyncContextManager[None]:
    made: AbstractAsyncContextManager[None] = _asking_stripe()
    return made
