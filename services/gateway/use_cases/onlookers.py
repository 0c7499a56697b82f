"""The Billing pages that are open now, and what they are told."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from services.gateway.domain.live import ALL_SECTIONS, Section, stale_sections
from shared.ids import ProviderId, TenantId


@dataclass(slots=True, eq=False)
class Looking:
    """One open page. Changes that come faster than it reads are put together, so it can never fall behind."""

    provider_id: ProviderId
    tenant_id: TenantId
    subject: str
    _stale: set[Section] = field(default_factory=set)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, sections: Iterable[Section]) -> None:
        self._stale |= set(sections)
        if self._stale:
            self._woken.set()

    async def next(self) -> list[Section]:
        """Waits for the next change; the sections it touched, sorted."""
        await self._woken.wait()
        self._woken.clear()
        stale, self._stale = self._stale, set()
        return sorted(stale)


class Onlookers:
    """The open pages by tenant."""

    def __init__(self) -> None:
        self._by_tenant: dict[TenantId, set[Looking]] = {}

    def add(self, looking: Looking) -> None:
        self._by_tenant.setdefault(looking.tenant_id, set()).add(looking)

    def remove(self, looking: Looking) -> None:
        same = self._by_tenant.get(looking.tenant_id, set())
        same.discard(looking)
        if not same:
            self._by_tenant.pop(looking.tenant_id, None)

    def of_person(self, looking: Looking) -> int:
        """How many pages the same person has open."""
        same = self._by_tenant.get(looking.tenant_id, set())
        return sum(one.subject == looking.subject for one in same)

    def changed(self, provider_id: ProviderId, tenants: Collection[TenantId], event_type: str) -> None:
        """Tells the pages of these tenants; without tenants, all pages of the provider."""
        sections = stale_sections(event_type)
        found = (
            [one for tenant in tenants for one in self._by_tenant.get(tenant, ())]
            if tenants
            else [one for same in self._by_tenant.values() for one in same]
        )
        for one in found:
            if one.provider_id == provider_id:
                one.tell(sections)

    def all_may_have_changed(self) -> None:
        """Events may have been missed: everybody looks again."""
        for same in self._by_tenant.values():
            for one in same:
                one.tell(ALL_SECTIONS)
