"""The development token issuer: stands in for a provider's identity service on one machine.

python -m deploy.local.tokens keys --folder .run
python -m deploy.local.tokens mint --folder .run --sub ada --role tenant_admin --provider-id P --tenant-id T
"""

import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import jwt
import typer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

ISSUER = "tollgate-development"
AUDIENCE = "tollgate"
ALGORITHM = "ES256"
DEFAULT_TTL = timedelta(hours=12)


@dataclass(frozen=True)
class Person:
    """Who a token speaks for. A provider's own staff has no tenant."""

    sub: str
    roles: Sequence[str]
    provider_id: str
    tenant_id: str | None = None
    name: str = ""
    email: str = ""


class TokenIssuer:
    """Signs with a key that stays in its state folder, so that tokens outlive a restart of the stack."""

    def __init__(self, state: Path) -> None:
        self._folder = state
        self._folder.mkdir(parents=True, exist_ok=True)
        self._key = self._load_or_make_key()
        self._kid = self._public_jwk()["kid"]
        self._publish({"keys": [self._public_jwk()]})

    @property
    def jwks_file(self) -> Path:
        """The public key set that the gateway checks tokens with (TOLLGATE_AUTH_JWKS)."""
        return self._folder / "jwks.json"

    def mint(self, person: Person, *, now: datetime | None = None, ttl: timedelta = DEFAULT_TTL) -> str:
        """A signed token for a person.

        Claims: iss, aud, exp, iat, nbf, sub, jti, roles, provider_id, tenant_id, name, email.
        """
        issued = now or datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": issued,
            "nbf": issued,
            "exp": issued + ttl,
            "sub": person.sub,
            "jti": str(uuid.uuid4()),
            "roles": list(person.roles),
            "provider_id": person.provider_id,
            "tenant_id": person.tenant_id,
            "name": person.name,
            "email": person.email,
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._kid})

    def _publish(self, keys: dict[str, list[dict[str, str]]]) -> None:
        """Public, so readable by services that run as other users; left alone when it is true already."""
        text = json.dumps(keys, indent=1) + "\n"
        if not self.jwks_file.exists() or self.jwks_file.read_text() != text:
            self.jwks_file.write_text(text)
            self.jwks_file.chmod(0o644)

    def renew(self, token: str, *, ttl: timedelta = DEFAULT_TTL) -> str:
        """A token of ours, expired or not, with the same claims and a new life. Raises jwt.PyJWTError for another's."""
        claims = jwt.decode(
            token,
            self._key.public_key(),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"verify_exp": False},
        )
        now = datetime.now(UTC)
        lively = {**claims, "iat": now, "nbf": now, "exp": now + ttl, "jti": str(uuid.uuid4())}
        return jwt.encode(lively, self._key, algorithm=ALGORITHM, headers={"kid": self._kid})

    def _load_or_make_key(self) -> ec.EllipticCurvePrivateKey:
        file = self._folder / "token-key.pem"
        if file.exists():
            key = serialization.load_pem_private_key(file.read_bytes(), password=None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise ValueError(f"{file} holds no elliptic-curve key: remove it, and a new one is made")
            return key
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(pem)
        return key

    def _public_jwk(self) -> dict[str, str]:
        public: dict[str, str] = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        # The same key has the same name in every start: a verifier may cache it.
        kid = uuid.uuid5(uuid.NAMESPACE_URL, public["x"] + public["y"])
        return {**public, "kid": str(kid), "use": "sig", "alg": ALGORITHM}


app = typer.Typer(no_args_is_help=True, add_completion=False)
Folder = Annotated[Path, typer.Option(help="where the key and jwks.json are")]


@app.command()
def keys(folder: Folder) -> None:
    """Make a key and publish it in jwks.json, unless the folder has them."""
    if not (folder / "jwks.json").exists():
        TokenIssuer(folder)


@app.command()
def mint(
    folder: Folder,
    sub: Annotated[str, typer.Option(help="who the token speaks for")],
    provider_id: Annotated[str, typer.Option(help="the provider whose data it opens")],
    role: Annotated[list[str], typer.Option(help="may be repeated")],
    tenant_id: Annotated[str | None, typer.Option(help="the tenant, for a tenant's people")] = None,
    hours: Annotated[int, typer.Option(min=1, help="how long it is valid")] = 12,
) -> None:
    """Print a token."""
    typer.echo(
        TokenIssuer(folder).mint(Person(sub, role, provider_id, tenant_id), ttl=timedelta(hours=hours))
    )


if __name__ == "__main__":
    app()
