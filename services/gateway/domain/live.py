"""Which sections of the Billing page an event makes stale, and the hub that tells those who look."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from shared.ids import ProviderId, TenantId

Section = str
ALL_SECTIONS: frozenset[Section] = frozenset(
    {"balance", "subscription", "usage", "methods", "invoices", "payments", "standing"}
)
# Beginnings of event types, the longest that fits counts. What is not named changes nothing on the page.
_STALE: dict[str, frozenset[Section]] = {
    "invoicing.invoice.": frozenset({"balance", "invoices", "standing"}),
    "invoicing.credit_note.": frozenset({"balance", "invoices", "payments"}),
    "invoicing.tenant.": frozenset({"subscription", "usage"}),
    "invoicing.clock.": ALL_SECTIONS,
    "invoicing.provider.": ALL_SECTIONS,
    "payments.payment.": frozenset({"balance", "invoices", "payments", "standing"}),
    "payments.refund.": frozenset({"balance", "payments"}),
    "payments.payment_plan.": frozenset({"balance", "standing"}),
    "payments.method.": frozenset({"methods"}),
    "payments.auto_pay.": frozenset({"methods", "balance"}),
    "suspension.": frozenset({"standing", "balance", "subscription"}),
    "usage.calls.": frozenset({"usage"}),
    "usage.threshold.": frozenset({"usage", "standing"}),
}
# Beginnings of event types to listen for, as routing keys of a topic exchange.
ROUTING_KEYS = tuple(f"{start}#" for start in _STALE)


def stale_sections(event_type: str) -> frozenset[Section]:
    """The sections that show something else after this event."""
    fitting = [start for start in _STALE if event_type.startswith(start)]
    return _STALE[max(fitting, key=len)] if fitting else frozenset()


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
