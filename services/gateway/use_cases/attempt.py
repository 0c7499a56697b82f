"""One service's answer or the reason why it is missing: what lets a page's sections fail alone."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.gateway.use_cases.errors import Refused
from services.gateway.use_cases.views import Missing, SectionError
from shared.errors import Refusal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """The answer came."""

    value: T


@dataclass(frozen=True, slots=True)
class Away:
    """It did not; ``detail`` is a sentence for people."""

    detail: str

    def as_section(self, title: str) -> Missing:
        return Missing(error=SectionError(title=title, detail=self.detail))


Attempt = Found[T] | Away


async def attempt(asked: Awaitable[T]) -> Found[T] | Away:
    """Turns refusals of services into ``Away``; a bug of our own stays a bug."""
    try:
        return Found(await asked)
    except Refused as refused:
        return Away(refused.detail)
    except Refusal as refusal:
        return Away(refusal.message)
