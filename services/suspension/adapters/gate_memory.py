"""The gate's memory: every tenant's line, found by tenant id, SIP domain or account code. Answers touch nothing else."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.suspension.domain.gate import Line
from shared.ids import ProviderId, TenantId

_PART = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """A line and the names under which a switch may ask for it, lower case."""

    line: Line
    names: tuple[str, ...]


class GateMemory:
    """Written by the feed alone, in whole steps, so that a reader between two steps sees one state."""

    def __init__(self) -> None:
        self.loaded = False
        self._entries: dict[TenantId, Entry] = {}
        self._by_name: dict[tuple[ProviderId, str], TenantId] = {}
        self._reachable: dict[ProviderId, frozenset[str]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, provider_id: ProviderId, name: str) -> Line | None:
        """The provider's tenant with this id, SIP domain or account code; another provider's is None."""
        tenant_id = self._by_name.get((provider_id, name.lower()))
        if tenant_id is None:
            try:
                tenant_id = TenantId(UUID(name))
            except ValueError:
                return None
        entry = self._entries.get(tenant_id)
        return entry.line if entry is not None and entry.line.provider_id == provider_id else None

    def reachable(self, provider_id: ProviderId) -> frozenset[str]:
        """Numbers in E.164 that barred tenants of the provider may call."""
        return self._reachable.get(provider_id, frozenset())

    def known(self, entry: Entry) -> Entry:
        """The very entry that is held already where nothing changed, so that a reload makes no new objects."""
        held = self._entries.get(entry.line.tenant_id)
        return held if held == entry else entry

    async def replace(self, entries: Sequence[Entry], reachable: dict[ProviderId, frozenset[str]]) -> None:
        """Everything anew: built aside in parts, while calls are answered, and put in place at once."""
        by_id: dict[TenantId, Entry] = {}
        by_name: dict[tuple[ProviderId, str], TenantId] = {}
        for start in range(0, len(entries), _PART):
            for entry in entries[start : start + _PART]:
                line = entry.line
                by_id[line.tenant_id] = entry
                for name in entry.names:
                    by_name[(line.provider_id, name)] = line.tenant_id
            await asyncio.sleep(0)
        self._entries, self._by_name, self._reachable = by_id, by_name, reachable
        self.loaded = True

    def update(self, entries: Iterable[Entry], reachable: dict[ProviderId, frozenset[str]]) -> None:
        """Some tenants and providers anew; the others stay."""
        for entry in entries:
            self._forget_names(entry.line.tenant_id)
            self._entries[entry.line.tenant_id] = entry
            for name in entry.names:
                self._by_name[(entry.line.provider_id, name)] = entry.line.tenant_id
        self._reachable.update(reachable)

    def _forget_names(self, tenant_id: TenantId) -> None:
        known = self._entries.get(tenant_id)
        if known is None:
            return
        for name in known.names:
            key = (known.line.provider_id, name)
            # Another tenant may have taken the name over meanwhile.
            if self._by_name.get(key) == tenant_id:
                del self._by_name[key]
