"""The development token issuer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from deploy.local.tokens import ALGORITHM, AUDIENCE, ISSUER, Person, TokenIssuer

ADMIN = Person("ada", ["tenant_admin"], "prv_1", "ten_1", "Ada Admin", "ada@acme.example")


def verified(token: str, jwks_file: Path) -> dict[str, object]:
    """What a verifier that knows only the public key set reads."""
    keys = jwt.PyJWKSet.from_json(jwks_file.read_text())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(
        token,
        key,
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"require": ["exp", "iat", "nbf"]},
    )
    return claims


def test_token_is_verified_with_the_public_keys_and_carries_the_person(tmp_path: Path) -> None:
    """Every claim that the gateway decides on is there."""
    issuer = TokenIssuer(tmp_path)
    claims = verified(issuer.mint(ADMIN), issuer.jwks_file)
    told = {name: claims[name] for name in ("sub", "roles", "provider_id", "tenant_id", "name", "email")}
    assert told == {
        "sub": "ada",
        "roles": ["tenant_admin"],
        "provider_id": "prv_1",
        "tenant_id": "ten_1",
        "name": "Ada Admin",
        "email": "ada@acme.example",
    }
    assert claims["jti"]


def test_expired_token_is_refused(tmp_path: Path) -> None:
    """A token ends with its ttl."""
    issuer = TokenIssuer(tmp_path)
    token = issuer.mint(ADMIN, now=datetime.now(UTC) - timedelta(hours=2), ttl=timedelta(hours=1))
    with pytest.raises(jwt.ExpiredSignatureError):
        verified(token, issuer.jwks_file)


def test_token_outlives_a_restart_of_the_issuer(tmp_path: Path) -> None:
    """The key stays in the state folder, under the same name."""
    token = TokenIssuer(tmp_path).mint(ADMIN)
    assert verified(token, TokenIssuer(tmp_path).jwks_file)["sub"] == "ada"


def test_token_of_another_issuer_is_refused(tmp_path: Path) -> None:
    """Two state folders do not trust each other, and no private part is published."""
    mine, other = TokenIssuer(tmp_path / "mine"), TokenIssuer(tmp_path / "other")
    with pytest.raises(KeyError):
        verified(other.mint(ADMIN), mine.jwks_file)
    assert '"d"' not in mine.jwks_file.read_text()
    assert (tmp_path / "mine" / "token-key.pem").stat().st_mode & 0o777 == 0o600
