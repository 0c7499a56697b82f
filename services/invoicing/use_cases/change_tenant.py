"""A tenant's name, addresses, language or zone change, by API, and everybody is told."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.use_cases.announcements import about_tenant
from services.invoicing.use_cases.note_change import note_change
from services.invoicing.use_cases.ports import Work
from shared.clock import local_date
from shared.errors import Invalid
from shared.events.invoicing import TenantChanged
from shared.ids import ProviderId, TenantId

CHANGEABLE = frozenset("name address country locale billing_email admin_email time_zone".split())


async def change_tenant(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, values: Mapping[str, Any], by: str
) -> Tenant:
    """Changes ``CHANGEABLE`` fields; issued invoices keep what they were issued with.

    Another zone holds from the next period on (R55): the days of the running one keep the zone in which they began.
    A closed tenant has no running period, and gets it at once. Raises ``NotFound`` or ``Invalid``.
    """
    unknown = sorted(values.keys() - CHANGEABLE)
    if unknown:
        raise Invalid(f"{unknown[0]} cannot be changed; it stays as it was opened.", field=unknown[0])
    await work.lock_tenant(tenant_id)
    before = await work.tenants.get(provider_id, tenant_id)
    now = await work.now(provider_id)
    running = await work.periods.running(tenant_id)
    zone = values.get("time_zone")
    changed = replace(before, **{name: value for name, value in values.items() if name != "time_zone"})
    if zone is not None:
        waits = running is not None and zone != before.time_zone
        changed = replace(
            changed,
            time_zone=before.time_zone if running is not None else zone,
            next_time_zone=zone if waits else None,
        )
    was, now_is = asdict(before), asdict(changed)
    different = sorted(name for name in (*CHANGEABLE, "next_time_zone") if was[name] != now_is[name])
    if not different:
        return before
    await work.tenants.set_details(changed)
    today = local_date(now, before.zone)
    only_later = different == ["next_time_zone"] and running is not None
    detail = {name: {"from": was[name], "to": now_is[name]} for name in different}
    effective_on = running.span.end if only_later and running is not None else today
    await note_change(work, before, "details changed", effective_on, by, detail)
    if not only_later:
        work.emit(about_tenant(TenantChanged, changed), time=now)
    return changed


def in_next_zone(tenant: Tenant) -> Tenant:
    """As it is when its next period begins (R55)."""
    if tenant.next_time_zone is None:
        return tenant
    return replace(tenant, time_zone=tenant.next_time_zone, next_time_zone=None)
