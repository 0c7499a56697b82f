"""Time is passed in: no domain and no use case asks the machine for it (rules of time, R53)."""

import pytest

from tests.architecture.tree import ROOT, SERVICES, modules_below, service_names, uses

READS_THE_CLOCK = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "shared.clock.SystemClock",
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.clock_gettime",
        "time.gmtime",
        "time.localtime",
        "time.ctime",
        "time.sleep",
        "uuid.uuid1",
    }
)


def clock_readings(source: str) -> list[str]:
    """Every mention, called or handed on, of something that reads the machine's clock."""
    return sorted({f"line {use.line}: {use.name}" for use in uses(source) if use.name in READS_THE_CLOCK})


@pytest.mark.parametrize("service", service_names())
def test_domain_and_use_cases_do_not_read_the_machines_clock(service: str) -> None:
    """They get `now`, or the unit of work's clock."""
    folder = SERVICES / service
    found = {
        str(path.relative_to(ROOT)): readings
        for path in modules_below(folder / "domain", folder / "use_cases")
        if (readings := clock_readings(path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\nx = datetime.now(UTC)",
        "import datetime\nx = datetime.datetime.utcnow()",
        "import datetime as dt\ndef f(today=dt.date.today): pass",
        "from datetime import date as day\nday.today()",
        "import time\ntime.time()",
        "from time import monotonic\nmonotonic()",
        "from shared.clock import SystemClock",
        "import shared.clock\nshared.clock.SystemClock()",
        "def f():\n    from time import time as t\n    return t()",
        "from datetime import datetime\nx = [datetime.now for _ in y]",
    ],
)
def test_a_reading_is_caught(source: str) -> None:
    """However it was imported, called or not."""
    assert clock_readings(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "async def f(work): return await work.now(1)",
        "from datetime import datetime\nx = datetime.fromisoformat('2026-01-01')",
        "from datetime import time\nx = time.min",
        "from shared.clock import Clock, local_midnight",
        "def f(clock): return clock.now()",
    ],
)
def test_a_passed_in_clock_is_fine(source: str) -> None:
    """Names alone are no offence."""
    assert clock_readings(source) == []
