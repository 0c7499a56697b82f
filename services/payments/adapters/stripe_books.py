"""What Stripe's books hold for a window, events that did not arrive, and connected accounts."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson
from stripe.params import (
    AccountCreateParams,
    AccountLinkCreateParams,
    BalanceTransactionListParams,
    ChargeListParams,
    DisputeListParams,
    EventListParams,
    PayoutListParams,
    RefundListParams,
)

from services.payments.adapters.stripe_gateway import StripeGateway, request_options
from services.payments.adapters.stripe_objects import Json, minor_of, refund_of
from services.payments.domain.disputes import state_of
from services.payments.domain.reconciliation import Books, Charge, Entry, Given, Payout
from services.payments.use_cases.ports import AccountFacts
from shared.ids import ProviderId


class StripeBooks:
    """Implements the ports ``BooksGateway`` and ``AccountsGateway``. Reads everything page by page."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    async def _all(self, account: str, listing: Any, params: Any) -> list[Json]:
        async with self._gateway.answers(account):
            page = await listing(params, request_options(account, retries=1))
            return [found.to_dict() async for found in page.auto_paging_iter()]

    async def read(self, account: str, since: datetime, until: datetime) -> Books:
        window: dict[str, int] = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        v1 = self._gateway.client.v1
        # The stubs want a literal dict for `created`; the window is one, shared by the five lists.
        charge: ChargeListParams = {"created": window, "limit": 100}  # type: ignore[typeddict-item]
        refund: RefundListParams = {"created": window, "limit": 100, "expand": ["data.charge"]}  # type: ignore[typeddict-item]
        dispute: DisputeListParams = {"created": window, "limit": 100, "expand": ["data.charge"]}  # type: ignore[typeddict-item]
        entry: BalanceTransactionListParams = {"created": window, "limit": 100}  # type: ignore[typeddict-item]
        payout: PayoutListParams = {"created": window, "limit": 100}  # type: ignore[typeddict-item]
        charges = await self._all(account, v1.charges.list_async, charge)
        return Books(
            charges=[_charge(one) for one in charges if one["status"] == "succeeded" and one["captured"]],
            refunds=[_refund(one) for one in await self._all(account, v1.refunds.list_async, refund)],
            disputes=_disputes(await self._all(account, v1.disputes.list_async, dispute)),
            entries=[
                _entry(one) for one in await self._all(account, v1.balance_transactions.list_async, entry)
            ],
            payouts=[_payout(one) for one in await self._all(account, v1.payouts.list_async, payout)],
        )

    async def payouts(self, account: str, since: datetime) -> list[Payout]:
        params: PayoutListParams = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        found = await self._all(account, self._gateway.client.v1.payouts.list_async, params)
        return [_payout(one) for one in found]

    async def payout_entries(self, account: str, payout: str) -> list[Entry]:
        params: BalanceTransactionListParams = {"payout": payout, "limit": 100}
        found = await self._all(account, self._gateway.client.v1.balance_transactions.list_async, params)
        return [_entry(one) for one in found]

    async def undelivered(self, account: str, since: datetime, types: Iterable[str]) -> list[bytes]:
        """Events that no endpoint of ours has taken yet, as they would have been posted; oldest first."""
        params: EventListParams = {
            "delivery_success": False,
            "created": {"gte": int(since.timestamp())},
            "types": list(types),
            "limit": 100,
        }
        found = await self._all(account, self._gateway.client.v1.events.list_async, params)
        if account:
            # Listed from inside an account, an event does not name it.
            found = [one | {"account": account} for one in found]
        return [orjson.dumps(one) for one in reversed(found)]

    async def create_account(self, provider_id: ProviderId, country: str, email: str) -> str:
        params: AccountCreateParams = {
            "type": "standard",
            "country": country,
            "email": email,
            "metadata": {"provider_id": str(provider_id)},
        }
        async with self._gateway.answers(""):
            made = await self._gateway.client.v1.accounts.create_async(
                params, request_options("", key=f"account-{provider_id}-{country}-{email}"[:255], retries=1)
            )
        return made.id

    async def onboarding_link(self, account: str, return_url: str, refresh_url: str) -> tuple[str, datetime]:
        params: AccountLinkCreateParams = {
            "account": account,
            "type": "account_onboarding",
            "return_url": return_url,
            "refresh_url": refresh_url,
        }
        async with self._gateway.answers(""):
            made = await self._gateway.client.v1.account_links.create_async(
                params, request_options("", retries=1)
            )
        return made.url, datetime.fromtimestamp(made.expires_at, UTC)

    async def read_account(self, account: str) -> AccountFacts:
        async with self._gateway.answers(""):
            found = await self._gateway.client.v1.accounts.retrieve_async(
                account, {}, request_options("", retries=1)
            )
        told = found.to_dict()
        return AccountFacts(
            charges_enabled=bool(told.get("charges_enabled")),
            payouts_enabled=bool(told.get("payouts_enabled")),
            details_submitted=bool(told.get("details_submitted")),
        )


def _at(one: Json) -> datetime:
    return datetime.fromtimestamp(int(one["created"]), UTC)


def _id(value: object) -> str | None:
    if isinstance(value, dict):
        return str(value["id"])
    return str(value) if value else None


def _money(one: Json, field: str = "amount") -> tuple[int, str]:
    code = str(one["currency"]).upper()
    return minor_of(int(one[field]), code), code


def _owner(one: Json) -> str | None:
    """The provider that an object names; a refund or dispute made at Stripe itself is its charge's."""
    charge = one.get("charge")
    charge_metadata = charge.get("metadata") if isinstance(charge, dict) else None
    metadata = one.get("metadata") or {}
    return metadata.get("provider_id") or (charge_metadata or {}).get("provider_id")


def _charge(one: Json) -> Charge:
    amount, code = _money(one, "amount_captured")
    return Charge(str(one["id"]), _id(one.get("payment_intent")), amount, code, _at(one), _owner(one))


def _refund(one: Json) -> Given:
    amount, code = _money(one)
    state = refund_of(one).state.value
    return Given(str(one["id"]), _id(one.get("payment_intent")), amount, code, state, _at(one), _owner(one))


def _disputes(found: Iterable[Json]) -> list[Given]:
    made = []
    for one in found:
        charge = one.get("charge")
        details = charge.get("payment_method_details") if isinstance(charge, dict) else None
        state = state_of(str(one["status"]), (details or {}).get("type"))
        if state is not None:
            amount, code = _money(one)
            intent = _id(one.get("payment_intent"))
            made.append(Given(str(one["id"]), intent, amount, code, state.value, _at(one), _owner(one)))
    return made


def _entry(one: Json) -> Entry:
    amount, code = _money(one)
    return Entry(
        stripe_id=str(one["id"]),
        kind=str(one["type"]),
        source=_id(one.get("source")),
        amount_minor=amount,
        fee_minor=minor_of(int(one["fee"]), code),
        net_minor=minor_of(int(one["net"]), code),
        currency=code,
    )


def _payout(one: Json) -> Payout:
    amount, code = _money(one)
    arrives = datetime.fromtimestamp(int(one["arrival_date"]), UTC)
    return Payout(str(one["id"]), amount, code, str(one["status"]), arrives)
