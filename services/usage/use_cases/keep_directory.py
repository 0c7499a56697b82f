"""Follow invoicing's facts about providers, tenants and plans; the newest wins, in whatever order they come."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.usage.domain.rating import Override
from services.usage.domain.tenants import Bundle, PlanTerms, Tenant
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.re_rate_calls import re_rate_batch
from services.usage.use_cases.watch_limits import review_limits
from shared.errors import Transient
from shared.events.envelope import Envelope
from shared.events.invoicing import PlanChanged, ProviderChanged, TenantChanged, TenantClosed, TenantOpened
from shared.ids import PlanId, TenantId


async def keep_provider(work: UsageWork, event: ProviderChanged, envelope: Envelope) -> None:
    """The provider's country reads numbers that no tenant is known for yet."""
    await work.directory.keep_provider(
        event.provider_id,
        country=event.country,
        time_zone=event.time_zone,
        changed_at=envelope.time,
        sent_at=envelope.sent_at,
    )
    await work.directory.changed(event.provider_id)


async def keep_tenant(work: UsageWork, event: TenantOpened | TenantChanged, envelope: Envelope) -> None:
    """The tenant's data, and the plan in force from ``plan_from`` on."""
    await work.lock_tenant(event.tenant_id)
    tenant = Tenant(
        provider_id=event.provider_id,
        tenant_id=event.tenant_id,
        country=event.country,
        zone=ZoneInfo(event.time_zone),
        opened_on=event.opened_on,
        trial_ends_on=event.trial_ends_on,
        closed_on=None,
        plans=(),
        anchor_day=event.anchor_day,
    )
    await work.directory.keep_tenant(
        tenant,
        sip_domain=event.sip_domain,
        account_codes=event.account_codes,
        changed_at=envelope.time,
        sent_at=envelope.sent_at,
    )
    await work.directory.keep_tenant_plan(
        event.tenant_id,
        plan_from=event.plan_from,
        plan_id=event.plan_id,
        plan_version=event.plan_version,
        changed_at=envelope.time,
        sent_at=envelope.sent_at,
    )
    await work.directory.changed(event.provider_id)
    await _rate_by_plans(work, event.tenant_id, event.plan_from)
    await review_limits(work, event.provider_id, event.tenant_id)


_CALLS_AT_ONCE = 2000
_FOREVER = date(9999, 1, 1)


async def _rate_by_plans(work: UsageWork, tenant_id: TenantId, since: date) -> None:
    """Calls of days on which another plan turns out to hold are rated again (R8), whichever event came first.

    Ended periods have said which plan held in them, and change by a re-rating alone.
    """
    tenant = (await work.directory.tenants([tenant_id]))[tenant_id]
    ended = await work.periods.last_end(tenant_id)
    start = since if ended is None else max(since, ended)
    wrong = [
        row.day
        for row in await work.lines.of_period(tenant_id, start, _FOREVER)
        if (terms := tenant.terms_on(row.day)) is not None and terms.key != row.plan
    ]
    if not wrong:
        return
    after: tuple[datetime, UUID] | None = None
    while True:
        batch = await re_rate_batch(
            work,
            tenant,
            tenant.terms_on,
            min(wrong),
            max(wrong) + timedelta(days=1),
            after=after,
            limit=_CALLS_AT_ONCE,
        )
        after = batch.after
        if after is None:
            return


async def close_tenant(work: UsageWork, event: TenantClosed) -> None:
    """Calls after the day of closing are kept and not billed; that day itself still is (R23)."""
    await work.lock_tenant(event.tenant_id)
    if not await work.directory.close_tenant(event.provider_id, event.tenant_id, event.closed_on):
        raise Transient(f"tenant {event.tenant_id} is not known yet")
    await work.directory.changed(event.provider_id)


async def keep_plan(work: UsageWork, event: PlanChanged) -> None:
    """A plan's version: what it includes, its minimum and increment, its prices."""
    await work.directory.keep_plan(
        event.provider_id,
        PlanTerms(
            plan_id=PlanId(event.plan_id),
            version=event.version,
            minimum_seconds=event.minimum_seconds,
            increment_seconds=event.increment_seconds,
            included_minutes=event.included_minutes,
            price_per_minute=event.price_per_minute,
            class_prices=dict(event.class_prices_per_minute),
            rated_by_deck=event.rated_by_deck,
            deck=event.deck,
            class_terms={
                name: Override(
                    one.price_per_minute, one.connect_fee, one.minimum_seconds, one.increment_seconds
                )
                for name, one in event.class_terms.items()
            },
            bundles=tuple(
                Bundle(one.bundle, one.classes, one.minutes, one.per_extension, one.pooled)
                for one in event.bundles
            ),
            counts=event.counts,
            spend_alert_minor=event.spend_alert_minor,
            spend_limit_minor=event.spend_limit_minor,
            currency=event.currency,
        ),
    )
    await work.directory.changed(event.provider_id)
    await review_limits(work, event.provider_id, None)
