"""Events of the usage service: calls kept, periods metered."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Event, Payload
from shared.ids import PlanId, TenantId

Direction = Literal["inbound", "outbound"]


class TenantCalls(Payload):
    """What one batch added for one tenant; ``billed_seconds`` are whole seconds after rounding per call (R9)."""

    tenant_id: TenantId
    calls: int
    billed_seconds: int


class CallsRecorded(Event):
    """A batch of new calls was kept. A summary: calls themselves never travel as events."""

    TYPE: ClassVar[str] = "usage.calls.recorded.v1"

    batch_id: UUID
    tenants: tuple[TenantCalls, ...]
    recorded_at: datetime


class MeteredMinutes(Payload):
    """One line of usage: a class, direction, destination and price of calls (R13).

    ``charge`` is exact, in major units (R12); ``charged_seconds`` = billed - included. A line of kind
    ``connect_fees`` has ``calls`` times ``price_per_call`` and no seconds (R10, R13). ``key`` stays the same in
    every revision and opens the calls that make the line up; ``plan_id`` is the plan they were rated by (R8).
    """

    call_class: str
    direction: Direction
    calls: int
    billed_seconds: int
    included_seconds: int
    charged_seconds: int
    price_per_minute: Decimal
    charge: Decimal
    kind: Literal["minutes", "connect_fees"] = "minutes"
    key: str | None = None
    destination: str | None = Field(None, description="the rate deck's words, like Germany mobile")
    price_per_call: Decimal | None = None
    plan_id: PlanId | None = None
    plan_version: int | None = None


class MeteredPart(Payload):
    """Counts of the days in which one plan was in force (R19); days are the sum over resources of local days held."""

    start_date: date
    end_date: date
    plan_id: PlanId
    plan_version: int
    extensions_peak: int
    dids_peak: int
    extension_days: int
    did_days: int


Reason = Literal["period_ended", "late_calls", "re_rated", "resources_changed"]


class PeriodMetered(Event):
    """Totals of a tenant's billing period as usage knows them now; a higher ``revision`` replaces a lower one.

    Dates are the tenant's local days, half-open ``[start_date, end_date)``. Peaks are the most extensions and
    DIDs provisioned at one time in the period (R18).
    """

    TYPE: ClassVar[str] = "usage.period.metered.v1"

    tenant_id: TenantId
    start_date: date
    end_date: date
    plan_id: PlanId
    plan_version: int
    revision: int
    metered_at: datetime
    extensions_peak: int
    dids_peak: int
    minutes: tuple[MeteredMinutes, ...]
    parts: tuple[MeteredPart, ...] = ()
    reason: Reason = "period_ended"
    reason_text: str | None = Field(None, description="what an operator gave as the reason of a re-rating")


class ThresholdReached(Event):
    """A tenant's usage of the running period came to a limit. Once a period, kind, subject and percent.

    ``included_minutes``: ``used`` and ``limit`` are billed seconds of bundle ``subject``; ``spend`` and
    ``spend_limit``: minor units of usage charges; ``unusual_international``: minutes today against what the
    tenant's own history allows. A ``spend_limit`` at 100 percent stops chargeable outbound calls at once.
    """

    TYPE: ClassVar[str] = "usage.threshold.reached.v1"

    tenant_id: TenantId
    kind: Literal["included_minutes", "spend", "spend_limit", "unusual_international"]
    subject: str
    percent: int
    used: int
    limit: int
    currency: str | None = None
    start_date: date
    end_date: date
    at: datetime


class ThresholdCleared(Event):
    """A reached ``spend_limit`` holds no longer: a new period began, the limit was raised, or a person released it."""

    TYPE: ClassVar[str] = "usage.threshold.cleared.v1"

    tenant_id: TenantId
    kind: Literal["spend_limit"]
    why: Literal["new_period", "limit_changed", "released"]
    by: str | None = None
    at: datetime
