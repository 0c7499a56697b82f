"""What Stripe says about one PaymentIntent, in our words."""

from dataclasses import dataclass

from services.payments.domain.states import State


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """A payment method as Stripe describes it. ``expires`` is MM/YYYY, for cards."""

    stripe_method: str
    kind: str
    brand: str
    last4: str
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    """Why no money moved, as Stripe tells it; none of it is shown to people."""

    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """State of a PaymentIntent. ``received_minor`` is what was captured; ``currency`` is ISO 4217, upper case.

    ``closed``: the PaymentIntent is canceled at Stripe, so that nobody can pay it any more.
    ``client_secret`` is for the payer's browser only and is kept nowhere.
    """

    state: State
    intent: str | None = None
    received_minor: int = 0
    currency: str | None = None
    method: MethodFacts | None = None
    decline: Decline | None = None
    client_secret: str | None = None
    closed: bool = False
