"""Provision and release extensions and DIDs, with times; ended periods that they touch are metered again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.usage.domain.tenants import Resource, ResourceKind, Tenant
from services.usage.use_cases.ports import Numbering, UsageWork
from shared.clock import local_date
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import ProviderId, TenantId

MOST_RESOURCES = 2000


@dataclass(frozen=True, slots=True)
class Provision:
    """An extension or DID asked for in ``[valid_from, valid_to)``."""

    kind: ResourceKind
    value: str
    valid_from: datetime
    valid_to: datetime | None


async def get_tenant(work: UsageWork, provider_id: ProviderId, tenant_id: TenantId) -> Tenant:
    """Raises ``NotFound`` also for another provider's tenant: the two look the same from outside."""
    tenant = (await work.directory.tenants([tenant_id])).get(tenant_id)
    if tenant is None or tenant.provider_id != provider_id:
        raise NotFound("There is no such tenant.", field="tenant_id")
    return tenant


async def provision_resources(
    work: UsageWork,
    numbering: Numbering,
    provider_id: ProviderId,
    tenant_id: TenantId,
    wanted: Sequence[Provision],
) -> list[Resource]:
    """Adds all or none; what is there already, with the same times, is left as it is.

    Raises ``Invalid`` for a number that is none, ``Conflict`` when a value is held at that time already.
    """
    await work.lock_tenant(tenant_id)
    tenant = await get_tenant(work, provider_id, tenant_id)
    asked = [_resource(numbering, tenant, one, position) for position, one in enumerate(wanted)]
    # A DID is one tenant's within its provider: two provisions of one number must see each other.
    await work.lock("dids", provider_id)
    held: dict[tuple[str, str], list[Resource]] = {}
    for kind in ("did", "extension"):
        values = {one.value for one in asked if one.kind == kind}
        for found in await work.directory.resources_with(provider_id, kind, values) if values else []:
            if kind == "did" or found.tenant_id == tenant_id:
                held.setdefault((kind, found.value), []).append(found)
    new: list[Resource] = []
    for position, one in enumerate(asked):
        others = held.setdefault((one.kind, one.value), [])
        if one in others:
            continue
        if any(_overlap(one, other) for other in others):
            raise Conflict(
                f"{one.kind} {one.value} is provisioned at that time already; release it first.",
                field=f"{position}.value",
            )
        others.append(one)
        new.append(one)
    if new:
        await work.directory.add_resources(provider_id, new)
        await work.periods.mark_dirty_since(tenant_id, _day(min(one.valid_from for one in new), tenant))
        await work.directory.changed(provider_id)
    return asked


async def release_resource(
    work: UsageWork,
    numbering: Numbering,
    provider_id: ProviderId,
    tenant_id: TenantId,
    kind: ResourceKind,
    value: str,
    at: datetime | None,
) -> Resource:
    """Ends the provision of a value at an instant (now when None). Raises ``NotFound`` when it is not held then."""
    await work.lock_tenant(tenant_id)
    tenant = await get_tenant(work, provider_id, tenant_id)
    ends = at or await work.now(provider_id)
    wanted = (numbering.e164(value, tenant.country) or value) if kind == "did" else value
    for held in await work.directory.resources_with(provider_id, kind, [wanted]):
        if held.tenant_id != tenant_id:
            continue
        if held.valid_to == ends:
            return held
        if held.holds_at(ends):
            await work.directory.end_resource(held, ends)
            await work.periods.mark_dirty_since(tenant_id, _day(ends, tenant))
            await work.directory.changed(provider_id)
            return Resource(tenant_id, kind, wanted, held.valid_from, ends)
    raise NotFound(f"The tenant has no {kind} {wanted} at that time.", field="value")


def _day(at: datetime, tenant: Tenant) -> date:
    return local_date(at, tenant.zone)


def _overlap(one: Resource, other: Resource) -> bool:
    begins = max(one.valid_from, other.valid_from)
    return all(end is None or begins < end for end in (one.valid_to, other.valid_to))


def _resource(numbering: Numbering, tenant: Tenant, wanted: Provision, position: int) -> Resource:
    value = wanted.value.strip()
    if wanted.kind == "did":
        number = numbering.e164(value, tenant.country)
        if number is None:
            raise Invalid(
                f"{value!r} is no telephone number; write a DID as +15552000100.", field=f"{position}.value"
            )
        value = number
    if wanted.valid_to is not None and wanted.valid_to <= wanted.valid_from:
        raise Invalid("`to` must be later than `from`.", field=f"{position}.to")
    return Resource(tenant.tenant_id, wanted.kind, value, wanted.valid_from, wanted.valid_to)
