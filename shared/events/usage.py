"""Events of the usage service: calls kept, periods metered."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

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
    """One class and direction of calls at one price (R13).

    ``charge`` is exact, in major units (R12); ``charged_seconds`` = billed - included.
    """

    call_class: str
    direction: Direction
    calls: int
    billed_seconds: int
    included_seconds: int
    charged_seconds: int
    price_per_minute: Decimal
    charge: Decimal


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
