"""What the month must come to, worked out from the written records alone.

Slow, plain, and on purpose without any of the services' code: it reads the documents and rows back, as an auditor
would, and does the sums with the rules of design/rules.md by hand.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import unquote
from uuid import UUID

from deploy.demo.month import Call
from deploy.demo.records import asterisk_csv, freeswitch_body
from deploy.demo.scenario import PlanSpec, ProviderSpec, TenantSpec

CENT = Decimal("0.01")
DIRECTIONS = ("inbound", "outbound")


@dataclass(frozen=True)
class Billed:
    """One call that was kept: instant of its answer (or start) in microseconds, and billed seconds."""

    key: str
    direction: str
    at: int
    seconds: int


def _step(talk_micros: int) -> int:
    """R1: cut to milliseconds, then 6/6."""
    millis = max(talk_micros, 0) // 1000
    if millis == 0:
        return 0
    return -(-millis // 6000) * 6


def _read_freeswitch(call: Call) -> Billed:
    variables = {k: unquote(v) for k, v in json.loads(freeswitch_body(call))["variables"].items()}
    answer, end = int(variables["answer_uepoch"]), int(variables["end_uepoch"])
    talk = end - answer if answer else 0
    raw = variables.get("hold_events", "").replace("{", " ").replace("}", " ").replace(",", " ").split()
    stamps = [int(item) for item in raw]
    for on, off in zip(stamps[::2], stamps[1::2], strict=True):
        talk -= max(0, min(off, end) - max(on, answer))
    at = answer or int(variables["start_uepoch"])
    return Billed(variables["uuid"], variables["call_direction"], at, _step(talk))


def _read_asterisk(call: Call) -> Billed:
    (row,) = csv.reader(io.StringIO(asterisk_csv([call])))
    seconds = int(row[13]) if row[14] == "ANSWERED" else 0
    direction = "inbound" if row[3] == "from-trunk" else "outbound"
    return Billed(row[16], direction, call.at, _step(seconds * 1_000_000))


# Writing and reading back twenty thousand documents takes seconds, and the same month is asked several times.
_read_before: dict[tuple[str, UUID, int, int], Billed] = {}


def _read(tenant: TenantSpec, call: Call) -> Billed:
    name = (tenant.slug, call.uuid, call.answered, call.ended)
    if name not in _read_before:
        read = _read_asterisk if tenant.switch == "asterisk" else _read_freeswitch
        _read_before[name] = read(call)
    return _read_before[name]


def billed_calls(tenant: TenantSpec, calls: Iterable[Call]) -> list[Billed]:
    """The tenant's calls, each once, in the order of answer."""
    once = {billed.key: billed for billed in (_read(tenant, call) for call in calls if call.tenant is tenant)}
    return sorted(once.values(), key=lambda billed: (billed.at, billed.key))


def totals(billed: Iterable[Billed]) -> dict[str, int]:
    """Billed seconds by direction."""
    found = dict.fromkeys(DIRECTIONS, 0)
    for one in billed:
        found[one.direction] += one.seconds
    return found


def charged_seconds(plan: PlanSpec, billed: Iterable[Billed]) -> dict[str, int]:
    """Billed seconds above the included minutes, by direction; included ones go to the first calls (R16)."""
    left = plan.included["minutes"] * 60
    charged: dict[str, int] = defaultdict(int)
    for one in billed:
        taken = min(left, one.seconds)
        left -= taken
        charged[one.direction] += one.seconds - taken
    return dict(charged)


def usage_amounts(plan: PlanSpec, billed: Iterable[Billed]) -> dict[str, Decimal]:
    """The rounded usage line of each direction (R12, R13); none where nothing is charged."""
    price = Decimal(plan.prices["minute"])
    return {
        direction: (seconds * price / 60).quantize(CENT, ROUND_HALF_UP)
        for direction, seconds in charged_seconds(plan, billed).items()
        if seconds
    }


@dataclass(frozen=True)
class ExpectedInvoice:
    """Amounts of the lines (sorted), tax and total in major units."""

    lines: list[Decimal]
    subtotal: Decimal
    tax: Decimal
    total: Decimal


def _with_tax(provider: ProviderSpec, lines: list[Decimal]) -> ExpectedInvoice:
    subtotal = sum(lines, Decimal(0))
    tax = (subtotal * Decimal(provider.tax_rate) / 100).quantize(CENT, ROUND_HALF_UP)
    return ExpectedInvoice(sorted(lines), subtotal, tax, subtotal + tax)


def opening_invoice(provider: ProviderSpec, tenant: TenantSpec) -> ExpectedInvoice | None:
    """The first fee in advance; none for pay-as-you-go and trials."""
    if tenant.plan.monthly_fee is None or tenant.trial_ends_on is not None:
        return None
    return _with_tax(provider, [Decimal(tenant.plan.monthly_fee)])


def month_invoice(provider: ProviderSpec, tenant: TenantSpec, billed: list[Billed]) -> ExpectedInvoice | None:
    """The invoice of the first anchor after the month; None for a tenant on trial."""
    if tenant.trial_ends_on is not None:
        return None
    plan = tenant.plan
    lines = [Decimal(plan.monthly_fee)] if plan.monthly_fee is not None else []
    for kind, used in (("extension", tenant.extensions), ("did", len(tenant.dids))):
        above = max(0, used - plan.included[f"{kind}s"])
        if above:
            lines.append(above * Decimal(plan.prices[kind]))
    lines += usage_amounts(plan, billed).values()
    return _with_tax(provider, lines)


def late_amounts(plan: PlanSpec, in_time: list[Billed], everything: list[Billed]) -> list[Decimal]:
    """Late usage by direction: the whole period rated again minus what was billed."""
    before, after = usage_amounts(plan, in_time), usage_amounts(plan, everything)
    differences = [after.get(d, Decimal(0)) - before.get(d, Decimal(0)) for d in DIRECTIONS]
    return sorted(difference for difference in differences if difference)
