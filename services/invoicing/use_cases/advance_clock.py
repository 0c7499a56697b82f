"""Moves a provider's test clock, visiting every due instant on the way (R53; docs/decisions/0004)."""

from collections.abc import Sequence
from datetime import datetime

from services.invoicing.use_cases.ports import Work
from shared.events.invoicing import ClockAdvanced
from shared.ids import ProviderId
from shared.messaging.progress import Progress
from shared.messaging.topology import SUBSCRIPTIONS, consumers_of


def unfinished(found: Sequence[Progress]) -> list[str]:
    """Whom the clock waits for, in sentences; empty when every event was handled and nobody has work under way."""
    sent: dict[str, int] = {}
    for one in found:
        for event_type, count in one.sent.items():
            sent[event_type] = sent.get(event_type, 0) + count
    handled = {one.service: one.handled for one in found}
    waiting = [f"{one.service} has {one.under_way} steps under way" for one in found if one.under_way]
    waiting += [
        f"{one.service} has a step due since {one.next_due_at.isoformat()}"
        for one in found
        if one.next_due_at is not None and one.clock is not None and one.next_due_at <= one.clock
    ]
    for event_type, count in sorted(sent.items()):
        for consumer in consumers_of(event_type):
            done = handled.get(consumer, {}).get(event_type, 0)
            if done < count:
                waiting.append(f"{consumer} has handled {done} of {count} {event_type}")
    return waiting


def counts(found: Sequence[Progress]) -> list[tuple[str, dict[str, int], dict[str, int]]]:
    """What must be the same at a second look."""
    return [(one.service, one.sent, one.handled) for one in found]


def next_stop(found: Sequence[Progress], now: datetime, target: datetime) -> datetime:
    """The earliest due instant after ``now``, at most ``target``."""
    due = [one.next_due_at for one in found if one.next_due_at is not None and one.next_due_at > now]
    return min([*due, target])


def services_on_the_clock() -> tuple[str, ...]:
    """Everybody who hears or says something about a provider."""
    return tuple(name for name, events in SUBSCRIPTIONS.items() if events)


async def move_clock(work: Work, provider_id: ProviderId, to: datetime) -> None:
    """Sets this service's own clock and tells the others."""
    await work.advance_clock(provider_id, to)
    work.emit(ClockAdvanced(provider_id=provider_id, now=to), time=to)
