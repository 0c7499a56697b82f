"""What was read of the providers' directories, for as long as their versions say that nothing has changed.

Whatever changes a tenant, number, plan or trunk counts ``directory.version`` up in its own transaction. A batch reads
the version first and remembers what it then reads under it: an answer may be newer than its version, never older.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from services.usage.domain.placing import Directory
from services.usage.domain.tenants import Resource, Tenant
from shared.ids import ProviderId, TenantId

# Names, numbers and tenants of one provider; beyond, all of it is read anew.
_MOST_REMEMBERED = 100_000
_MOST_PROVIDERS = 50


@dataclass(slots=True)
class Remembered:
    """Answers of one version of a directory; None and empty lists are answers too."""

    version: int
    domains: dict[str, TenantId | None] = field(default_factory=dict)
    codes: dict[str, TenantId | None] = field(default_factory=dict)
    ids: dict[UUID, bool] = field(default_factory=dict)
    dids: dict[str, list[Resource]] = field(default_factory=dict)
    trunks: dict[str, TenantId | None] = field(default_factory=dict)
    tenants: dict[TenantId, Tenant] = field(default_factory=dict)
    own: dict[TenantId, dict[str, list[Resource]]] = field(default_factory=dict)
    size: int = 0

    def add(
        self,
        found: Directory,
        domains: Collection[str],
        codes: Collection[str],
        ids: Collection[UUID],
        dids: Collection[str],
        trunks: Collection[str],
    ) -> None:
        """Keeps the answers to what was asked, and to nothing else: who else bears a code was not looked for."""
        self.domains |= {one: found.domains.get(one) for one in domains}
        self.codes |= {one: found.account_codes.get(one) for one in codes}
        self.ids |= {one: one in found.tenant_ids for one in ids}
        self.dids |= {one: list(found.dids.get(one, ())) for one in dids}
        self.trunks |= {one: found.trunks.get(one) for one in trunks}
        self.size += len(domains) + len(codes) + len(ids) + len(dids) + len(trunks)


class RememberedDirectories:
    """One process's answers, by provider."""

    def __init__(self) -> None:
        self._by_provider: dict[ProviderId, Remembered] = {}

    def of(self, provider_id: ProviderId, version: int) -> Remembered:
        """What is remembered of this version, to be added to."""
        known = self._by_provider.get(provider_id)
        if known is None or known.version != version or known.size > _MOST_REMEMBERED:
            if len(self._by_provider) >= _MOST_PROVIDERS:
                self._by_provider.clear()
            known = self._by_provider[provider_id] = Remembered(version)
        return known
