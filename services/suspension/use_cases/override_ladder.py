"""What the provider decides by hand: it wins over the ladder, has a reason, and is audited."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.suspension.domain.account import ids
from services.suspension.use_cases.ports import AuditEntry, Override, OverrideKind, SuspensionWork
from services.suspension.use_cases.recompute_standing import recompute_standing
from services.suspension.use_cases.show_standing import tenant_of
from shared.errors import Conflict, Invalid
from shared.ids import ProviderId, TenantId, new_id

LONGEST = timedelta(days=366)
# What a new decision ends. A promise is about money and leaves a suspension by hand as it is.
_ENDS: dict[OverrideKind, tuple[OverrideKind, ...]] = {
    "suspend": ("suspend", "unsuspend", "hold", "promise"),
    "unsuspend": ("suspend", "unsuspend"),
    "hold": ("suspend", "hold"),
    "promise": ("promise",),
}


async def override_ladder(
    work: SuspensionWork,
    provider_id: ProviderId,
    tenant_id: TenantId,
    kind: OverrideKind,
    *,
    reason: str,
    by: str,
    until: datetime | None,
) -> None:
    """``suspend``: both directions are barred until ``until`` or until somebody unsuspends; paying does not help.
    ``unsuspend``: service is given back; the invoices open now lead to no suspension before ``until`` (None: ever).
    ``hold``: nothing is reminded or suspended. ``promise``: like unsuspend, and ``until`` is a must.

    Raises ``NotFound``, ``Invalid`` (until), ``Conflict`` (unsuspend of who is not suspended, a promise on nothing).
    """
    await work.lock_tenant(tenant_id)
    await tenant_of(work, provider_id, tenant_id)
    now = await work.now(provider_id)
    _check_until(kind, until, now)
    invoices = [i for i in (await work.ledger.account(tenant_id)).invoices if i.is_open]
    if kind == "promise" and not invoices:
        raise Conflict("There is no open invoice that a promise could cover.")
    if kind == "unsuspend":
        row = await work.standings.get(tenant_id)
        if row is None or not row.stage.barred:
            raise Conflict("The tenant is not suspended; use hold to keep it from being suspended.")
    await work.ledger.end_overrides(tenant_id, _ENDS[kind], now)
    covered = ids(invoices) if kind in ("unsuspend", "promise") else None
    # To unsuspend who owes nothing only ends the suspension by hand.
    if kind != "unsuspend" or invoices:
        await work.ledger.add_override(
            Override(new_id(), tenant_id, provider_id, kind, now, until, covered, reason, by)
        )
    await _audit_and_look(work, provider_id, tenant_id, kind, reason, by, until)


async def release_ladder(
    work: SuspensionWork, provider_id: ProviderId, tenant_id: TenantId, *, reason: str, by: str
) -> None:
    """Ends a hold, a promise and an unsuspend; the ladder goes on where it stood. Raises ``Conflict``: none holds."""
    await work.lock_tenant(tenant_id)
    await tenant_of(work, provider_id, tenant_id)
    now = await work.now(provider_id)
    ending: Sequence[OverrideKind] = ("hold", "promise", "unsuspend")
    if not await work.ledger.end_overrides(tenant_id, ending, now):
        raise Conflict("There is no hold, promise or unsuspension to release.")
    await _audit_and_look(work, provider_id, tenant_id, "release", reason, by, None)


async def _audit_and_look(
    work: SuspensionWork,
    provider_id: ProviderId,
    tenant_id: TenantId,
    action: str,
    reason: str,
    by: str,
    until: datetime | None,
) -> None:
    now = await work.now(provider_id)
    details = {"until": until.isoformat() if until else None}
    entry = AuditEntry(now, work.system_now(), action, by, reason, details)
    await work.audit.add(provider_id, tenant_id, entry)
    await recompute_standing(work, tenant_id)


def _check_until(kind: OverrideKind, until: datetime | None, now: datetime) -> None:
    if until is None:
        if kind == "promise":
            raise Invalid("Say until when the tenant promised to pay.", field="until")
        return
    if not now < until <= now + LONGEST:
        raise Invalid(
            f"Give an instant after {now.isoformat()} and within {LONGEST.days} days.", field="until"
        )
