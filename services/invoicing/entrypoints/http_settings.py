"""Routes for a provider's settings and a tenant's tax profile."""

from collections.abc import Collection
from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Depends

from services.invoicing.domain.catalogue import Brand, Provider
from services.invoicing.entrypoints import money_shapes, shapes
from services.invoicing.entrypoints.bodies import Body
from services.invoicing.entrypoints.http_invoices import OpenWork
from services.invoicing.entrypoints.money_bodies import ProviderChangeBody, TaxProfileBody, TenantChangeBody
from services.invoicing.use_cases.change_provider import change_provider, change_tax_profile
from services.invoicing.use_cases.change_tenant import change_tenant
from shared.errors import Invalid
from shared.ids import ProviderId, TenantId

# Sent under the name that they have in a provider.
_SAME = (
    "legal_name currency country time_zone locale billing_email support_phone invoice_prefix terms_days"
    " finalisation_delay_minutes"
).split()


def settings_router(open_work: OpenWork, internal: Any) -> APIRouter:
    router = APIRouter(
        prefix="/v1/providers/{provider_id}", dependencies=[Depends(internal)], tags=["settings"]
    )

    @router.get("/settings")
    async def get_settings(provider_id: ProviderId) -> dict[str, Any]:
        async with open_work() as work:
            provider = await work.providers.get(provider_id)
            return money_shapes.settings(provider, await work.providers.card_minimums(provider_id))

    @router.patch("/settings")
    async def patch_settings(provider_id: ProviderId, body: ProviderChangeBody) -> dict[str, Any]:
        """What is left out stays; everybody is told by an event."""
        async with open_work() as work:
            await work.lock("provider", provider_id)
            changed = _changed(await work.providers.get(provider_id), body)
            minimums = {str(code): minor for code, minor in (body.card_minimums or {}).items()}
            await change_provider(
                work, changed, card_minimums=None if body.card_minimums is None else minimums
            )
            return money_shapes.settings(changed, await work.providers.card_minimums(provider_id))

    @router.patch("/tenants/{tenant_id}")
    async def patch_tenant(
        provider_id: ProviderId, tenant_id: TenantId, body: TenantChangeBody
    ) -> dict[str, Any]:
        """What is left out stays. Another ``time_zone`` holds from the next period on (R55)."""
        sent = body.model_fields_set - {"by"}
        _refuse_null(body, sent)
        values = {name: getattr(body, name) for name in sent}
        if "address" in values:
            values["address"] = tuple(values["address"])
        async with open_work() as work:
            return shapes.tenant(await change_tenant(work, provider_id, tenant_id, values, body.by))

    @router.get("/tenants/{tenant_id}/tax")
    async def get_tax(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        async with open_work() as work:
            tenant = await work.tenants.get(provider_id, tenant_id)
        return {"country": tenant.country, **asdict(tenant.tax)}

    @router.put("/tenants/{tenant_id}/tax")
    async def put_tax(provider_id: ProviderId, tenant_id: TenantId, body: TaxProfileBody) -> dict[str, Any]:
        """Region, VAT number and exemptions; the whole profile is replaced."""
        async with open_work() as work:
            tenant = await change_tax_profile(work, provider_id, tenant_id, body.profile())
        return {"country": tenant.country, **asdict(tenant.tax)}

    return router


def _refuse_null(body: Body, names: Collection[str]) -> None:
    for name in sorted(names):
        if getattr(body, name) is None:
            raise Invalid(f"{name} cannot be empty; leave it out to keep it as it is.", field=name)


def _changed(provider: Provider, body: ProviderChangeBody) -> Provider:
    """Raises ``Invalid`` for a null where something must be."""
    sent = body.model_fields_set
    _refuse_null(body, sent - {"tax_id"})
    values: dict[str, Any] = {name: getattr(body, name) for name in _SAME if name in sent}
    if "tax_id" in sent:
        values["tax_id"] = body.tax_id
    for name in ("address", "reachable_numbers"):
        if name in sent:
            values[name] = tuple(getattr(body, name))
    if body.brand is not None:
        values["brand"] = Brand(body.brand.name, body.brand.colour, body.brand.logo)
    if body.tax_rates is not None:
        values["taxes"] = tuple(one.tax() for one in body.tax_rates)
    if body.tax_registrations is not None:
        values["registrations"] = tuple(one.registration() for one in body.tax_registrations)
    if body.billing is not None:
        values["billing"] = body.billing.over(provider.billing)
    return replace(provider, **values)
