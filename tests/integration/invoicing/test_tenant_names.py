"""A name that a switch may use leads to one tenant of a provider."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.use_cases.add_plan import add_plan
from services.invoicing.use_cases.add_provider import add_provider
from services.invoicing.use_cases.open_tenant import open_tenant
from shared.errors import Conflict, Invalid, Refusal
from shared.ids import PlanId, ProviderId, TenantId, new_id
from tests.integration.invoicing.conftest import Stage

pytestmark = pytest.mark.integration


async def _open(stage: Stage, like: Tenant, slug: str, **values: Any) -> Tenant:
    fields: dict[str, Any] = {"sip_domain": f"{slug}.example", "account_codes": (), **values}
    made = replace(like, tenant_id=TenantId(new_id()), slug=slug, **fields)
    async with stage.open_work() as work:
        return await open_tenant(work, made)


async def _refused(stage: Stage, like: Tenant, **values: Any) -> tuple[type[Refusal], str | None]:
    with pytest.raises(Refusal) as caught:
        await _open(stage, like, "second", **values)
    return type(caught.value), caught.value.field


async def test_no_name_of_a_tenant_goes_to_another(stage: Stage) -> None:
    """Domain or account code, in any case: a 409 naming the field, and nothing of the second tenant stays."""
    like = await stage.tenant("like")
    first = await _open(stage, like, "first", account_codes=("A-17", "a-18"))
    for code in ("A-17", "a-17", "A-18", "first.example", "FIRST.Example", str(first.tenant_id).upper()):
        assert await _refused(stage, like, account_codes=("new", code)) == (Conflict, "account_codes"), code
    for domain in ("first.example", "First.EXAMPLE", "a-17"):
        assert await _refused(stage, like, sip_domain=domain) == (Conflict, "sip_domain"), domain
    async with stage.open_work() as work:
        tenants = await work.tenants.page(stage.provider.provider_id, after=None, limit=100)
    assert [one.slug for one in tenants] == ["first", "like"]
    # Names of the refused openings are free again.
    await _open(stage, like, "second", account_codes=("new",))


async def test_an_account_code_is_listed_once(stage: Stage) -> None:
    """Twice in one request is refused; the own domain as account code is not another's."""
    like = await stage.tenant("like")
    for codes in (("x", "x"), ("x", "y", "X")):
        assert await _refused(stage, like, account_codes=codes) == (Invalid, "account_codes")
    opened = await _open(stage, like, "second", account_codes=("x", "second.example"))
    assert opened.account_codes == ("x", "second.example")


async def test_the_slug_is_still_named_when_it_alone_is_taken(stage: Stage) -> None:
    """The conflict names the field that has to change."""
    like = await stage.tenant("like")
    with pytest.raises(Conflict) as caught:
        await _open(stage, like, "like", sip_domain="free.example")
    assert caught.value.field == "slug"


async def test_of_two_openings_at_once_one_gets_the_name(stage: Stage) -> None:
    """The database decides, not a look before."""
    like = await stage.tenant("like")
    answers = await asyncio.gather(
        *(_open(stage, like, f"t{n}", account_codes=("b", "a") if n % 2 else ("a", "b")) for n in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Tenant) for one in answers) == 1
    assert sum(isinstance(one, Conflict) and one.field == "account_codes" for one in answers) == 5


async def test_another_provider_may_use_the_same_names(stage: Stage) -> None:
    """Names belong to a provider."""
    like = await stage.tenant("like")
    await _open(stage, like, "first", account_codes=("A-17",))
    other = replace(stage.provider, provider_id=ProviderId(new_id()), slug="other", invoice_prefix="OT")
    plan = replace(stage.plan, provider_id=other.provider_id, plan_id=PlanId(new_id()))
    async with stage.open_work() as work:
        await add_provider(work, other)
        await add_plan(work, plan)
    theirs = replace(like, provider_id=other.provider_id, plan_id=plan.plan_id)
    assert (await _open(stage, theirs, "first", account_codes=("A-17",))).status == "active"
