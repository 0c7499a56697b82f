"""Closes a month in a process of its own, as a service does, and says how long it took and what it held."""

import asyncio
import json
import resource
import sys
import time

from services.invoicing.adapters.work import work_opener
from services.invoicing.entrypoints import scheduler
from shared.db.engine import make_engine


async def close(url: str) -> dict[str, float]:
    """Seconds until nothing is due, and the most memory that was resident, in MiB."""
    engine = make_engine(url, pool=8)
    open_work = work_opener(engine)
    begun = time.monotonic()
    while await scheduler.invoice_periods(open_work):
        pass
    seconds = time.monotonic() - begun
    await engine.dispose()
    return {"seconds": seconds, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(close(sys.argv[1]))))
