"""A provider begins."""

from services.invoicing.domain.catalogue import Provider
from services.invoicing.use_cases.announcements import about_provider
from services.invoicing.use_cases.ports import Work
from shared.errors import Conflict


async def add_provider(work: Work, provider: Provider) -> None:
    """Raises ``Conflict`` when the slug is taken: the id is derived from it."""
    if not await work.providers.add(provider):
        raise Conflict(f"There is already a provider {provider.slug!r}; choose another slug.", field="slug")
    work.emit(about_provider(provider), time=await work.now(provider.provider_id))
