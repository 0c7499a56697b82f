"""Tenants, their plans and numbers: who owns what, since when."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.adapters.directory_writes import (
    ADD_RESOURCES,
    BUMP,
    CLOSE_TENANT,
    KEEP_PROVIDER,
    KEEP_TENANT,
    KEEP_TENANT_PLAN,
)
from services.usage.adapters.plan_rows import KEEP_PLAN, PLAN_COLUMNS, plan_values, read_plan
from services.usage.adapters.remembered import RememberedDirectories
from services.usage.domain.placing import Directory
from services.usage.domain.tenants import PlanFrom, PlanTerms, Resource, ResourceKind, Tenant
from shared.ids import PlanId, ProviderId, TenantId

_STATE = text(
    "SELECT (SELECT version FROM directory WHERE provider_id = :provider_id) AS version,"
    " (SELECT country FROM provider WHERE provider_id = :provider_id) AS country"
)
_OWNERS = text(
    "SELECT tenant_id, lower(sip_domain) AS sip_domain, account_codes FROM tenant"
    " WHERE provider_id = :provider_id AND (lower(sip_domain) = ANY(CAST(:domains AS text[]))"
    " OR account_codes && CAST(:codes AS text[]) OR tenant_id = ANY(CAST(:ids AS uuid[])))"
    " ORDER BY tenant_id"
)
_DIDS = text(
    "SELECT tenant_id, kind, value, valid_from, valid_to FROM resource"
    " WHERE provider_id = :provider_id AND kind = 'did' AND value = ANY(CAST(:values AS text[]))"
)
_TRUNKS = text(
    "SELECT trunk.name, trunk.tenant_id FROM trunk JOIN tenant USING (tenant_id)"
    " WHERE trunk.provider_id = :provider_id AND tenant.provider_id = :provider_id"
    " AND trunk.name = ANY(CAST(:names AS text[]))"
)
_OWN = text(
    "SELECT tenant_id, kind, value, valid_from, valid_to FROM resource"
    " WHERE tenant_id = ANY(CAST(:tenants AS uuid[])) AND value = ANY(CAST(:values AS text[]))"
)
_SHARE = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended('tenant/' || one.id, 0))"
    " FROM unnest(CAST(:tenants AS text[])) WITH ORDINALITY AS one(id, position)"
)
_TENANTS = text("SELECT * FROM tenant WHERE tenant_id = ANY(CAST(:tenants AS uuid[]))")
_PLANS = text(
    f"SELECT tp.tenant_id, tp.plan_from, tp.plan_id, pv.version, {', '.join('pv.' + name for name in PLAN_COLUMNS)}"  # noqa: S608 (constants of our own, never input)
    " FROM tenant_plan tp JOIN tenant t USING (tenant_id) LEFT JOIN plan_version pv ON pv.provider_id = t.provider_id"
    " AND pv.plan_id = tp.plan_id AND pv.version = tp.plan_version"
    " WHERE tp.tenant_id = ANY(CAST(:tenants AS uuid[])) ORDER BY tp.tenant_id, tp.plan_from"
)


def _resource(row: Any) -> Resource:
    kind: ResourceKind = "did" if row["kind"] == "did" else "extension"
    return Resource(TenantId(row["tenant_id"]), kind, row["value"], row["valid_from"], row["valid_to"])


def _terms(row: Any) -> PlanTerms | None:
    return None if row["version"] is None else read_plan(row)


class SqlDirectory:
    """The directory in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection, remembered: RememberedDirectories) -> None:
        self._connection = connection
        self._remembered = remembered

    async def _rows(self, statement: Any, **values: Any) -> list[Any]:
        return list((await self._connection.execute(statement, values)).mappings())

    # -- asking -------------------------------------------------------------------------------------------------

    async def state(self, provider_id: ProviderId) -> tuple[int, str | None]:
        """(Version of the provider's directory, 0 for an unknown provider; its country if that is known)."""
        rows = await self._rows(_STATE, provider_id=provider_id)
        return int(rows[0]["version"] or 0), rows[0]["country"]

    async def look_up(
        self,
        provider_id: ProviderId,
        version: int,
        *,
        domains: Collection[str],
        account_codes: Collection[str],
        tenant_ids: Collection[UUID],
        dids: Collection[str],
        trunks: Collection[str] = (),
    ) -> Directory:
        """What a batch of records asks for. Of two tenants with one domain or code the older one has it.

        ``version`` is the directory's as this transaction read it before: what is remembered of it is not read again.
        """
        known = self._remembered.of(provider_id, version)
        new = (
            set(domains) - known.domains.keys(),
            set(account_codes) - known.codes.keys(),
            set(tenant_ids) - known.ids.keys(),
            set(dids) - known.dids.keys(),
            set(trunks) - known.trunks.keys(),
        )
        if any(new):
            known.add(await self._read_new(provider_id, *new), *new)
        return Directory(
            {one: found for one in domains if (found := known.domains[one]) is not None},
            {one: found for one in account_codes if (found := known.codes[one]) is not None},
            frozenset(one for one in tenant_ids if known.ids[one]),
            {one: held for one in dids if (held := known.dids[one])},
            {one: found for one in trunks if (found := known.trunks[one]) is not None},
        )

    async def _read_new(
        self,
        provider_id: ProviderId,
        domains: Collection[str],
        account_codes: Collection[str],
        tenant_ids: Collection[UUID],
        dids: Collection[str],
        trunks: Collection[str],
    ) -> Directory:
        owners = (
            await self._rows(
                _OWNERS,
                provider_id=provider_id,
                domains=list(domains),
                codes=list(account_codes),
                ids=list(tenant_ids),
            )
            if domains or account_codes or tenant_ids
            else []
        )
        held: dict[str, list[Resource]] = defaultdict(list)
        if dids:
            for row in await self._rows(_DIDS, provider_id=provider_id, values=list(dids)):
                held[row["value"]].append(_resource(row))
        by_domain: dict[str, TenantId] = {}
        by_code: dict[str, TenantId] = {}
        for row in owners:
            by_domain.setdefault(row["sip_domain"], TenantId(row["tenant_id"]))
            for code in row["account_codes"]:
                by_code.setdefault(code, TenantId(row["tenant_id"]))
        by_trunk: dict[str, TenantId] = {}
        if trunks:
            for row in await self._rows(_TRUNKS, provider_id=provider_id, names=list(trunks)):
                by_trunk[row["name"]] = TenantId(row["tenant_id"])
        known = frozenset(row["tenant_id"] for row in owners)
        return Directory(by_domain, by_code, known, held, by_trunk)

    async def share(self, tenants: Collection[TenantId]) -> None:
        """Keeps periods of these tenants from being metered until this transaction ends; others may record."""
        if tenants:
            await self._connection.execute(_SHARE, {"tenants": sorted(str(one) for one in tenants)})

    async def tenants_now(
        self, provider_id: ProviderId, version: int, wanted: Collection[TenantId]
    ) -> tuple[int, dict[TenantId, Tenant]]:
        """(Version, these tenants), to be asked under their shared locks: as they are now, whatever was remembered.

        Whoever changes a tenant or its numbers holds its lock and counts the version up in the same transaction, so a
        version that is the same under the lock says that nothing has changed since.
        """
        if not wanted:
            return version, {}
        version, _ = await self.state(provider_id)
        known = self._remembered.of(provider_id, version)
        new = set(wanted) - known.tenants.keys()
        if new:
            known.tenants |= await self.tenants(new)
        return version, {one: known.tenants[one] for one in wanted if one in known.tenants}

    async def tenants(self, wanted: Collection[TenantId]) -> dict[TenantId, Tenant]:
        plans: dict[UUID, list[PlanFrom]] = defaultdict(list)
        for row in await self._rows(_PLANS, tenants=list(wanted)):
            plans[row["tenant_id"]].append(PlanFrom(row["plan_from"], _terms(row)))
        return {
            TenantId(row["tenant_id"]): Tenant(
                provider_id=ProviderId(row["provider_id"]),
                tenant_id=TenantId(row["tenant_id"]),
                country=row["country"],
                zone=ZoneInfo(row["time_zone"]),
                opened_on=row["opened_on"],
                trial_ends_on=row["trial_ends_on"],
                closed_on=row["closed_on"],
                plans=plans[row["tenant_id"]],
                anchor_day=row["anchor_day"],
            )
            for row in await self._rows(_TENANTS, tenants=list(wanted))
        }

    async def own_resources(
        self, provider_id: ProviderId, version: int, wanted: Mapping[TenantId, Collection[str]]
    ) -> dict[TenantId, dict[str, list[Resource]]]:
        """Extensions and DIDs of tenants by value, for the values asked for; ``version`` read under their locks."""
        known = self._remembered.of(provider_id, version)
        new = {
            tenant_id: missing
            for tenant_id, values in wanted.items()
            if (missing := set(values) - known.own.setdefault(tenant_id, {}).keys())
        }
        if new:
            values = sorted(set().union(*new.values()))
            rows = await self._rows(_OWN, tenants=list(new), values=values)
            for tenant_id, missing in new.items():
                known.own[tenant_id] |= {value: [] for value in missing}
            for row in rows:
                tenant_id, value = TenantId(row["tenant_id"]), row["value"]
                if value in new[tenant_id]:
                    known.own[tenant_id][value].append(_resource(row))
            known.size += sum(map(len, new.values()))
        return {
            tenant_id: {value: held for value in values if (held := known.own[tenant_id][value])}
            for tenant_id, values in wanted.items()
        }

    async def plan(self, provider_id: ProviderId, plan_id: PlanId, version: int) -> PlanTerms | None:
        rows = await self._rows(
            text(
                "SELECT * FROM plan_version WHERE provider_id = :provider_id AND plan_id = :plan_id AND version = :version"
            ),
            provider_id=provider_id,
            plan_id=plan_id,
            version=version,
        )
        return _terms(rows[0]) if rows else None

    async def resources_of(self, tenant_id: TenantId, start: datetime, end: datetime) -> list[Resource]:
        """All that was provisioned at some time in ``[start, end)``."""
        rows = await self._rows(
            text(
                "SELECT tenant_id, kind, value, valid_from, valid_to FROM resource WHERE tenant_id = :tenant_id"
                " AND valid_from < :end AND (valid_to IS NULL OR valid_to > :start)"
            ),
            tenant_id=tenant_id,
            start=start,
            end=end,
        )
        return [_resource(row) for row in rows]

    async def resources_with(
        self, provider_id: ProviderId, kind: str, values: Collection[str]
    ) -> list[Resource]:
        """Every interval of these values within the provider, the oldest first."""
        rows = await self._rows(
            text(
                "SELECT tenant_id, kind, value, valid_from, valid_to FROM resource WHERE provider_id = :provider_id"
                " AND kind = :kind AND value = ANY(CAST(:values AS text[])) ORDER BY valid_from"
            ),
            provider_id=provider_id,
            kind=kind,
            values=list(values),
        )
        return [_resource(row) for row in rows]

    # -- keeping --------------------------------------------------------------------------------------------------

    async def _write(self, statement: Any, values: Any) -> None:
        # What this transaction reads from now on may never be committed: nobody else is to remember it.
        self._remembered = RememberedDirectories()
        await self._connection.execute(statement, values)

    async def changed(self, provider_id: ProviderId) -> None:
        """What could not be placed before this transaction may be placed after it."""
        await self._write(BUMP, {"provider_id": provider_id})

    async def keep_provider(
        self,
        provider_id: ProviderId,
        *,
        country: str,
        time_zone: str,
        changed_at: datetime,
        sent_at: datetime,
    ) -> None:
        await self._write(
            KEEP_PROVIDER,
            {
                "provider_id": provider_id,
                "country": country,
                "time_zone": time_zone,
                "changed_at": changed_at,
                "sent_at": sent_at,
            },
        )

    async def keep_tenant(
        self,
        tenant: Tenant,
        *,
        sip_domain: str,
        account_codes: Sequence[str],
        changed_at: datetime,
        sent_at: datetime,
    ) -> None:
        await self._write(
            KEEP_TENANT,
            {
                "tenant_id": tenant.tenant_id,
                "provider_id": tenant.provider_id,
                "country": tenant.country,
                "time_zone": tenant.zone.key,
                "sip_domain": sip_domain.lower(),
                "account_codes": list(account_codes),
                "opened_on": tenant.opened_on,
                "trial_ends_on": tenant.trial_ends_on,
                "anchor_day": tenant.anchor_day,
                "changed_at": changed_at,
                "sent_at": sent_at,
            },
        )

    async def keep_tenant_plan(
        self,
        tenant_id: TenantId,
        *,
        plan_from: date,
        plan_id: PlanId,
        plan_version: int,
        changed_at: datetime,
        sent_at: datetime,
    ) -> None:
        await self._write(
            KEEP_TENANT_PLAN,
            {
                "tenant_id": tenant_id,
                "plan_from": plan_from,
                "plan_id": plan_id,
                "plan_version": plan_version,
                "changed_at": changed_at,
                "sent_at": sent_at,
            },
        )

    async def close_tenant(self, provider_id: ProviderId, tenant_id: TenantId, closed_on: date) -> bool:
        """False: the tenant is not known here."""
        self._remembered = RememberedDirectories()
        rows = await self._rows(
            CLOSE_TENANT, provider_id=provider_id, tenant_id=tenant_id, closed_on=closed_on
        )
        return bool(rows)

    async def keep_plan(self, provider_id: ProviderId, terms: PlanTerms) -> None:
        """A version never changes: the first one kept stays."""
        await self._write(KEEP_PLAN, plan_values(provider_id, terms))

    async def add_resources(self, provider_id: ProviderId, resources: Sequence[Resource]) -> None:
        await self._write(
            ADD_RESOURCES,
            [
                {
                    "tenant_id": one.tenant_id,
                    "kind": one.kind,
                    "value": one.value,
                    "valid_from": one.valid_from,
                    "valid_to": one.valid_to,
                    "provider_id": provider_id,
                }
                for one in resources
            ],
        )

    async def end_resource(self, resource: Resource, at: datetime) -> None:
        await self._write(
            text(
                "UPDATE resource SET valid_to = :at WHERE tenant_id = :tenant_id AND kind = :kind AND value = :value"
                " AND valid_from = :valid_from"
            ),
            {
                "at": at,
                "tenant_id": resource.tenant_id,
                "kind": resource.kind,
                "value": resource.value,
                "valid_from": resource.valid_from,
            },
        )
