"""Stripe by the official SDK. The only place that talks to it.

Time-outs, retries and idempotency keys are explicit: the SDK's own defaults wait 80 s and retry twice. A charge is
never retried here; that is the janitor's business, with the attempt's state written down first.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import stripe
from stripe.params import (
    CustomerCreateParams,
    PaymentIntentCancelParams,
    PaymentIntentCreateParams,
    PaymentIntentListParams,
    PaymentIntentRetrieveParams,
    RefundCreateParams,
    RefundListParams,
    SetupIntentCreateParams,
    SetupIntentRetrieveParams,
)

from services.payments.adapters.stripe_keys import StripeKeys
from services.payments.adapters.stripe_objects import (
    Json,
    decline_of,
    dispute_of,
    method_of,
    outcome_of,
    refund_of,
    stripe_amount,
)
from services.payments.domain.disputes import DisputeFacts
from services.payments.domain.outcome import Outcome
from services.payments.domain.payments import Attempt
from services.payments.domain.refunds import Refund
from services.payments.domain.states import State
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.ports import (
    GatewayRefused,
    GatewayUnreachable,
    RefundFacts,
    SetupIntent,
)
from shared.ids import derived_id

TIMEOUT = httpx.Timeout(20.0, connect=3.0)
_READ_RETRIES = 1
# Our clock and Stripe's may differ; the list is asked for a little earlier than we sent.
_CLOCK_SKEW = timedelta(minutes=10)


class StripeGateway:
    """Implements the port ``Gateway``."""

    def __init__(self, keys: StripeKeys, *, api_base: str, calls_in_flight: int = 20) -> None:
        """``calls_in_flight``: most calls at work at once for one account; others wait for their turn."""
        self._keys = keys
        self._api_base = api_base
        self._http = stripe.HTTPXClient(timeout=TIMEOUT)
        self._made: tuple[str, stripe.StripeClient] | None = None
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(calls_in_flight)
        )

    @property
    def publishable_key(self) -> str:
        return self._keys.now().publishable_key

    @property
    def client(self) -> stripe.StripeClient:
        """With the secret key of now; a call that is under way ends with the key it began with."""
        secret_key = self._keys.now().secret_key
        if self._made is None or self._made[0] != secret_key:
            client = stripe.StripeClient(
                secret_key,
                base_addresses={"api": self._api_base},
                http_client=self._http,
                max_network_retries=0,
            )
            self._made = (secret_key, client)
        return self._made[1]

    async def close(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def answers(self, account: str) -> AsyncIterator[None]:
        async with self._turns[account], _answers():
            yield

    async def create_customer(self, account: str, tenant: Tenant) -> str:
        params: CustomerCreateParams = {
            "name": tenant.name,
            "email": tenant.email,
            "metadata": _metadata(tenant),
        }
        # The key follows the parameters: the same key with other ones would be refused.
        key = derived_id("customer", tenant.tenant_id, account, tenant.name, tenant.email)
        async with self.answers(account):
            made = await self.client.v1.customers.create_async(
                params, request_options(account, key=f"customer-{key}", retries=_READ_RETRIES)
            )
        return made.id

    async def create_setup_intent(
        self, account: str, customer: str, tenant: Tenant, *, key: str
    ) -> SetupIntent:
        params: SetupIntentCreateParams = {
            "customer": customer,
            "usage": "off_session",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": _metadata(tenant),
        }
        async with self.answers(account):
            made = await self.client.v1.setup_intents.create_async(
                params, request_options(account, key=key, retries=_READ_RETRIES)
            )
        return _setup(made.to_dict())

    async def read_setup_intent(self, account: str, intent: str) -> SetupIntent:
        params: SetupIntentRetrieveParams = {"expand": ["payment_method"]}
        async with self.answers(account):
            found = await self.client.v1.setup_intents.retrieve_async(
                intent, params, request_options(account, retries=_READ_RETRIES)
            )
        return _setup(found.to_dict())

    async def charge(self, attempt: Attempt) -> Outcome:
        try:
            async with self.answers(attempt.account):
                made = await self.client.v1.payment_intents.create_async(
                    _charge_params(attempt), request_options(attempt.account, key=attempt.idempotency_key)
                )
        except stripe.CardError as error:
            return _declined(error)
        return outcome_of(made.to_dict())

    async def read_intent(self, account: str, intent: str) -> Outcome:
        params: PaymentIntentRetrieveParams = {"expand": ["payment_method"]}
        async with self.answers(account):
            found = await self.client.v1.payment_intents.retrieve_async(
                intent, params, request_options(account, retries=_READ_RETRIES)
            )
        return outcome_of(found.to_dict())

    async def cancel_intent(self, account: str, intent: str, *, key: str) -> Outcome:
        params: PaymentIntentCancelParams = {
            "cancellation_reason": "abandoned",
            "expand": ["payment_method"],
        }
        try:
            async with self.answers(account):
                gone = await self.client.v1.payment_intents.cancel_async(
                    intent, params, request_options(account, key=key, retries=_READ_RETRIES)
                )
        except GatewayRefused as error:
            if error.code != "payment_intent_unexpected_state":
                raise
            return await self.read_intent(account, intent)
        return outcome_of(gone.to_dict())

    async def find_intent(self, attempt: Attempt) -> Outcome | None:
        if attempt.customer is None or attempt.submitted_at is None:
            return None
        since = int((attempt.submitted_at - _CLOCK_SKEW).timestamp())
        params: PaymentIntentListParams = {
            "customer": attempt.customer,
            "created": {"gte": since},
            "limit": 100,
            "expand": ["data.payment_method"],
        }
        async with self.answers(attempt.account):
            page = await self.client.v1.payment_intents.list_async(
                params, request_options(attempt.account, retries=_READ_RETRIES)
            )
            async for found in page.auto_paging_iter():
                intent = found.to_dict()
                if (intent.get("metadata") or {}).get("attempt_id") == str(attempt.attempt_id):
                    return outcome_of(intent)
        return None

    async def detach_method(self, account: str, stripe_method: str) -> None:
        async with self.answers(account):
            await self.client.v1.payment_methods.detach_async(
                stripe_method,
                {},
                request_options(account, key=f"detach-{stripe_method}", retries=_READ_RETRIES),
            )

    async def refund(self, refund: Refund) -> RefundFacts:
        async with self.answers(refund.account):
            made = await self.client.v1.refunds.create_async(
                _refund_params(refund), request_options(refund.account, key=refund.idempotency_key)
            )
        return refund_of(made.to_dict())

    async def read_refund(self, account: str, stripe_refund: str) -> RefundFacts:
        async with self.answers(account):
            found = await self.client.v1.refunds.retrieve_async(
                stripe_refund, {}, request_options(account, retries=_READ_RETRIES)
            )
        return refund_of(found.to_dict())

    async def find_refund(self, refund: Refund) -> RefundFacts | None:
        params: RefundListParams = {"payment_intent": refund.intent or "", "limit": 100}
        async with self.answers(refund.account):
            page = await self.client.v1.refunds.list_async(
                params, request_options(refund.account, retries=_READ_RETRIES)
            )
            async for found in page.auto_paging_iter():
                made = found.to_dict()
                if (made.get("metadata") or {}).get("refund_id") == str(refund.refund_id):
                    return refund_of(made)
        return None

    async def read_dispute(self, account: str, stripe_dispute: str) -> DisputeFacts:
        async with self.answers(account):
            found = await self.client.v1.disputes.retrieve_async(
                stripe_dispute, {}, request_options(account, retries=_READ_RETRIES)
            )
        return dispute_of(found.to_dict())


def _refund_params(refund: Refund) -> RefundCreateParams:
    """Made of the refund's row alone, so that the same key always carries the same parameters."""
    return {
        "payment_intent": refund.intent or "",
        "amount": stripe_amount(refund.amount_minor, refund.currency),
        "reason": "requested_by_customer",
        "metadata": {
            "provider_id": str(refund.provider_id),
            "tenant_id": str(refund.tenant_id),
            "payment_id": str(refund.payment_id),
            "refund_id": str(refund.refund_id),
        },
    }


def _charge_params(attempt: Attempt) -> PaymentIntentCreateParams:
    """Made of the attempt's row alone, so that the same key always carries the same parameters."""
    params: PaymentIntentCreateParams = {
        "amount": stripe_amount(attempt.amount_minor, attempt.currency),
        "currency": attempt.currency.lower(),
        "description": attempt.description,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "metadata": {
            "provider_id": str(attempt.provider_id),
            "tenant_id": str(attempt.tenant_id),
            "payment_id": str(attempt.payment_id),
            "attempt_id": str(attempt.attempt_id),
        },
        "expand": ["payment_method"],
    }
    if attempt.customer is not None:
        params["customer"] = attempt.customer
    if attempt.stripe_method is not None:
        params["payment_method"] = attempt.stripe_method
        params["confirm"] = True
        if attempt.off_session:
            params["off_session"] = True
    elif attempt.save_method:
        params["setup_future_usage"] = "off_session"
    return params


def _metadata(tenant: Tenant) -> dict[str, str]:
    return {"provider_id": str(tenant.provider_id), "tenant_id": str(tenant.tenant_id)}


def request_options(account: str, *, key: str | None = None, retries: int = 0) -> stripe.RequestOptions:
    options: stripe.RequestOptions = {"max_network_retries": retries}
    if account:
        options["stripe_account"] = account
    if key is not None:
        options["idempotency_key"] = key
    return options


def _setup(intent: Json) -> SetupIntent:
    method = intent.get("payment_method")
    return SetupIntent(
        intent=str(intent["id"]),
        finished=intent["status"] == "succeeded",
        customer=_id(intent.get("customer")),
        method=method_of(method) if isinstance(method, dict) else None,
        client_secret=intent.get("client_secret"),
        awaits_deposit=(intent.get("next_action") or {}).get("type") == "verify_with_microdeposits",
    )


def _id(value: object) -> str | None:
    if isinstance(value, dict):
        return str(value["id"])
    return str(value) if value else None


def _declined(error: stripe.CardError) -> Outcome:
    """The error carries the PaymentIntent where there is one (https://docs.stripe.com/error-handling)."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    told = dict(body.get("error") or {"code": error.code})
    intent = told.get("payment_intent")
    if isinstance(intent, dict):
        return outcome_of({**intent, "last_payment_error": intent.get("last_payment_error") or told})
    return Outcome(State.FAILED, decline=decline_of(told))


@asynccontextmanager
async def _answers() -> AsyncIterator[None]:
    """Settled refusals are ``GatewayRefused``. Whatever leaves open what happened is ``GatewayUnreachable``: so are a
    wrong key and a rate limit, which say nothing about an earlier try of the same request. ``CardError`` passes.
    """
    try:
        yield
    except stripe.CardError:
        raise
    except stripe.InvalidRequestError as error:
        if error.http_status == 409:
            raise GatewayUnreachable(_told(error)) from error
        raise GatewayRefused(_told(error), error.code) from error
    except stripe.APIConnectionError as error:
        raise GatewayUnreachable("Stripe could not be reached") from error
    except stripe.StripeError as error:
        raise GatewayUnreachable(_told(error), replayed=_is_replayed_fault(error)) from error


def _is_replayed_fault(error: stripe.StripeError) -> bool:
    """Stripe says so itself (https://docs.stripe.com/error-low-level#idempotency)."""
    headers = error.headers or {}
    kept = any(name.lower() == "idempotent-replayed" and value == "true" for name, value in headers.items())
    return kept and (error.http_status or 0) >= 500


def _told(error: stripe.StripeError) -> str:
    """For logs: what kind of error and Stripe's request id; not its text, which may name keys."""
    return f"{type(error).__name__} {error.http_status} {error.code or ''} {error.request_id or ''}".strip()
