"""The filters of Call History as conditions of a query."""

from typing import Any

from services.usage.use_cases.call_ports import CallFilter
from shared.ids import TenantId

_NUL_IN_JSON = r"\u0000"


def conditions_of(tenant_id: TenantId, wanted: CallFilter) -> tuple[list[str], dict[str, Any]]:
    """(Conditions on rows of ``call``, to be joined by AND; the values that they bind). Without cursor and limit."""
    conditions = ["tenant_id = :tenant_id"]
    values: dict[str, Any] = {"tenant_id": tenant_id}
    if not wanted.with_unanswered:
        conditions.append("answered_at IS NOT NULL")
    if wanted.direction is not None:
        conditions.append("direction = :direction")
        values["direction"] = wanted.direction
    if wanted.number is not None:
        conditions.append(
            "(position(:number IN from_number) > 0 OR position(:number IN to_number) > 0 OR extension = :number)"
        )
        values["number"] = wanted.number
    if wanted.call_class is not None:
        conditions.append("call_class = :call_class")
        values["call_class"] = wanted.call_class
    if wanted.start is not None:
        conditions.append("placed_at >= :start")
        values["start"] = wanted.start
    if wanted.end is not None:
        conditions.append("placed_at < :end")
        values["end"] = wanted.end
    for at, (name, value) in enumerate(wanted.extra):
        # PostgreSQL reads no JSON with a NUL in it; such a call is found by all other filters.
        conditions.append(
            f"CASE WHEN position('{_NUL_IN_JSON}' IN extra) = 0"
            f" THEN CAST(extra AS json) ->> :extra_name_{at} = :extra_value_{at} END"
        )
        values |= {f"extra_name_{at}": name, f"extra_value_{at}": value}
    return conditions, values
