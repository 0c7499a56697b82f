"""What-if for the command line: a connection of its own, closed afterwards."""

from pydantic import SecretStr

from services.suspension.adapters.holidays_of import WORKING_DAYS
from services.suspension.adapters.work import SqlSuspensionWork
from services.suspension.use_cases.foresee_suspensions import Foreseen, foresee_suspensions
from shared.db.engine import make_engine
from shared.ids import ProviderId


async def foresee(database_url: SecretStr, provider_id: ProviderId, days: int) -> list[Foreseen]:
    engine = make_engine(database_url.get_secret_value(), pool=2)
    try:
        async with SqlSuspensionWork(engine, working_days=WORKING_DAYS) as work:
            return await foresee_suspensions(work, provider_id, days)
    finally:
        await engine.dispose()
