"""Stripe's test cards and what each does (https://docs.stripe.com/testing).

No other number is accepted, so that nobody types a real one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from deploy.stripe_simulator.errors import Json


class Authentication(StrEnum):
    """When a card asks for 3-D Secure."""

    NEVER = "never"
    UNLESS_SET_UP = "unless_set_up"
    """On session always; off session unless it was authenticated while being saved."""
    ALWAYS = "always"
    ALREADY_SET_UP = "already_set_up"
    """On session only."""


@dataclass(frozen=True)
class Decline:
    """Why an issuer says no. ``advice_code`` is Stripe's hint whether a retry may help."""

    code: str
    decline_code: str
    advice_code: str
    network_decline_code: str
    message: str

    def details(self) -> Json:
        """Return the fields beside code and message that Stripe puts on the error."""
        return {
            "decline_code": self.decline_code,
            "advice_code": self.advice_code,
            "network_decline_code": self.network_decline_code,
        }


def _declined(
    decline_code: str, advice_code: str, network: str, message: str, code: str = "card_declined"
) -> Decline:
    return Decline(code, decline_code, advice_code, network, message)


LATER, NEVER_AGAIN, CHECK = "try_again_later", "do_not_try_again", "confirm_card_data"
DECLINES = {
    decline.decline_code: decline
    for decline in (
        _declined("generic_decline", LATER, "05", "Your card was declined."),
        _declined("insufficient_funds", LATER, "51", "Your card has insufficient funds."),
        _declined("lost_card", NEVER_AGAIN, "41", "Your card was declined."),
        _declined("stolen_card", NEVER_AGAIN, "43", "Your card was declined."),
        _declined("pickup_card", NEVER_AGAIN, "04", "Your card was declined."),
        _declined("fraudulent", NEVER_AGAIN, "59", "Your card was declined."),
        _declined("do_not_honor", LATER, "05", "Your card was declined."),
        _declined("transaction_not_allowed", NEVER_AGAIN, "57", "Your card was declined."),
        _declined("revocation_of_authorization", NEVER_AGAIN, "R1", "Your card was declined."),
        _declined(
            "card_velocity_exceeded",
            LATER,
            "61",
            "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
        ),
        _declined("expired_card", CHECK, "54", "Your card has expired.", "expired_card"),
        _declined("incorrect_cvc", CHECK, "N7", "Your card's security code is incorrect.", "incorrect_cvc"),
        _declined(
            "processing_error",
            LATER,
            "96",
            "An error occurred while processing your card. Try again in a little bit.",
            "processing_error",
        ),
        _declined(
            "authentication_required",
            LATER,
            "1A",
            "Your card was declined. This transaction requires authentication.",
            "authentication_required",
        ),
    )
}


@dataclass(frozen=True)
class TestCard:
    """One test card. ``token`` is the part after ``pm_card_`` and ``tok_``."""

    number: str
    token: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    saving: str | None = None
    """Decline code when it is attached or set up."""
    charging: str | None = None
    """Decline code when it is charged."""
    authentication: Authentication = Authentication.NEVER
    refunding: str | None = None
    """``pending``: refunds take days; ``fails``: they succeed and fail later."""
    disputed: bool = False
    """Charges succeed and are disputed at once."""


def _refused(number: str, token: str, decline_code: str) -> TestCard:
    """Return a card that is declined however it is used: such cards cannot be attached either."""
    return TestCard(number, token, saving=decline_code, charging=decline_code)


CARDS = (
    TestCard("4242424242424242", "visa"),
    TestCard("4000056655665556", "visa_debit", funding="debit"),
    TestCard("5555555555554444", "mastercard", brand="mastercard"),
    TestCard("5200828282828210", "mastercard_debit", brand="mastercard", funding="debit"),
    TestCard("378282246310005", "amex", brand="amex"),
    TestCard("6011111111111117", "discover", brand="discover"),
    TestCard("4000002760000016", "de", country="DE"),
    _refused("4000000000000002", "visa_chargeDeclined", "generic_decline"),
    _refused("4000000000009995", "visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    _refused("4000000000009987", "visa_chargeDeclinedLostCard", "lost_card"),
    _refused("4000000000009979", "visa_chargeDeclinedStolenCard", "stolen_card"),
    _refused("4000000000000069", "chargeDeclinedExpiredCard", "expired_card"),
    _refused("4000000000000127", "chargeDeclinedIncorrectCvc", "incorrect_cvc"),
    _refused("4000000000000119", "chargeDeclinedProcessingError", "processing_error"),
    _refused("4000000000006975", "visa_chargeDeclinedVelocityLimitExceeded", "card_velocity_exceeded"),
    _refused("4100000000000019", "radarBlock", "fraudulent"),
    TestCard("4000000000007726", "pendingRefund", refunding="pending"),
    TestCard("4000000000005126", "refundFail", refunding="fails"),
    TestCard("4000000000000259", "createDispute", disputed=True),
    TestCard("4000000000000341", "chargeCustomerFail", charging="generic_decline"),
    TestCard(
        "4000002500003155", "authenticationRequiredOnSetup", authentication=Authentication.UNLESS_SET_UP
    ),
    TestCard("4000002760003184", "authenticationRequired", authentication=Authentication.ALWAYS),
    TestCard(
        "4000003800000446",
        "authenticationRequiredSetupForOffSession",
        authentication=Authentication.ALREADY_SET_UP,
    ),
    TestCard(
        "4000008260003178",
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        charging="insufficient_funds",
        authentication=Authentication.UNLESS_SET_UP,
    ),
)
OTHER_TOKENS = {
    "chargeDeclined": "4000000000000002",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "chargeDeclinedLostCard": "4000000000009987",
    "chargeDeclinedStolenCard": "4000000000009979",
    "visa_chargeDeclinedExpiredCard": "4000000000000069",
    "visa_chargeDeclinedIncorrectCvc": "4000000000000127",
    "visa_chargeDeclinedProcessingError": "4000000000000119",
    "visa_chargeCustomerFail": "4000000000000341",
    "threeDSecure2Required": "4000002760003184",
    "threeDSecureRequired": "4000002760003184",
}
BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {card.token: card for card in CARDS} | {
    token: BY_NUMBER[number] for token, number in OTHER_TOKENS.items()
}


def of_token(token: str) -> TestCard | None:
    """Return the card behind ``pm_card_visa`` or ``tok_visa``; None for anything else."""
    for prefix in ("pm_card_", "tok_"):
        if token.startswith(prefix):
            return BY_TOKEN.get(token.removeprefix(prefix))
    return None


def passes_luhn(number: str) -> bool:
    """Say whether the check digit is right (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
