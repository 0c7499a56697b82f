"""Closes a month in a process of its own, as a replica of the service does, and says what that took."""

import asyncio
import json
import sys
import time
from pathlib import Path

from services.invoicing.adapters.work import work_opener
from services.invoicing.entrypoints import scheduler
from shared.collecting import collect_less
from shared.db.engine import make_engine

# A step that found only what the other replica holds; the service's own loop rests longer.
REST_SECONDS = 0.02


async def close(url: str) -> dict[str, float]:
    """When it began and found nothing due any more (monotonic seconds, the same clock for all processes), seconds
    on a core, and the most memory that was resident, in MiB.
    """
    engine = make_engine(url, pool=8)
    open_work = work_opener(engine)
    await collect_less()
    begun, worked = time.monotonic(), time.process_time()
    while True:
        if await scheduler.invoice_periods(open_work):
            continue
        async with open_work() as work:
            if not await work.periods.find_due("final", work.system_now(), 1):
                break
        await asyncio.sleep(REST_SECONDS)
    ended, cpu = time.monotonic(), time.process_time() - worked
    await engine.dispose()
    return {"begun": begun, "ended": ended, "cpu_seconds": cpu, "mib": _most_mib()}


def _most_mib() -> float:
    """Of this process alone: what getrusage calls the most includes that of the process that started this one."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmHWM:")) / 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(close(sys.argv[1]))))
