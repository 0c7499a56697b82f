"""The check that a journal sums to zero, for the services that own money."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_SUMS = text(
    "SELECT currency, sum(amount_minor)::bigint AS minor, count(*) AS n FROM journal_posting GROUP BY currency"
)
_OFF = text(
    "SELECT count(*) FROM (SELECT tenant_id, entry_id FROM journal_posting"
    " GROUP BY tenant_id, entry_id, currency HAVING sum(amount_minor) <> 0) AS off"
)
_ACCOUNTS = text(
    "SELECT provider_id, currency, account, sum(amount_minor)::bigint AS minor"
    " FROM journal_posting GROUP BY provider_id, currency, account ORDER BY provider_id, currency, account"
)


class AccountBalance(BaseModel):
    """Debits minus credits of one account of one provider, in minor units."""

    provider_id: str
    currency: str
    account: str
    minor: int


class JournalCheck(BaseModel):
    """``sums`` by currency and ``unbalanced_entries`` are all zero in a journal that is right."""

    postings: int
    sums: dict[str, int]
    unbalanced_entries: int
    accounts: list[AccountBalance]


async def journal_check(engine: AsyncEngine) -> JournalCheck:
    async with engine.connect() as connection:
        rows = list(await connection.execute(_SUMS))
        off = (await connection.execute(_OFF)).scalar_one()
        accounts = [
            AccountBalance(
                provider_id=str(r.provider_id), currency=r.currency, account=r.account, minor=r.minor
            )
            for r in await connection.execute(_ACCOUNTS)
        ]
    return JournalCheck(
        postings=sum(row.n for row in rows),
        sums={row.currency: row.minor for row in rows},
        unbalanced_entries=off,
        accounts=accounts,
    )


def journal_router(engine: AsyncEngine, internal: object) -> APIRouter:
    """``GET /internal/v1/journal``, between services only."""
    router = APIRouter(prefix="/internal/v1", dependencies=[Depends(internal)], tags=["internal"])  # type: ignore[arg-type]

    @router.get("/journal")
    async def get_journal() -> JournalCheck:
        return await journal_check(engine)

    return router
