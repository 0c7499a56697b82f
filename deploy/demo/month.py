"""A realistic month of calls, drawn from a seed: busy hours, both directions, unanswered, held, repeated, late."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from deploy.demo.scenario import OPENED, PERIOD_END, ProviderSpec, TenantSpec

# Weight of each hour of a working day, from business telephony: two humps and a quiet night.
_HOURS = (0, 0, 0, 0, 0, 0, 1, 4, 12, 17, 16, 13, 9, 12, 15, 15, 12, 7, 3, 2, 1, 1, 0, 0)
_LAST_HOUR = 22
UNANSWERED = 0.18
HELD = 0.12
REPEATED = 0.02
LATE = 0.004


@dataclass(frozen=True)
class Call:
    """One call as a switch lived it. Instants in microseconds since 1970; ``answered`` 0 means never.

    ``holds`` are (on, off) of the tenant's own hold; the last ``off`` may lie some ms after the end (two clocks).
    """

    uuid: UUID
    provider: ProviderSpec
    tenant: TenantSpec
    direction: str
    extension: str
    did: str
    far: str
    started: int
    answered: int
    ended: int
    holds: tuple[tuple[int, int], ...]

    @property
    def at(self) -> int:
        return self.answered or self.started


@dataclass(frozen=True)
class Month:
    """Records in the order in which they are sent; repeats are among them. ``late`` come after the invoice."""

    in_time: tuple[Call, ...]
    straggling: tuple[Call, ...]
    late: tuple[Call, ...]

    @property
    def records(self) -> tuple[Call, ...]:
        return self.in_time + self.straggling + self.late


def _micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _start(dice: random.Random, tenant_days: Sequence[date], zone: ZoneInfo) -> datetime:
    # Weekends carry a tenth of a working day's calls.
    while True:
        day = dice.choice(tenant_days)
        if day.weekday() < 5 or dice.random() < 0.1:
            break
    hour = dice.choices(range(24), weights=_HOURS)[0]
    return datetime(
        day.year,
        day.month,
        day.day,
        hour,
        dice.randrange(60),
        dice.randrange(60),
        dice.randrange(1_000_000),
        zone,
    )


def _far_number(dice: random.Random, provider: ProviderSpec) -> str:
    if provider.country == "US":
        return f"+1{dice.choice(('212', '646', '917', '415', '312'))}{dice.randrange(2000000, 9999999)}"
    return f"+49{dice.choice(('30', '40', '69', '89'))}{dice.randrange(20000000, 99999999)}"


def _holds(dice: random.Random, answered: int, ended: int) -> tuple[tuple[int, int], ...]:
    length = ended - answered
    if length < 20_000_000 or dice.random() > HELD:
        return ()
    made = []
    at = answered + int(length * dice.uniform(0.05, 0.3))
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        off = at + int(length * dice.uniform(0.02, 0.2))
        made.append((at, min(off, ended)))
        at = off + 2_000_000
        if at > ended - 3_000_000:
            break
    if dice.random() < 0.1:
        on, _ = made[-1]
        made[-1] = (on, ended + dice.randrange(1_000, 9_000))
    return tuple(made)


def _call(dice: random.Random, provider: ProviderSpec, tenant: TenantSpec, days: Sequence[date]) -> Call:
    started = _micros(_start(dice, days, ZoneInfo(provider.time_zone)))
    holds: tuple[tuple[int, int], ...] = ()
    if tenant.switch == "asterisk":
        started -= started % 1_000_000
    ring = dice.randrange(1_500_000, 24_000_000)
    if dice.random() < UNANSWERED:
        answered, ended = 0, started + ring
    else:
        answered = started + ring
        # Most calls are short, some are long (log-normal, median 67 s), none over three hours.
        talk = min(int(dice.lognormvariate(4.2, 1.0) * 1_000_000), 10_500_000_000)
        if tenant.switch == "asterisk":
            answered -= answered % 1_000_000
            talk -= talk % 1_000_000
        ended = answered + max(talk, 0)
        holds = () if tenant.switch == "asterisk" else _holds(dice, answered, ended)
    return Call(
        uuid=UUID(int=dice.getrandbits(128), version=4),
        provider=provider,
        tenant=tenant,
        direction=dice.choice(("inbound", "outbound")),
        extension=str(100 + dice.randrange(tenant.extensions)),
        did=dice.choice(tenant.dids),
        far=_far_number(dice, provider),
        started=started,
        answered=answered,
        ended=ended,
        holds=holds,
    )


def generate(providers: Sequence[ProviderSpec], calls: int, *, seed: int = 20261001) -> Month:
    """About ``calls`` records, the same ones for the same seed."""
    dice = random.Random(seed)
    days = [OPENED + timedelta(days=n) for n in range((PERIOD_END - OPENED).days)]
    drawn: list[Call] = []
    for provider in providers:
        for tenant in provider.tenants:
            drawn += [
                _call(dice, provider, tenant, days)
                for _ in range(round(calls * tenant.share * (1 - REPEATED)))
            ]
    drawn.sort(key=lambda call: call.ended)
    late = [call for call in drawn if dice.random() < LATE]
    straggling = [call for call in late if dice.random() < 0.5]
    late_ids, straggling_ids = {call.uuid for call in late}, {call.uuid for call in straggling}
    # What ends after 22:30 on the last day can only arrive after the period is over.
    held_back = late_ids | {call.uuid for call in drawn if call.ended > _last_moment(call.provider)}
    after_end = [call for call in drawn if call.uuid in held_back - late_ids]
    in_time = [call for call in drawn if call.uuid not in held_back]
    repeats = [replace(call) for call in in_time if dice.random() < REPEATED]
    sent = [*in_time, *repeats]
    # Out of order: each record may be overtaken by those of the next minutes.
    order = {id(call): index + dice.uniform(0, 60) for index, call in enumerate(sent)}
    sent.sort(key=lambda call: order[id(call)])
    truly_late = tuple(call for call in late if call.uuid not in straggling_ids)
    return Month(tuple(sent), (*after_end, *straggling), truly_late)


def _last_moment(provider: ProviderSpec) -> int:
    zone = ZoneInfo(provider.time_zone)
    last_day = PERIOD_END - timedelta(days=1)
    return _micros(datetime(last_day.year, last_day.month, last_day.day, _LAST_HOUR, 30, tzinfo=zone))
