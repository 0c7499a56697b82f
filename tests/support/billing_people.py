"""Two providers, their tenants, and tokens for everybody who may call the gateway."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from deploy.local.tokens import AUDIENCE, ISSUER, Person, TokenIssuer
from services.gateway.settings import GatewaySettings
from shared.http.auth import ROLES

KESTREL = UUID("018f0000-0000-7000-8000-00000000a001")
MARLOW = UUID("018f0000-0000-7000-8000-00000000b001")
FENWICK = UUID("018f0000-0000-7000-8000-00000000a101")
HARBOR = UUID("018f0000-0000-7000-8000-00000000b101")
INTERNAL_TOKEN = "internal-token-of-the-tests"


@dataclass(frozen=True)
class People:
    """Mints tokens. ``issuer`` signs with a key of its own per test run."""

    issuer: TokenIssuer

    def token(
        self,
        *roles: str,
        provider: UUID | None = KESTREL,
        tenant: UUID | None = FENWICK,
        name: str = "Dana Ruiz",
        ttl: timedelta = timedelta(hours=1),
    ) -> str:
        """A token with these roles. Roles of a provider carry no tenant."""
        tenants = set(roles) & {"tenant_admin", "tenant_user"}
        return self.issuer.mint(
            Person(
                sub="-".join(roles) or "nobody",
                roles=list(roles),
                provider_id=str(provider) if provider else "",
                tenant_id=str(tenant) if tenants and tenant else None,
                name=name,
                email="dana.ruiz@fenwickdental.example",
            ),
            now=datetime.now(UTC) - timedelta(minutes=1)
            if ttl > timedelta(0)
            else datetime.now(UTC) - timedelta(hours=2),
            ttl=ttl if ttl > timedelta(0) else timedelta(hours=1),
        )

    def header(
        self, *roles: str, provider: UUID | None = KESTREL, tenant: UUID | None = FENWICK
    ) -> dict[str, str]:
        """The Authorization header of such a token."""
        return {"Authorization": f"Bearer {self.token(*roles, provider=provider, tenant=tenant)}"}

    def of_each_role(self) -> dict[str, dict[str, str]]:
        """A header for each single role."""
        return {role: self.header(role) for role in sorted(ROLES)}


def gateway_settings(people: People, **changed: object) -> GatewaySettings:
    """Settings that reach nothing: the services' addresses are answered by a fake transport."""
    values: dict[str, object] = {
        "database_url": "postgresql://nobody:nothing@127.0.0.1:1/none",
        "broker_url": "amqp://nobody:nothing@127.0.0.1:1/none",
        "http_port": 0,
        "internal_token": INTERNAL_TOKEN,
        "auth_issuer": ISSUER,
        "auth_audience": AUDIENCE,
        "auth_jwks": str(people.issuer.jwks_file),
        "usage_url": "http://usage.test",
        "invoicing_url": "http://invoicing.test",
        "payments_url": "http://payments.test",
        "suspension_url": "http://suspension.test",
        "notifications_url": "http://notifications.test",
        "public_url": "http://gateway.test",
        "stripe_publishable_key": "pk_test_gateway",
        "stripe_js_url": "http://stripe.test/v3/stripe.js",
    }
    return GatewaySettings.model_validate({**values, **changed})


def make_people(folder: Path) -> People:
    """People whose tokens are signed by an issuer that keeps its key in ``folder``."""
    return People(TokenIssuer(folder))
