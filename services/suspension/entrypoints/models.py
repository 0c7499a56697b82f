"""Bodies and answers of the HTTP interface."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.suspension.domain.account import Invoice
from services.suspension.domain.gate import Line, decide
from services.suspension.domain.policy import Policy, preset
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

    terminate_after_days: int | None = Field(
        None, description="on this day you are asked whether to end the contract; nothing ends by itself"
    )
    counting: Literal["calendar", "business"] = Field(
        "calendar", description="which days count: all, or those that are no weekend, holiday or quiet date"
    )
    quiet_weekends: bool = Field(False, description="nobody is barred on a weekend")
    holidays: str | None = Field(
        None, max_length=20, description="nobody is barred on holidays of US, US-NY, DE-BY, GB-SCT, …"
    )
    quiet_dates: list[date] = Field(
        default=[], max_length=366, description="days of your own on which nobody is barred"
    )
    debit_lifts: bool = Field(False, description="a bank debit in process also lifts a suspension (R48)")
    dispute_lifts: bool = Field(False, description="an open dispute also lifts a suspension (R48)")
    unusual_international_bars: bool = Field(
        False, description="an alert about unusual international calls bars such calls until local midnight"
    )
    jurisdiction: Literal["US", "EU", "UK"] | None = Field(
        None, description="fields left out take this preset's defaults; no legal advice"
    )

    @classmethod
    def of(cls, policy: Policy) -> Self:
        fields = {name: getattr(policy, name) for name in cls.model_fields if hasattr(policy, name)}
        return cls(**fields, smallest_amount_minor=policy.smallest_minor)


class PolicyBody(PolicyFields, Body):
    """The whole policy: a field left out takes its default, or its jurisdiction's."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=500)
    by: str = Field("provider", min_length=1, max_length=200, description="who decided")

    def policy(self, country: str) -> Policy:
        """Raises ``Invalid`` for a policy that would suspend before the due day or without notice.

        ``country`` is the provider's, for a preset that takes its holidays.
        """
        given = self.model_dump(exclude_unset=True, exclude={"reason", "by", "jurisdiction"})
        if "smallest_amount_minor" in given:
            given["smallest_minor"] = given.pop("smallest_amount_minor")
        for name in ("reminder_days", "quiet_dates"):
            if name in given:
                given[name] = tuple(given[name])
        default = preset(self.jurisdiction, country) if self.jurisdiction else Policy()
        return replace(default, **given)


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
    """A step of the ladder of the oldest open invoice; ``on`` none: a pause keeps it away.

    ``termination``: the provider is asked whether to end the contract.
    """

    kind: Literal["reminder", "overdue", "outbound_barred", "both_barred", "termination"]
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


class ShownPause(BaseModel):
    """What keeps the ladder still for some or all invoices now (R48)."""

    kind: Literal["debit", "dispute", "plan", "promise", "hold", "unsuspend"]
    since: datetime
    until: datetime | None


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
    cause: Literal["unpaid", "manual", "spend_limit"] | None = Field(
        None, description="what bars the tenant: paying helps only for `unpaid`"
    )
    termination_proposed_at: datetime | None = None
    pauses: list[ShownPause] = []
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
            row.cause,
            row.international_barred,
        )
        outbound = decide(line, "outbound", called="domestic")
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
            cause=row.cause,
            termination_proposed_at=row.termination_proposed_at,
            pauses=[ShownPause(kind=p.kind, since=p.since, until=p.until) for p in shown.pauses],
            works_now=WorksNow(
                outbound="allow" if outbound == "allow" else "reject",
                inbound=decide(line, "inbound", called="domestic"),
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
