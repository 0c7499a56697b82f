"""Saved payment methods and auto-pay. Card data never comes here: brand, last four and expiry is all we hold."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.payments.domain.outcome import MethodFacts
from shared.errors import Conflict, Invalid
from shared.ids import MethodId, ProviderId, TenantId

_BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


# Money that came outside Stripe.
_OUTSIDE = {"bank_transfer": "bank transfer", "cheque": "cheque", "cash": "cash", "other": "other payment"}


@dataclass(frozen=True, slots=True)
class Method:
    """``account`` is the Stripe account that holds it, '' for the platform's own."""

    provider_id: ProviderId
    tenant_id: TenantId
    method_id: MethodId
    account: str
    facts: MethodFacts
    is_default: bool
    saved_at: datetime
    removed_at: datetime | None = None
    detached: bool = False
    # Lost, stolen, revoked, or its debit was returned: never charged again.
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class AutoPay:
    """The tenant's consent to be charged when an invoice is issued: who gave or withdrew it, and when.

    ``since`` is the provider's time. ``recorded_at`` is real time: it is compared with the real time at which an
    invoice was announced, so that a test clock that is heard of late changes nobody's consent.
    """

    provider_id: ProviderId
    tenant_id: TenantId
    enabled: bool
    since: datetime
    by: str
    recorded_at: datetime
    # Which version of the consent's text was shown, and from which address it was given, where that is known.
    text_version: str | None = None
    ip: str | None = None


def label(facts: MethodFacts | None) -> str:
    """How a method is called in a sentence: «Visa •••• 4242», «bank account •••• 6789»."""
    if facts is None:
        return "your payment method"
    if facts.kind == "card":
        return f"{_BRANDS.get(facts.brand, facts.brand.title() or 'Card')} •••• {facts.last4}"
    if facts.kind in _OUTSIDE:
        return _OUTSIDE[facts.kind]
    return f"bank account •••• {facts.last4}"


def after_removal(
    methods: list[Method], removed: MethodId, next_default: MethodId | None
) -> tuple[MethodId | None, bool]:
    """Which method is the default once ``removed`` is gone, and whether auto-pay must end (R62).

    ``methods`` are those still saved, ``removed`` among them. Raises ``Conflict`` when the default goes and the
    next one was not chosen, ``Invalid`` when the chosen one is not there.
    """
    rest = [method for method in methods if method.method_id != removed]
    was_default = any(method.method_id == removed and method.is_default for method in methods)
    if next_default is not None and next_default not in {method.method_id for method in rest}:
        raise Invalid("The next default must be another saved payment method.", field="next_default")
    if not rest:
        return None, True
    if next_default is not None:
        return next_default, False
    if was_default:
        raise Conflict(
            "This is the default payment method. Choose which one becomes the default, then delete it.",
            field="next_default",
            slug="next-default-needed",
        )
    return next((method.method_id for method in rest if method.is_default), None), False


def with_default(methods: list[Method], default: MethodId | None) -> list[Method]:
    """The methods whose default flag has to change."""
    return [
        replace(method, is_default=method.method_id == default)
        for method in methods
        if method.is_default != (method.method_id == default)
    ]
