"""Who may call what. Tenant and provider come from the token, never from the request."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from services.gateway.entrypoints.rate_limit import RateLimit
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.ports import Where, Whose
from shared.errors import Forbidden, Invalid, Unauthenticated
from shared.http.auth import ROLES, Caller, TokenVerifier, requires
from shared.ids import ProviderId

PersonCheck = Callable[[Request], Awaitable[Person]]
CallerCheck = Callable[[Request], Awaitable[Caller]]

TENANT = ("tenant_admin",)
PROVIDER = ("provider_admin", "operator")
OPERATOR = ("operator",)
ANYBODY = tuple(sorted(ROLES))


def person_of(caller: Caller) -> Person:
    """The caller as the use cases know it. Only a tenant's own people belong to a tenant."""
    tenants = caller.roles & {"tenant_admin", "tenant_user"}
    whose = (
        Whose(caller.provider_id, caller.tenant_id)
        if tenants and caller.provider_id and caller.tenant_id
        else None
    )
    return Person(
        subject=caller.subject,
        name=caller.name,
        email=caller.email,
        roles=tuple(sorted(caller.roles)),
        provider_id=caller.provider_id,
        whose=whose,
    )


def _limited(check: CallerCheck, limit: RateLimit) -> CallerCheck:
    async def checked(request: Request) -> Caller:
        caller = await check(request)
        await limit.count(caller)
        return caller

    return checked


class Callers:
    """The dependencies of the routes, over one token verifier and one rate limit."""

    def __init__(self, verifier: TokenVerifier, limit: RateLimit) -> None:
        self._anybody = _limited(requires(verifier, *ANYBODY), limit)
        self._tenant = _limited(requires(verifier, *TENANT), limit)
        self._provider = _limited(requires(verifier, *PROVIDER), limit)
        self._operator = _limited(requires(verifier, *OPERATOR), limit)

    async def anybody(self, request: Request) -> Person:
        """Any valid token."""
        return person_of(await self._anybody(request))

    async def tenant_admin(self, request: Request) -> Person:
        """A tenant's admin; a tenant user gets 403 (the guide: Users don't see this)."""
        person = person_of(await self._tenant(request))
        if person.whose is None:
            raise Unauthenticated("A tenant's token must carry provider_id and tenant_id.")
        return person

    async def operator(self, request: Request) -> Person:
        return person_of(await self._operator(request))

    async def provider(
        self,
        request: Request,
        provider: Annotated[
            UUID | None, Query(description="operators only: the provider that the request is about")
        ] = None,
    ) -> Person:
        """A provider's admin for its own provider; an operator for the one that ``?provider=`` names."""
        caller = await self._provider(request)
        person = person_of(caller)
        if "operator" in caller.roles:
            chosen = provider or caller.provider_id
            if chosen is None:
                raise Invalid("Say which provider: add `?provider=<id>`.", field="provider")
            return Person(
                subject=person.subject,
                name=person.name,
                email=person.email,
                roles=person.roles,
                provider_id=ProviderId(chosen),
                whose=None,
            )
        if provider is not None and provider != caller.provider_id:
            raise Forbidden("Your token is for one provider only; leave `?provider=` out.")
        return person


def signature(person: Person) -> str:
    """Who decided, as services keep it: name and the token's subject."""
    return (
        f"{person.name} ({person.subject})"[:200] if person.name != person.subject else person.subject[:200]
    )


def tenant_path(person: Person, *more: str | UUID) -> Where:
    """A service's path below the token's tenant."""
    whose = whose_of(person)
    return Where.of("v1", "providers", whose.provider_id, "tenants", whose.tenant_id, *more)


def whose_of(person: Person) -> Whose:
    """The tenant of a person whose route has let only tenants pass."""
    if person.whose is None:
        raise Forbidden("This is for people of a tenant.")
    return person.whose
