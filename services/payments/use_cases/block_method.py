"""A method that must never be charged again: reported lost or stolen, revoked, closed, or its debit was returned."""

from dataclasses import replace

from services.payments.use_cases.ports import Work


async def block_method(work: Work, account: str, stripe_method: str) -> None:
    """It stays in the list, so that its owner sees why it is not used. The caller holds the tenant's lock."""
    method = await work.methods.find(account, stripe_method)
    if method is not None and not method.blocked:
        await work.methods.update(replace(method, blocked=True))
