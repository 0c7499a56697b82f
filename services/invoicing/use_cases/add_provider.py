"""An operator adds a provider."""

from services.invoicing.use_cases.announce import provider_changed
from services.invoicing.use_cases.ports import Provider, Work
from shared.errors import Conflict


async def add_provider(work: Work, provider: Provider) -> None:
    """Raises ``Conflict`` when the slug is taken."""
    now = await work.now(provider.provider_id)
    if not await work.catalogue.add_provider(provider, now):
        raise Conflict(f"A provider {provider.slug!r} exists already; choose another slug.", field="slug")
    work.emit(provider_changed(provider), time=now)
