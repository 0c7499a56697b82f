"""Connect: each provider its own Stripe account, told about at Stripe itself, by a link."""

from dataclasses import dataclass
from datetime import datetime

from services.payments.use_cases.ports import AccountFacts, AccountsGateway, OpenWork, Work
from shared.errors import Conflict
from shared.ids import ProviderId


@dataclass(frozen=True, slots=True)
class Onboarding:
    account: str
    url: str
    expires_at: datetime


async def begin_onboarding(
    open_work: OpenWork,
    accounts: AccountsGateway,
    provider_id: ProviderId,
    *,
    country: str,
    email: str,
    return_url: str,
    refresh_url: str,
) -> Onboarding:
    """Makes the account when there is none; twice at once makes one. The link is good for minutes: ask again for another."""
    async with open_work() as work:
        account = await work.accounts.of(provider_id)
    if not account:
        made = await accounts.create_account(provider_id, country, email)
        async with open_work() as work:
            account = await work.accounts.connect(provider_id, made)
        if account != made:
            raise Conflict("Another Stripe account was connected meanwhile. Ask again.")
    url, expires_at = await accounts.onboarding_link(account, return_url, refresh_url)
    return Onboarding(account, url, expires_at)


async def give_account(work: Work, provider_id: ProviderId, account: str) -> None:
    """'' is the platform's own. Raises ``Conflict`` for another provider's account: money of two is never mixed."""
    others = (
        [one for one in await work.accounts.providers_of(account) if one != provider_id] if account else []
    )
    if others:
        raise Conflict(
            "This Stripe account collects for another provider. Give each provider an account of its own.",
            field="stripe_account",
            slug="account-taken",
        )
    await work.accounts.put(provider_id, account)


async def account_status(
    open_work: OpenWork, accounts: AccountsGateway, provider_id: ProviderId
) -> tuple[str, AccountFacts | None]:
    """'' and None while the provider collects on the platform's own account."""
    async with open_work() as work:
        account = await work.accounts.of(provider_id)
    return account, await accounts.read_account(account) if account else None
