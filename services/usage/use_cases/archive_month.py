"""Take a month's calls out of the database into Parquet files, when nothing can bill them any more."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

from services.usage.domain.months import begins, next_month
from services.usage.domain.period_counts import add_months
from services.usage.use_cases.ports import ArchivedCalls, UsageWork
from shared.errors import Invalid, NotFound

# Tenants read their history so long (R64).
MONTHS_KEPT = 24


async def archive_month(
    work: UsageWork,
    month: date,
    folder: Path,
    *,
    now: datetime,
    months_kept: int,
    late_window: timedelta,
    progress: Callable[[int], None],
) -> list[ArchivedCalls]:
    """One file for each provider with calls in the month; all of it or nothing.

    Raises ``Invalid`` for a month that is still read or could still be billed, ``NotFound`` for one that holds no
    calls here, and ``OSError`` when the files cannot be written.
    """
    ends = begins(next_month(month))
    if add_months(ends.date(), months_kept) > now.date():
        raise Invalid(
            f"{month:%Y-%m} ended less than {months_kept} months ago and is still shown in Call History (R64);"
            " archive an older month, or give a smaller --keep-months.",
            field="month",
        )
    # A month more than the window: a call that began in the month may have ended after it.
    if ends + late_window + timedelta(days=31) > now:
        raise Invalid(
            f"Calls of {month:%Y-%m} can still be billed: the late window is {late_window.days} days (R42).",
            field="month",
        )
    if month not in await work.months.attached():
        raise NotFound(f"No calls of {month:%Y-%m} are stored here.", field="month")
    files = [
        await work.archive.write(month, provider_id, folder, progress)
        for provider_id in await work.archive.close(month)
    ]
    await work.archive.take_out(month, files, now)
    return files
