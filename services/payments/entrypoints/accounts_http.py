"""Connect, reconciliation and payouts of a provider's Stripe account."""

from datetime import UTC, datetime, time
from typing import Annotated, Protocol

from fastapi import APIRouter, Query

from services.payments.entrypoints.accounts_models import (
    AccountOut,
    OnboardingIn,
    OnboardingOut,
    PayoutsOut,
    ReconciliationOut,
    ReconciliationsOut,
)
from services.payments.entrypoints.stripe_silence import asking_stripe
from services.payments.use_cases.connect_account import account_status, begin_onboarding
from services.payments.use_cases.ports import AccountsGateway, BooksGateway, OpenWork
from services.payments.use_cases.reconcile import reconcile_account, report_payouts
from shared.ids import ProviderId


class Books(AccountsGateway, BooksGateway, Protocol):
    """Both, as one adapter gives them."""


def account_routes(open_work: OpenWork, books: Books) -> APIRouter:
    router = APIRouter(prefix="/stripe-account", tags=["account"])

    @router.get("")
    async def get_account(provider_id: ProviderId) -> AccountOut:
        """Whether the provider's own account is ready to collect."""
        async with asking_stripe():
            account, facts = await account_status(open_work, books, provider_id)
        return AccountOut.of(account, facts)

    @router.post("/onboarding", status_code=201)
    async def post_onboarding(provider_id: ProviderId, body: OnboardingIn) -> OnboardingOut:
        """A link on which the provider tells Stripe about itself; good for minutes, ask again for another."""
        async with asking_stripe():
            made = await begin_onboarding(
                open_work,
                books,
                provider_id,
                country=body.country,
                email=body.email,
                return_url=str(body.return_url),
                refresh_url=str(body.refresh_url),
            )
        return OnboardingOut(stripe_account=made.account, url=made.url, expires_at=made.expires_at)

    return router


def books_routes(open_work: OpenWork, books: Books) -> APIRouter:
    router = APIRouter(tags=["books"])

    @router.post("/reconciliations", status_code=201)
    async def post_reconciliation(provider_id: ProviderId) -> ReconciliationOut:
        """Compares the last seven days with Stripe now; nothing is charged or booked."""
        async with open_work() as work:
            account = await work.accounts.of(provider_id)
            await work.accounts.know(provider_id)
        async with asking_stripe():
            runs = await reconcile_account(open_work, books, account)
        return ReconciliationOut.of(next(run for run in runs if run.provider_id == provider_id))

    @router.get("/reconciliations")
    async def get_reconciliations(
        provider_id: ProviderId, limit: Annotated[int, Query(ge=1, le=100)] = 10
    ) -> ReconciliationsOut:
        """Newest first."""
        async with open_work() as work:
            found = await work.books.newest(provider_id, limit)
        return ReconciliationsOut(reconciliations=[ReconciliationOut.of(run) for run in found])

    @router.get("/payouts")
    async def get_payouts(provider_id: ProviderId, since: datetime) -> PayoutsOut:
        """What reached the provider's bank, and of what each payout is made."""
        start = since if since.tzinfo else datetime.combine(since.date(), time.min, UTC)
        async with asking_stripe():
            found = await report_payouts(open_work, books, provider_id, start)
        return PayoutsOut.of(found)

    return router
