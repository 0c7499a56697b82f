"""Bodies and answers of the HTTP interface."""

from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.suspension.domain.account import Invoice
from services.suspension.domain.gate import Line, decide
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import AuditEntry
from services.suspension.use_cases.show_standing import Shown

Stage = Literal["none", "notice", "outbound_barred", "both_barred"]


class Amount(BaseModel):
    """Minor units of a currency."""

    minor: int
    currency: str


class Body(BaseModel):
    """A request's body: unknown fields are refused, so that a misspelt one is not silently without effect."""

    model_config = ConfigDict(extra="forbid")


class PolicyFields(BaseModel):
    """Days count from the due day at 00:00 in the tenant's zone (R46)."""

    grace_days: int = Field(
        14, description="both directions are barred on this day after the due day, 1 to 365"
    )
    outbound_after_days: int | None = Field(
        None, description="optional earlier stage: outbound calls are barred, inbound ones work"
    )
    reminder_days: list[int] = Field(
        default=[-3, 0, 3, 7, 12],
        max_length=20,
        description="rising; negative before the due day; at least one before the first barring",
    )
    smallest_amount_minor: int = Field(
        0, ge=0, le=10**15, description="an overdue total below it counts as nothing; minor units (R47)"
    )
    inbound: Literal["announce", "reject"] = Field(
        "announce", description="what callers of a barred tenant get"
    )

    @classmethod
    def of(cls, policy: Policy) -> Self:
        return cls(
            grace_days=policy.grace_days,
            outbound_after_days=policy.outbound_after_days,
            reminder_days=list(policy.reminder_days),
            smallest_amount_minor=policy.smallest_minor,
            inbound=policy.inbound,
        )


class PolicyBody(PolicyFields, Body):
    """The whole policy: a field left out takes its default."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=500)
    by: str = Field("provider", min_length=1, max_length=200, description="who decided")

    def policy(self) -> Policy:
        """Raises ``Invalid`` for a policy that would suspend before the due day or without notice."""
        return Policy(
            grace_days=self.grace_days,
            outbound_after_days=self.outbound_after_days,
            reminder_days=tuple(self.reminder_days),
            smallest_minor=self.smallest_amount_minor,
            inbound=self.inbound,
        )


class DecisionBody(Body):
    """Who decides, why, and until when."""

    reason: str = Field(min_length=1, max_length=500, description="kept in the audit trail")
    by: str = Field(min_length=1, max_length=200, description="who decided")
    until: AwareDatetime | None = Field(
        None, description="instant with zone, on the provider's clock; none: until decided otherwise"
    )


class ReleaseBody(Body):
    reason: str = Field(min_length=1, max_length=500)
    by: str = Field(min_length=1, max_length=200)


class ShownInvoice(BaseModel):
    invoice_id: UUID
    number: str
    due_on: date
    balance: Amount

    @classmethod
    def of(cls, invoice: Invoice) -> Self:
        return cls(
            invoice_id=invoice.invoice_id,
            number=invoice.number,
            due_on=invoice.due_on,
            balance=Amount(minor=invoice.balance_minor, currency=invoice.currency),
        )


class ShownStep(BaseModel):
    """A step of the ladder of the oldest open invoice; ``on`` none: a pause keeps it away."""

    kind: Literal["reminder", "overdue", "outbound_barred", "both_barred"]
    day: int
    on: date | None
    at: datetime | None
    state: Literal["done", "skipped", "coming"]


class ShownOverride(BaseModel):
    """A decision by hand that holds now."""

    kind: Literal["suspend", "unsuspend", "hold", "promise"]
    since: datetime
    until: datetime | None
    reason: str
    by: str


class WorksNow(BaseModel):
    """What calls do at this moment."""

    outbound: Literal["allow", "reject"]
    inbound: Literal["allow", "announce", "reject"]
    emergency: Literal["allow"] = "allow"
    reachable_numbers: list[str]


class StandingAnswer(BaseModel):
    """A tenant's standing. ``owed`` is the overdue total, which restores service (R59)."""

    tenant_id: UUID
    stage: Stage
    suspended: bool
    since: datetime
    why: str
    owed: Amount
    overdue_invoices: list[ShownInvoice]
    steps: list[ShownStep]
    suspends_on: date | None = Field(description="the local day of suspension if nobody pays")
    next_step_at: datetime | None
    works_now: WorksNow
    overrides: list[ShownOverride]
    as_of: datetime

    @classmethod
    def of(cls, shown: Shown) -> Self:
        row, tenant = shown.row, shown.tenant
        line = Line(
            tenant.tenant_id,
            tenant.provider_id,
            tenant.country,
            row.stage,
            shown.policy.inbound,
            tenant.closed,
        )
        outbound = decide(line, "outbound", reachable=False)
        suspends_at = shown.standing.suspends_at
        return cls(
            tenant_id=tenant.tenant_id,
            stage=row.stage.value,
            suspended=row.stage.barred,
            since=row.since,
            why=row.why,
            owed=Amount(minor=sum(i.balance_minor for i in shown.overdue), currency=tenant.currency),
            overdue_invoices=[ShownInvoice.of(invoice) for invoice in shown.overdue],
            steps=[ShownStep(kind=s.kind, day=s.day, on=s.on, at=s.at, state=s.state) for s in shown.steps],
            suspends_on=suspends_at.astimezone(tenant.zone).date() if suspends_at else None,
            next_step_at=row.next_step_at,
            works_now=WorksNow(
                outbound="allow" if outbound == "allow" else "reject",
                inbound=decide(line, "inbound", reachable=False),
                reachable_numbers=list(shown.reachable_numbers),
            ),
            overrides=[
                ShownOverride(kind=o.kind, since=o.since, until=o.until, reason=o.reason, by=o.by)
                for o in shown.overrides
            ],
            as_of=shown.now,
        )


class AuditLine(BaseModel):
    """``at`` is the provider's clock, ``recorded_at`` real time; ``by`` is a person or ``policy``."""

    at: datetime
    recorded_at: datetime
    action: str
    by: str
    reason: str
    details: dict[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls(
            at=entry.at,
            recorded_at=entry.recorded_at,
            action=entry.action,
            by=entry.by,
            reason=entry.reason,
            details=entry.details,
        )


class AuditAnswer(BaseModel):
    """The newest first."""

    entries: list[AuditLine]
