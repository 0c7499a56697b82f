"""What Connect, reconciliation and payouts speak over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from services.payments.domain.reconciliation import (
    NOT_BOOKED,
    PayoutReport,
    Reconciliation,
    booking_sentence,
)
from services.payments.use_cases.ports import AccountFacts


class OnboardingIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    country: str = Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")
    email: str = Field(min_length=3, max_length=200, pattern=r"^[^@\s]+@[^@\s]+$")
    return_url: HttpUrl = Field(description="where Stripe sends the visitor back")
    refresh_url: HttpUrl = Field(description="where Stripe sends a visitor whose link is too old")


class OnboardingOut(BaseModel):
    stripe_account: str
    url: str
    expires_at: datetime


class AccountOut(BaseModel):
    stripe_account: str | None
    charges_enabled: bool
    payouts_enabled: bool
    details_submitted: bool
    sentence: str

    @classmethod
    def of(cls, account: str, facts: AccountFacts | None) -> "AccountOut":
        if facts is None:
            return cls(
                stripe_account=None,
                charges_enabled=True,
                payouts_enabled=True,
                details_submitted=True,
                sentence="Payments are collected on the platform's own Stripe account.",
            )
        ready = facts.charges_enabled
        return cls(
            stripe_account=account,
            charges_enabled=facts.charges_enabled,
            payouts_enabled=facts.payouts_enabled,
            details_submitted=facts.details_submitted,
            sentence="Your Stripe account is ready to collect."
            if ready
            else "Stripe needs more from you before it collects. Ask for a new onboarding link and finish it.",
        )


class DifferenceOut(BaseModel):
    kind: str
    stripe_id: str
    currency: str
    theirs_minor: int | None
    ours_minor: int | None
    detail: str


class ReconciliationOut(BaseModel):
    run_id: UUID
    since: datetime
    until: datetime
    run_at: datetime
    compared: dict[str, int]
    exceptions: list[DifferenceOut]
    note: str = NOT_BOOKED

    @classmethod
    def of(cls, run: Reconciliation) -> "ReconciliationOut":
        return cls(
            run_id=run.run_id,
            since=run.since,
            until=run.until,
            run_at=run.run_at,
            compared=run.compared,
            exceptions=[
                DifferenceOut(
                    kind=one.kind,
                    stripe_id=one.stripe_id,
                    currency=one.currency,
                    theirs_minor=one.theirs_minor,
                    ours_minor=one.ours_minor,
                    detail=one.detail,
                )
                for one in run.differences
            ],
        )


class ReconciliationsOut(BaseModel):
    reconciliations: list[ReconciliationOut]


class PayoutOut(BaseModel):
    """``charges + refunds + disputes + other - fees = amount``, in minor units; ``ties`` says that it does.

    ``dispute_fees`` is the part of ``fees`` that is in the journal already, ``clearing`` what the journal's stripe_clearing
    holds for this payout, ``sentence`` the entry that is still to be booked.
    """

    payout: str
    arrives_at: datetime
    status: str
    currency: str
    amount_minor: int
    charges_minor: int
    refunds_minor: int
    disputes_minor: int
    other_minor: int
    fees_minor: int
    dispute_fees_minor: int
    clearing_minor: int
    entries: int
    ties: bool
    sentence: str


class PayoutsOut(BaseModel):
    payouts: list[PayoutOut]
    note: str = NOT_BOOKED

    @classmethod
    def of(cls, found: Sequence[PayoutReport]) -> "PayoutsOut":
        return cls(
            payouts=[
                PayoutOut(
                    payout=one.payout.stripe_id,
                    arrives_at=one.payout.arrives_at,
                    status=one.payout.status,
                    currency=one.payout.currency,
                    amount_minor=one.payout.amount_minor,
                    charges_minor=one.charges_minor,
                    refunds_minor=one.refunds_minor,
                    disputes_minor=one.disputes_minor,
                    other_minor=one.other_minor,
                    fees_minor=one.fees_minor,
                    dispute_fees_minor=one.dispute_fees_minor,
                    clearing_minor=one.clearing_minor,
                    sentence=booking_sentence(one),
                    entries=one.entries,
                    ties=one.ties,
                )
                for one in found
            ]
        )
