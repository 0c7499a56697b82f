"""Who am I, who bills me, does my phone work: what every view needs."""

import asyncio
from dataclasses import dataclass

import phonenumbers

from services.gateway.domain.brand import DARK, LIGHT, BrandColours, Ground, brand_colours
from services.gateway.use_cases import answers
from services.gateway.use_cases.attempt import Away, Found, attempt
from services.gateway.use_cases.ports import Invoicing, Suspension, Whose
from services.gateway.use_cases.views import (
    Colours,
    ProviderView,
    ServiceState,
    Session,
    StripeView,
    TenantView,
    ThemeColours,
)
from shared.errors import Invalid
from shared.ids import ProviderId

# Shown when a provider's colour cannot be used: Tollgate's own.
_PLAIN = "#0F5C9C"


@dataclass(frozen=True, slots=True)
class Person:
    """The bearer of the token, as far as the session shows it."""

    subject: str
    name: str
    email: str | None
    roles: tuple[str, ...]
    provider_id: ProviderId | None
    whose: Whose | None

    @property
    def may_see_billing(self) -> bool:
        return "tenant_admin" in self.roles and self.whose is not None


async def compose_session(
    invoicing: Invoicing, suspension: Suspension, person: Person, stripe: StripeView
) -> Session:
    """Never fails because a service is away: what is missing is null."""
    provider, tenant, standing = await asyncio.gather(
        _maybe_provider(invoicing, person),
        _maybe_tenant(invoicing, person),
        _maybe_standing(suspension, person),
    )
    return make_session(person, provider, tenant, standing, stripe)


def make_session(
    person: Person,
    provider: Found[answers.Provider] | Away | None,
    tenant: Found[answers.Tenant] | Away | None,
    standing: Found[answers.Standing] | Away | None,
    stripe: StripeView,
) -> Session:
    """From answers that have come. A tenant user gets neither addresses nor money (R60)."""
    billed = tenant.value if isinstance(tenant, Found) else None
    admin = person.may_see_billing
    return Session(
        subject=person.subject,
        name=person.name,
        email=person.email,
        roles=person.roles,
        may_see_billing=admin,
        tenant=TenantView(
            tenant_id=billed.tenant_id,
            name=billed.name,
            billing_email=billed.billing_email if admin else None,
        )
        if billed
        else None,
        provider=provider_view(provider.value) if isinstance(provider, Found) else None,
        locale=billed.locale if billed else "en-US",
        time_zone=billed.time_zone if billed else "UTC",
        currency=provider.value.currency if isinstance(provider, Found) and admin else None,
        service=service_state(standing) if person.whose else None,
        stripe=stripe if admin else None,
    )


def provider_view(provider: answers.Provider) -> ProviderView:
    return ProviderView(
        provider_id=provider.provider_id,
        name=provider.brand.name,
        legal_name=provider.legal_name,
        logo=_logo(provider.brand.logo),
        colours=ThemeColours(
            light=_colours(provider.brand.colour, LIGHT), dark=_colours(provider.brand.colour, DARK)
        ),
        billing_email=provider.billing_email,
        support_phone=provider.support_phone,
        support_phone_shown=_readable(provider.support_phone),
        country=provider.country,
    )


def service_state(standing: Found[answers.Standing] | Away | None) -> ServiceState:
    if not isinstance(standing, Found):
        return ServiceState(suspended=None)
    known = standing.value
    return ServiceState(
        suspended=known.suspended,
        since=known.since if known.suspended else None,
        outbound=known.works_now.outbound,
        inbound=known.works_now.inbound,
    )


def _readable(number: str) -> str:
    """+12125550100 as +1 212-555-0100; a number that cannot be read stays as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    shown: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown


def _logo(logo: str | None) -> str | None:
    """Only pictures carried in the address itself: the page loads nothing from elsewhere (CSP img-src)."""
    return logo if logo and logo.startswith("data:image/") else None


def _colours(colour: str, ground: Ground) -> Colours:
    try:
        made: BrandColours = brand_colours(colour, ground)
    except Invalid:
        made = brand_colours(_PLAIN, ground)
    return Colours(fill=made.fill, on_fill=made.on_fill, line=made.line, link=made.link, tint=made.tint)


async def _maybe_provider(invoicing: Invoicing, person: Person) -> Found[answers.Provider] | Away | None:
    return await attempt(invoicing.provider(person.provider_id)) if person.provider_id else None


async def _maybe_tenant(invoicing: Invoicing, person: Person) -> Found[answers.Tenant] | Away | None:
    return await attempt(invoicing.tenant(person.whose)) if person.whose else None


async def _maybe_standing(suspension: Suspension, person: Person) -> Found[answers.Standing] | Away | None:
    return await attempt(suspension.standing(person.whose)) if person.whose else None
