"""When a test clock may move on, and where to: from what every service says about itself (R53)."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """One service: where its clock stands, events sent and handled by type, steps under way, next due instant."""

    service: str
    clock: datetime | None
    sent: Mapping[str, int]
    handled: Mapping[str, int]
    under_way: int
    next_due_at: datetime | None


def what_is_open(
    standings: Iterable[Standing], now: datetime, consumers_of: Callable[[str], tuple[str, ...]]
) -> list[str]:
    """Sentences about what is not finished; empty when everything that follows from ``now`` is done."""
    all_standings = list(standings)
    handled = {one.service: one.handled for one in all_standings}
    sent: Counter[str] = Counter()
    for one in all_standings:
        sent.update(one.sent)
    open_ends = []
    for event_type, count in sorted(sent.items()):
        for consumer in consumers_of(event_type):
            done = handled.get(consumer, {}).get(event_type, 0)
            if done < count:
                open_ends.append(f"{consumer} has handled {done} of {count} events {event_type}")
    for one in all_standings:
        if one.under_way:
            open_ends.append(f"{one.service} has {one.under_way} steps under way")
        elif one.next_due_at is not None and one.next_due_at <= now:
            open_ends.append(f"{one.service} has a step due since {one.next_due_at.isoformat()}")
    return open_ends


def next_stop(standings: Iterable[Standing], target: datetime) -> datetime:
    """The earliest instant at which anybody has something due, at most ``target``."""
    due = [one.next_due_at for one in standings if one.next_due_at is not None]
    return min([*due, target])
