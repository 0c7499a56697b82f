"""Refusals in Stripe's own shape (https://docs.stripe.com/api/errors)."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
"""A decoded JSON object: a Stripe resource, a set of parameters or a part of one."""


class StripeRefusal(Exception):
    """A request that is answered with an error object.

    ``keeps_work`` says whether what was written before the refusal stays: a decline leaves a failed charge
    behind, every other refusal leaves nothing.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        details: Json | None = None,
        keeps_work: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.details = details or {}
        self.keeps_work = keeps_work

    def body(self, request_id: str) -> Json:
        """Return the error document; Stripe leaves out what is not known rather than sending null."""
        error: Json = {"message": self.message, "type": self.kind}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes#{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error | self.details}


def no_such(kind: str, identifier: str, *, param: str, in_path: bool = False) -> StripeRefusal:
    """Return the refusal for an object that does not exist in this account: 404 in a path, 400 in a parameter."""
    return StripeRefusal(
        f"No such {kind}: '{identifier}'",
        status=404 if in_path else 400,
        code="resource_missing",
        param=param,
    )


def not_simulated(what: str) -> StripeRefusal:
    """Return the refusal for something Stripe offers and the simulator does not: never quietly ignored."""
    return StripeRefusal(
        f"The Stripe simulator does not simulate {what}. Leave it out, or try it in a Stripe sandbox.",
        code="simulator_unsupported",
    )


def unauthorized(message: str) -> StripeRefusal:
    """Return the refusal for a missing or unfit API key."""
    return StripeRefusal(message, status=401)
