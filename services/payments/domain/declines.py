"""From Stripe's codes to what people read and to whether we try again by ourselves (design/stripe.md, section 4.6)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from services.payments.domain.outcome import Decline

Reason = Literal["no_funds", "expired", "declined", "authentication", "no_method", "other"]

# Days after the first decline, in the provider's time, unless the provider set its own.
RETRY_DAYS = (2, 7, 14, 21)

# https://docs.stripe.com/declines/codes: trying again cannot help, or would harm. Lost, stolen and fraud read like
# any decline: who holds the card must not learn from us that it is reported.
_NEVER_AGAIN = frozenset(
    {
        "lost_card",
        "stolen_card",
        "pickup_card",
        "restricted_card",
        "security_violation",
        "fraudulent",
        "merchant_blacklist",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "stop_payment_order",
        "transaction_not_allowed",
        "card_not_supported",
        "currency_not_supported",
        "expired_card",
        "incorrect_number",
        "invalid_number",
        "invalid_account",
        "no_account",
        "account_closed",
        "debit_not_authorized",
        "payment_intent_mandate_invalid",
        "incorrect_cvc",
        "invalid_cvc",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "highest_risk_level",
    }
)
_NO_FUNDS = frozenset({"insufficient_funds", "withdrawal_count_limit_exceeded"})
_EXPIRED = frozenset({"expired_card", "invalid_expiry_month", "invalid_expiry_year"})
_AUTHENTICATION = frozenset(
    {"authentication_required", "payment_intent_authentication_failure", "authentication_not_handled"}
)
_BANK_SAYS_NO = frozenset(
    {
        "card_declined",
        "incorrect_cvc",
        "incorrect_number",
        "processing_error",
        "payment_method_provider_decline",
        "card_velocity_exceeded",
    }
)
# The method itself is dead or reported: it is never charged again, by nobody.
_BLOCKS = frozenset(
    {
        "lost_card",
        "stolen_card",
        "pickup_card",
        "fraudulent",
        "security_violation",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "stop_payment_order",
        "invalid_account",
        "no_account",
        "account_closed",
        "debit_not_authorized",
    }
)
# Not a bank's code: Stripe had nothing but faults of its own for an attempt, and made nothing of it.
NOTHING_BUT_FAULTS = "nothing_but_faults"
# Stripe may block a card after 15 declined tries in 30 days (design/stripe.md, section 4.6).
MOST_TRIES = 15
TRIES_WITHIN = timedelta(days=30)
_NO_RETRY_ADVICE = frozenset({"do_not_try_again", "confirm_card_data"})


def reason_of(decline: Decline) -> Reason:
    """One of the moments of design/ui.md, "Words"."""
    codes = {decline.code, decline.decline_code}
    if codes & _AUTHENTICATION:
        return "authentication"
    if codes & _NO_FUNDS:
        return "no_funds"
    if codes & _EXPIRED:
        return "expired"
    if decline.decline_code is not None or codes & _BANK_SAYS_NO:
        return "declined"
    return "other"


def may_retry(decline: Decline) -> bool:
    """Whether the same method may be charged again without the tenant doing something first."""
    codes = {decline.code, decline.decline_code}
    if codes & (_NEVER_AGAIN | _AUTHENTICATION):
        return False
    return decline.advice_code not in _NO_RETRY_ADVICE


def blocks_method(decline: Decline) -> bool:
    """Whether the method may never be charged again, also when a person asks for it."""
    return bool({decline.code, decline.decline_code} & _BLOCKS)


def retry_after(retries_done: int, days: Sequence[int] = RETRY_DAYS) -> timedelta | None:
    """From the first decline to the next retry; None when the ladder is used up. ``days`` is the provider's ladder."""
    return timedelta(days=days[retries_done]) if retries_done < len(days) else None
