"""The gate's memory: every tenant's line, found by tenant id, SIP domain or account code. Answers touch nothing else."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.suspension.domain.gate import Line
from shared.ids import ProviderId, TenantId

_PART = 200
_MOST_CALL_BACKS = 10_000
# A UUID has 32 digits at least; most names are shorter, and an exception for each costs more than the look-up.
_SHORTEST_ID = 32


@dataclass(frozen=True, slots=True)
class Entry:
    """A line and the names, lower case, under which a switch may ask for it besides the tenant's id."""

    line: Line
    sip_domain: str
    account_codes: tuple[str, ...] = ()


class _Names:
    """Who has a name of one kind within a provider.

    Invoicing gives a name to one tenant only. Should two hold it all the same, the open tenant has it before a closed
    one, and the older before the younger (as in usage), whatever was heard last. One holder is kept bare: with
    100,000 tenants every tuple counts.
    """

    def __init__(self) -> None:
        self._holders: dict[ProviderId, dict[str, Line | tuple[Line, ...]]] = {}

    def find(self, provider_id: ProviderId, name: str) -> Line | None:
        of_provider = self._holders.get(provider_id)
        held = of_provider.get(name) if of_provider else None
        return held[0] if isinstance(held, tuple) else held

    def add(self, line: Line, name: str) -> None:
        of_provider = self._holders.setdefault(line.provider_id, {})
        others = [one for one in _as_tuple(of_provider.get(name)) if one.tenant_id != line.tenant_id]
        if others:
            of_provider[name] = tuple(sorted((*others, line), key=lambda one: (one.closed, one.tenant_id)))
        else:
            of_provider[name] = line

    def remove(self, line: Line, name: str) -> None:
        of_provider = self._holders.get(line.provider_id, {})
        left = tuple(one for one in _as_tuple(of_provider.get(name)) if one.tenant_id != line.tenant_id)
        if left:
            of_provider[name] = left[0] if len(left) == 1 else left
        else:
            of_provider.pop(name, None)


def _as_tuple(held: Line | tuple[Line, ...] | None) -> tuple[Line, ...]:
    return held if isinstance(held, tuple) else () if held is None else (held,)


class GateMemory:
    """Written by the feed alone, in whole steps, so that a reader between two steps sees one state."""

    def __init__(self, *, real_time: Callable[[], float] = time.time) -> None:
        self.loaded = False
        self._real_time = real_time
        self._entries: dict[TenantId, Entry] = {}
        self._domains = _Names()
        self._codes = _Names()
        self._reachable: dict[ProviderId, frozenset[str]] = {}
        self._call_back_until: dict[TenantId, float] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, provider_id: ProviderId, name: str) -> Line | None:
        """The provider's tenant with this id, else SIP domain, else account code; another provider's is None."""
        line = self._with_id(provider_id, name)
        if line is not None:
            return line
        wanted = name.lower()
        return self._domains.find(provider_id, wanted) or self._codes.find(provider_id, wanted)

    def _with_id(self, provider_id: ProviderId, name: str) -> Line | None:
        if len(name) < _SHORTEST_ID:
            return None
        try:
            entry = self._entries.get(TenantId(UUID(name)))
        except ValueError:
            return None
        return entry.line if entry is not None and entry.line.provider_id == provider_id else None

    def reachable(self, provider_id: ProviderId) -> frozenset[str]:
        """Numbers in E.164 that barred tenants of the provider may call."""
        return self._reachable.get(provider_id, frozenset())

    def line(self, tenant_id: TenantId) -> Line | None:
        entry = self._entries.get(tenant_id)
        return entry.line if entry is not None else None

    def calls_back(self, tenant_id: TenantId) -> bool:
        """Whether the emergency centre may call the tenant back. Real time, as emergencies know no test clock."""
        until = self._call_back_until.get(tenant_id)
        return until is not None and self._real_time() < until

    def note_emergency(self, tenant_id: TenantId, until: float) -> None:
        """``until`` in seconds since 1970. Those that are over are forgotten on the way."""
        now = self._real_time()
        if len(self._call_back_until) > _MOST_CALL_BACKS:
            self._call_back_until = {one: at for one, at in self._call_back_until.items() if at > now}
        if until > now:
            self._call_back_until[tenant_id] = max(until, self._call_back_until.get(tenant_id, 0.0))

    def known(self, entry: Entry) -> Entry:
        """The very entry that is held already where nothing changed, so that a reload makes no new objects."""
        held = self._entries.get(entry.line.tenant_id)
        return held if held == entry else entry

    async def replace(self, entries: Sequence[Entry], reachable: dict[ProviderId, frozenset[str]]) -> None:
        """Everything anew: built aside in parts, while calls are answered, and put in place at once."""
        by_id: dict[TenantId, Entry] = {}
        domains, codes = _Names(), _Names()
        for start in range(0, len(entries), _PART):
            for entry in entries[start : start + _PART]:
                by_id[entry.line.tenant_id] = entry
                _add_names(entry, domains, codes)
            await asyncio.sleep(0)
        self._entries, self._domains, self._codes, self._reachable = by_id, domains, codes, reachable
        self.loaded = True

    def update(self, entries: Iterable[Entry], reachable: dict[ProviderId, frozenset[str]]) -> None:
        """Some tenants and providers anew; the others stay."""
        for entry in entries:
            known = self._entries.get(entry.line.tenant_id)
            if known is not None:
                self._forget_names(known)
            self._entries[entry.line.tenant_id] = entry
            _add_names(entry, self._domains, self._codes)
        self._reachable.update(reachable)

    def _forget_names(self, entry: Entry) -> None:
        self._domains.remove(entry.line, entry.sip_domain)
        for code in entry.account_codes:
            self._codes.remove(entry.line, code)


def _add_names(entry: Entry, domains: _Names, codes: _Names) -> None:
    if entry.sip_domain:
        domains.add(entry.line, entry.sip_domain)
    for code in entry.account_codes:
        codes.add(entry.line, code)
