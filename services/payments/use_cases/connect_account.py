"""Connect: each provider its own Stripe account, told about at Stripe itself, by a link."""

from dataclasses import dataclass
from datetime import datetime

from services.payments.use_cases.ports import AccountFacts, AccountsGateway, OpenWork
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


async def account_status(
    open_work: OpenWork, accounts: AccountsGateway, provider_id: ProviderId
) -> tuple[str, AccountFacts | None]:
    """'' and None while the provider collects on the platform's own account."""
    async with open_work() as work:
        account = await work.accounts.of(provider_id)
    return account, await accounts.read_account(account) if account else None
