"""Brings the demonstration's people on stage: providers, plans, tenants, extensions, numbers, tokens."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from deploy.demo.api import Api, DemoFailed, eventually
from deploy.demo.scenario import PROVIDERS, ProviderSpec, TenantSpec
from deploy.local.tokens import Person, TokenIssuer

PROVIDER = "/api/v1/provider"
BILLING = "/api/v1/billing"
# The test clock starts before the first day, so that cards are on file when the first fee falls due.
LEAD = timedelta(hours=2)


@dataclass
class StagedTenant:
    """A tenant that exists, with its admin's and a user's way in."""

    spec: TenantSpec
    provider: "StagedProvider"
    tenant_id: str
    admin: Api
    user: Api


@dataclass
class StagedProvider:
    """A provider that exists, with its admin's and its switch's way in."""

    spec: ProviderSpec
    provider_id: str
    admin: Api
    switch_token: str
    cdrs: Api
    calls: Api
    tenants: dict[str, StagedTenant] = field(default_factory=dict)


class Stage:
    """Opens the interfaces named in ``endpoints.json`` and keeps them."""

    def __init__(self, endpoints_file: Path, providers: tuple[ProviderSpec, ...] = PROVIDERS) -> None:
        self.file = endpoints_file
        self.specs = providers
        # Mails that were there before are another playing's.
        self.began_at = time.time()
        self.endpoints: dict[str, Any] = json.loads(endpoints_file.read_text())
        self.services: dict[str, str] = self.endpoints["services"]
        self.tokens = TokenIssuer(Path(self.endpoints.get("token_issuer_folder") or endpoints_file.parent))
        self.people: dict[str, str] = {}
        self.providers: dict[str, StagedProvider] = {}
        self._open: list[Api] = []

    def api(self, service: str, token: str, *, connections: int = 20) -> Api:
        made = Api(self.services[service], token, connections=connections)
        self._open.append(made)
        return made

    def token(self, name: str, person: Person) -> str:
        self.people[name] = self.tokens.mint(person)
        return self.people[name]

    async def close(self) -> None:
        await asyncio.gather(*(one.close() for one in self._open))

    def write_tokens(self) -> None:
        """Gives every demo person a ready token in ``endpoints.json``."""
        document = {**json.loads(self.file.read_text()), "tokens": self.people}
        unfinished = self.file.with_suffix(".tmp")
        # It holds passwords and tokens: its owner alone may read it.
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(document, indent=1) + "\n")
        unfinished.rename(self.file)

    async def set(self) -> None:
        """Everything that exists before the month begins."""
        operator = self.api(
            "gateway", self.token("operator", Person(sub="operator", roles=["operator"], provider_id=""))
        )
        await asyncio.gather(*(self._provider(operator, spec) for spec in self.specs))
        self.write_tokens()

    async def _provider(self, operator: Api, spec: ProviderSpec) -> None:
        provider_id = await _create(operator, f"{PROVIDER}/providers", spec.body(), "provider_id", by="slug")
        admin_token = self.token(
            f"{spec.slug}-admin",
            Person(
                sub=f"{spec.slug}-admin",
                roles=["provider_admin"],
                provider_id=provider_id,
                name=f"{spec.name} admin",
                email=spec.billing_email,
            ),
        )
        switch_token = self.token(
            f"{spec.slug}-switch",
            Person(sub=f"{spec.slug}-switch-1", roles=["switch"], provider_id=provider_id),
        )
        admin = self.api("gateway", admin_token)
        staged = StagedProvider(
            spec=spec,
            provider_id=provider_id,
            admin=admin,
            switch_token=switch_token,
            cdrs=self.api("usage", switch_token, connections=64),
            calls=self.api("suspension", switch_token),
        )
        self.providers[spec.slug] = staged
        await admin.put(f"{PROVIDER}/test-clock", {"now": (spec.starts - LEAD).isoformat()})
        await self._stripe_account(spec.stripe_account)
        await admin.put(f"{PROVIDER}/stripe-account", {"stripe_account": spec.stripe_account})
        plans: dict[str, str] = {}
        for tenant in spec.tenants:
            if tenant.plan.name not in plans:
                body = tenant.plan.body(spec.currency)
                plans[tenant.plan.name] = await _create(
                    admin, f"{PROVIDER}/plans", body, "plan_id", by="name"
                )
            await self._tenant(staged, tenant, plans[tenant.plan.name])

    async def _stripe_account(self, account: str) -> None:
        """With the simulator a connected account has to be made first; with real Stripe it was made by onboarding."""
        simulator = self.endpoints["stripe_simulator"]
        if simulator is not None:
            api = Api(simulator, "")
            await api.put(f"/_simulator/accounts/{account}", {})
            await api.close()

    async def _tenant(self, provider: StagedProvider, spec: TenantSpec, plan_id: str) -> None:
        body = provider.spec.tenant_body(spec, plan_id)
        tenant_id = await _create(provider.admin, f"{PROVIDER}/tenants", body, "tenant_id", by="slug")

        def person(role: str, who: str) -> Api:
            token = self.token(
                f"{spec.slug}-{who}",
                Person(
                    sub=f"{spec.slug}-{who}",
                    roles=[role],
                    provider_id=provider.provider_id,
                    tenant_id=tenant_id,
                    name=f"{spec.name} {who}",
                    email=spec.admin_email,
                ),
            )
            return self.api("gateway", token)

        staged = StagedTenant(
            spec, provider, tenant_id, person("tenant_admin", "admin"), person("tenant_user", "user")
        )
        provider.tenants[spec.slug] = staged
        await self._provision(staged)

    async def _provision(self, tenant: StagedTenant) -> None:
        since = tenant.provider.spec.starts.isoformat()
        resources = [
            {"kind": "extension", "value": str(100 + n), "from": since, "to": None}
            for n in range(tenant.spec.extensions)
        ] + [{"kind": "did", "value": did, "from": since, "to": None} for did in tenant.spec.dids]
        path = f"{PROVIDER}/tenants/{tenant.tenant_id}/resources"

        async def provisioned() -> bool | None:
            # Usage hears of the tenant by event: for a moment it does not know it yet.
            answer = await tenant.provider.admin.send("POST", path, json=resources)
            if answer.status_code == 404:
                return None
            _check(answer)
            return True

        await eventually(f"usage to know {tenant.spec.slug}", provisioned)


def _check(answer: httpx.Response) -> None:
    if answer.status_code >= 300:
        raise DemoFailed(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}"
        )


async def _create(api: Api, path: str, body: dict[str, Any], id_field: str, *, by: str) -> str:
    """Creates; when an answer got lost and the thing exists by now, finds it by its name."""
    answer = await api.send("POST", path, json=body)
    if answer.status_code == 409:
        listed = await api.get(path)
        rows = listed if isinstance(listed, list) else next(iter(listed.values()))
        return next(str(row[id_field]) for row in rows if row[by] == body[by])
    _check(answer)
    return str(answer.json()[id_field])


async def advance(
    providers: list[StagedProvider], to: dict[str, datetime], *, seconds: float = 180.0
) -> None:
    """Moves the providers' test clocks and waits until everything due on the way is done."""

    async def one(provider: StagedProvider) -> None:
        target = to[provider.spec.slug].isoformat()
        await provider.admin.post(f"{PROVIDER}/test-clock/advance", {"to": target})
        last: dict[str, Any] = {}

        async def arrived() -> bool | None:
            nonlocal last
            last = await provider.admin.get(f"{PROVIDER}/test-clock")
            there = last["state"] == "ready" and datetime.fromisoformat(last["now"]) >= to[provider.spec.slug]
            return True if there else None

        try:
            await eventually(f"{provider.spec.name}'s clock to reach {target}", arrived, seconds=seconds)
        except DemoFailed as failure:
            raise DemoFailed(f"{failure}; it says {last}") from None

    await asyncio.gather(*(one(provider) for provider in providers))
