"""Tokens: whose they are, for whom, by which key, and for how long; keys that change while we run."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared.errors import Unauthenticated, Unavailable
from shared.http.auth import TokenVerifier

ISSUER, AUDIENCE = "https://issuer.example", "tollgate"


@dataclass
class Issuer:
    """Keys by id, what it publishes, how often it was asked, and whether it is away."""

    keys: dict[str, Any] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    away: bool = False

    def publish(self, kid: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.keys[kid] = key
        self.published.append(
            {**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": kid, "alg": "ES256"}
        )

    def token(self, kid: str, *, key: Any = None, algorithm: str = "ES256", **changed: Any) -> str:
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "ada",
            "iat": now,
            "exp": now + timedelta(minutes=5),
            "roles": ["operator"],
        }
        claims = {name: value for name, value in (claims | changed).items() if value is not None}
        return jwt.encode(claims, key or self.keys[kid], algorithm=algorithm, headers={"kid": kid})


@dataclass
class Watch:
    now: float = 0.0


class Verifier(TokenVerifier):
    """Reads the issuer above instead of an address."""

    def __init__(self, issuer: Issuer, now: Callable[[], float]) -> None:
        super().__init__(issuer=ISSUER, audience=AUDIENCE, jwks="https://issuer.example/jwks", now=now)
        self.issuer = issuer

    async def _fetch(self) -> dict[str, Any]:
        self.issuer.asked += 1
        if self.issuer.away:
            raise httpx.ConnectError("away")
        return {"keys": self.issuer.published}


@pytest.fixture
def issuer() -> Issuer:
    made = Issuer()
    made.publish("one")
    return made


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def verifier(issuer: Issuer, watch: Watch) -> Verifier:
    return Verifier(issuer, lambda: watch.now)


async def test_a_good_token_is_taken_and_keys_are_read_once(verifier: Verifier, issuer: Issuer) -> None:
    """Further tokens by a known key ask nobody."""
    for _ in range(5):
        assert (await verifier.verify(issuer.token("one"))).subject == "ada"
    assert issuer.asked == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://somebody.example"},
        {"aud": "another-service"},
        {"aud": None},
        {"iss": None},
        {"exp": None},
        {"sub": None},
        {"nbf": datetime.now(UTC) + timedelta(hours=1)},
        {"roles": "operator"},
        {"roles": ["tenant_admin"]},
        {"provider_id": "not-a-uuid"},
    ],
)
async def test_claims_that_do_not_hold(verifier: Verifier, issuer: Issuer, changed: dict[str, Any]) -> None:
    """Issuer, audience, expiry and subject must be there and ours; a tenant's token says whose it is."""
    with pytest.raises(Unauthenticated):
        await verifier.verify(issuer.token("one", **changed))


async def test_a_new_key_is_read_when_it_is_first_seen(
    verifier: Verifier, issuer: Issuer, watch: Watch
) -> None:
    """Rotation: the issuer signs with a new key at once; the old one holds until it is taken out."""
    await verifier.verify(issuer.token("one"))
    issuer.publish("two")
    watch.now = 6
    assert (await verifier.verify(issuer.token("two"))).subject == "ada"
    assert issuer.asked == 2
    await verifier.verify(issuer.token("one"))
    issuer.published.pop(0)
    watch.now = 6 + 301
    await verifier.verify(issuer.token("two"))
    with pytest.raises(Unauthenticated, match="does not publish"):
        await verifier.verify(issuer.token("one"))


async def test_made_up_key_ids_do_not_flood_the_issuer(
    verifier: Verifier, issuer: Issuer, watch: Watch
) -> None:
    """A hundred of them within five seconds are one look, and known keys stay quick."""
    await verifier.verify(issuer.token("one"))
    watch.now = 6
    for number in range(100):
        with pytest.raises(Unauthenticated):
            await verifier.verify(issuer.token(f"made-up-{number}", key=issuer.keys["one"]))
    assert issuer.asked == 2


async def test_an_issuer_that_is_away(verifier: Verifier, issuer: Issuer, watch: Watch) -> None:
    """Known keys go on holding, also when it is time to read again; unknown ones are a 503, and it is asked once in
    five seconds."""
    issuer.away = True
    for _ in range(10):
        with pytest.raises(Unavailable):
            await verifier.verify(issuer.token("one"))
    assert issuer.asked == 1
    issuer.away, watch.now = False, 6
    await verifier.verify(issuer.token("one"))
    issuer.away, watch.now = True, 400
    for _ in range(10):
        assert (await verifier.verify(issuer.token("one"))).subject == "ada"
    assert issuer.asked == 3


async def test_the_tokens_header_chooses_no_algorithm(verifier: Verifier, issuer: Issuer) -> None:
    """`none`, a shared secret made of the public key, and another key type's algorithm are refused."""
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "eve",
        "iat": now,
        "exp": now + timedelta(hours=1),
        "roles": [],
    }
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": "one"})
    head, body, _ = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "one"}).split(".")
    forged = ".".join((head, body, base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("=")))
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    by_rsa = issuer.token("one", key=other, algorithm="RS256")
    for token in (unsigned, forged, by_rsa, "a.b.c", "", "x" * 9000):
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)


async def test_symmetric_and_nameless_keys_are_not_taken(verifier: Verifier, issuer: Issuer) -> None:
    """An issuer that publishes a shared secret by mistake does not make everybody an issuer."""
    secret = base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")
    nameless = json.loads(RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key()))
    issuer.published += [{"kty": "oct", "k": secret, "kid": "shared", "alg": "HS256"}, nameless]
    with pytest.raises(Unauthenticated, match="does not publish"):
        await verifier.verify(issuer.token("shared", key=b"s" * 32, algorithm="HS256"))
    assert (await verifier.verify(issuer.token("one"))).subject == "ada"


@pytest.mark.parametrize(("seconds", "holds"), [(5, True), (30, False)])
async def test_clocks_may_differ_a_little(
    verifier: Verifier, issuer: Issuer, seconds: int, holds: bool
) -> None:
    """Ten seconds of leeway at both ends: just expired, and issued by a clock that is ahead."""
    now = datetime.now(UTC)
    ended = issuer.token("one", exp=now - timedelta(seconds=seconds), iat=now - timedelta(hours=1))
    ahead = issuer.token("one", iat=now + timedelta(seconds=seconds), nbf=now + timedelta(seconds=seconds))
    for token in (ended, ahead):
        if holds:
            assert (await verifier.verify(token)).subject == "ada"
        else:
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)


@pytest.mark.parametrize(
    "header", [{"jku": "https://eve.example"}, {"x5u": "https://eve.example"}, {"typ": "dpop+jwt"}]
)
async def test_headers_that_lead_elsewhere(
    verifier: Verifier, issuer: Issuer, header: dict[str, str]
) -> None:
    """A token names no place to take its key from, and is no other kind of token."""
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "eve",
        "iat": now,
        "exp": now + timedelta(hours=1),
        "roles": [],
    }
    token = jwt.encode(claims, issuer.keys["one"], algorithm="ES256", headers={"kid": "one", **header})
    with pytest.raises(Unauthenticated, match="header"):
        await verifier.verify(token)
