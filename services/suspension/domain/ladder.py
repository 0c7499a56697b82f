"""The ladder: a tenant's standing as a pure function of facts and an instant (R45 to R48, R59).

It is derived, never accumulated: whoever evaluates the same facts at the same instant gets the same standing, so a
lost, late, repeated or reordered event cannot suspend a tenant who has paid nor keep one suspended who has.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.suspension.domain.account import Account, Invoice, Limit, ManualSuspension, Pause, Stage
from services.suspension.domain.days import PLAIN_DAYS, Calendar, WorkingDays, midnight
from services.suspension.domain.policy import Policy

Cause = Literal["unpaid", "manual", "spend_limit"]


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder that is due now: ``day`` of the ladder of ``anchor``, the oldest invoice; it names ``invoices``."""

    anchor: Invoice
    day: int
    invoices: tuple[Invoice, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """``cause``: what bars the tenant, None while nothing does. ``termination_due``: the provider is to be asked.

    ``next_step_at``: the earliest later instant at which the standing can change without a new fact.

    ``counted`` are the overdue invoices that hold the tenant where it is; ``suspends_at`` the next instant of
    barring if nobody pays, None when barred already or when nothing leads there. ``international_barred``: by an
    alert of usage that the policy makes act. ``spared``: every invoice that bars is in a debit or dispute now; who is
    not barred yet is left alone then, though such a pause lifts no suspension (R48).
    """

    stage: Stage
    why: str
    counted: tuple[Invoice, ...]
    reminder: Reminder | None
    next_step_at: datetime | None
    suspends_at: datetime | None
    cause: Cause | None = None
    termination_due: bool = False
    international_barred: bool = False
    spared: bool = False

    @property
    def manual(self) -> bool:
        return self.cause == "manual"


def evaluate(
    policy: Policy, account: Account, now: datetime, zone: ZoneInfo, working: WorkingDays = PLAIN_DAYS
) -> Standing:
    """The standing of one tenant at ``now`` under ``policy``; ``zone`` is the tenant's."""
    return _Evaluation(policy, account, now, Calendar(zone, account.pauses, policy, working)).standing()


class _Evaluation:
    def __init__(self, policy: Policy, account: Account, now: datetime, calendar: Calendar) -> None:
        self.policy = policy
        self.account = account
        self.now = now
        self.calendar = calendar
        self.open = sorted(
            (invoice for invoice in account.invoices if invoice.is_open),
            key=lambda invoice: (invoice.due_on, str(invoice.invoice_id)),
        )

    def standing(self) -> Standing:
        counted = self._counted()
        ladder = self._stage(counted)
        manual = self._manual()
        limit = self._limit("spend_limit")
        cause: Cause | None = "unpaid" if ladder.barred else None
        stage = ladder
        if limit is not None and not ladder.barred:
            stage, cause = Stage.OUTBOUND_BARRED, "spend_limit"
        if manual is not None:
            stage, cause = Stage.BOTH_BARRED, "manual"
        return Standing(
            stage=stage,
            why=self._why(counted, manual, limit if cause == "spend_limit" else None),
            counted=tuple(counted),
            reminder=self._reminder(),
            next_step_at=self._next_step_at(),
            suspends_at=None if stage.barred and cause != "spend_limit" else self._suspends_at(),
            cause=cause,
            termination_due=ladder is Stage.BOTH_BARRED and self._termination_due(counted),
            international_barred=self.policy.unusual_international_bars
            and self._limit("unusual_international") is not None,
            spared=cause == "unpaid" and self._spared(ladder, counted),
        )

    # -- stage ------------------------------------------------------------------------------------------------

    def _counted(self) -> list[Invoice]:
        """Overdue invoices that count now; none when they sum up to less than the smallest amount (R47, R59)."""
        counted = [
            invoice
            for invoice in self.open
            if self.calendar.overdue_at(invoice) <= self.now
            and not self._lifted(invoice, self.now)
            and (not self._paused(invoice) or self._reached(invoice, self.policy.first_barred_day))
        ]
        return counted if self._enough(counted) else []

    def _enough(self, invoices: Sequence[Invoice]) -> bool:
        """An invoice below the card's minimum is never overdue alone (R38)."""
        total = sum(invoice.balance_minor for invoice in invoices)
        return total >= self.policy.smallest_minor and any(invoice.collectable for invoice in invoices)

    def _stage(self, counted: Sequence[Invoice]) -> Stage:
        if not counted:
            return Stage.NONE
        for stage, day in self.policy.barred_stages:
            if any(invoice.collectable and self._reached(invoice, day) for invoice in counted):
                return stage
            if self._still_held(day, counted):
                return stage
        return Stage.NOTICE

    def _spared(self, stage: Stage, counted: Sequence[Invoice]) -> bool:
        """Only who decides late comes here: an earlier pause keeps the day from beginning."""
        day = next(day for barred, day in self.policy.barred_stages if barred is stage)
        barring = [invoice for invoice in counted if invoice.collectable and self._reached(invoice, day)]
        return bool(barring) and all(self._paused(invoice) for invoice in barring)

    def _barred_from(self, invoice: Invoice, day: int) -> datetime | None:
        """When the invoice bars its tenant: its day has come, and the tenant was told before (R46)."""
        begins = self.calendar.begins(invoice, day)
        told_at = self._told_at(invoice)
        if begins is None or told_at is None:
            return None
        return self.calendar.first_barring(invoice, max(begins, self.calendar.notice_ends(told_at)))

    def _reached(self, invoice: Invoice, day: int) -> bool:
        at = self._barred_from(invoice, day)
        return at is not None and at <= (invoice.settled_at or self.now) and at <= self.now

    def _still_held(self, day: int, counted: Sequence[Invoice]) -> bool:
        """Whether a suspension that began goes on, because some overdue invoice was open all the time since.

        Service is given back when no overdue invoice is left (R59): to pay the one that led to the suspension,
        while another one is overdue, is a part payment. Follows invoices whose overdue times touch.
        """
        settled = [
            invoice
            for invoice in self.account.invoices
            if invoice.settled_at is not None
            and invoice.collectable
            and self._reached(invoice, day)
            and not self._lifted(invoice, invoice.settled_at)
        ]
        held_until = max((i.settled_at for i in settled if i.settled_at is not None), default=None)
        while held_until is not None:
            if any(self.calendar.overdue_at(invoice) < held_until for invoice in counted):
                return True
            held_until = max(
                (
                    invoice.settled_at
                    for invoice in self.account.invoices
                    if invoice.settled_at is not None
                    and invoice.settled_at > held_until
                    and self.calendar.overdue_at(invoice) < held_until
                    and not self._lifted(invoice, held_until)
                ),
                default=None,
            )
        return False

    def _termination_due(self, counted: Sequence[Invoice]) -> bool:
        day = self.policy.terminate_after_days
        return day is not None and any(self._reached(invoice, day) for invoice in counted)

    def _paused(self, invoice: Invoice) -> bool:
        return any(pause.covers(invoice) and pause.holds_at(self.now) for pause in self.account.pauses)

    def _lifted(self, invoice: Invoice, at: datetime) -> bool:
        return any(
            self._lifts(pause) and pause.covers(invoice) and pause.holds_at(at)
            for pause in self.account.pauses
        )

    def _lifts(self, pause: Pause) -> bool:
        return (
            pause.lifts
            or (pause.kind == "debit" and self.policy.debit_lifts)
            or (pause.kind == "dispute" and self.policy.dispute_lifts)
        )

    def _manual(self) -> ManualSuspension | None:
        return next((s for s in self.account.suspensions if s.holds_at(self.now)), None)

    def _limit(self, kind: str) -> Limit | None:
        for limit in self.account.limits:
            ends = self._limit_ends(limit)
            if limit.kind == kind and limit.since <= self.now and (ends is None or self.now < ends):
                return limit
        return None

    def _limit_ends(self, limit: Limit) -> datetime | None:
        """Usage compares a day with the days before: its alert about unusual calls is over with the local day."""
        if limit.kind == "spend_limit":
            return limit.until
        tomorrow = midnight(self.calendar.today(limit.since) + timedelta(days=1), self.calendar.zone)
        return min(tomorrow, limit.until) if limit.until else tomorrow

    # -- reminders --------------------------------------------------------------------------------------------

    def _told_at(self, invoice: Invoice) -> datetime | None:
        sent = (
            r.sent_at
            for r in self.account.reminders
            if invoice.invoice_id in r.invoice_ids
            and (invoice.reopened_at is None or invoice.reopened_at <= r.sent_at)
        )
        return min(sent, default=None)

    def _reminder(self) -> Reminder | None:
        """Today's reminder of the ladder of the oldest invoice that is not paused; past ones are skipped (R46)."""
        unpaused = [invoice for invoice in self.open if not self._paused(invoice)]
        anchor = next((invoice for invoice in unpaused if invoice.collectable), None)
        if anchor is None:
            return None
        last_due = max(self.calendar.today(self.now), anchor.due_on)
        named = tuple(invoice for invoice in unpaused if invoice.due_on <= last_due)
        day = self.calendar.day_of(anchor, self.now)
        if not self._enough(named) or not self._wants_reminder(anchor, day):
            return None
        return Reminder(anchor, day, named)

    def _wants_reminder(self, anchor: Invoice, day: int) -> bool:
        if day in self.policy.reminder_days:
            sent = any(
                r.anchor == anchor.invoice_id
                and r.day == day
                and (anchor.reopened_at is None or anchor.reopened_at <= r.sent_at)
                for r in self.account.reminders
            )
            return not sent and self.calendar.today(self.now) > anchor.issued_on
        # All reminders before the barring were missed: one goes out now, and the barring waits for it (R46).
        coming = any(day < planned < self.policy.first_barred_day for planned in self.policy.reminder_days)
        return day >= 1 and not coming and self._told_at(anchor) is None

    # -- what comes -------------------------------------------------------------------------------------------

    def _suspends_at(self) -> datetime | None:
        """The earliest later barring of an open invoice; one not told of yet is expected to be in time."""
        return min(self._later(self._expected_barring()), default=None)

    def _expected_barring(self) -> Iterable[datetime | None]:
        for invoice in self.open:
            at = self._expected(invoice) if invoice.collectable else None
            if at is not None:
                by_then = [one for one in self.open if self.calendar.overdue_at(one) <= at]
                yield at if self._enough(by_then) else None

    def _expected(self, invoice: Invoice) -> datetime | None:
        begins = self.calendar.begins(invoice, self.policy.first_barred_day)
        if begins is None:
            return None
        told_at = self._told_at(invoice)
        # Told late: barred when the notice has run. Not told: the reminder that is due now starts it.
        notice_from = told_at if told_at is not None else self.now if begins <= self.now else None
        if notice_from is not None:
            begins = max(begins, self.calendar.notice_ends(notice_from))
        return self.calendar.first_barring(invoice, begins)

    def _next_step_at(self) -> datetime | None:
        return min(self._later(self._steps()), default=None)

    def _later(self, instants: Iterable[datetime | None]) -> Iterable[datetime]:
        return (at for at in instants if at is not None and at > self.now)

    def _steps(self) -> Iterable[datetime | None]:
        barring = [day for _, day in self.policy.barred_stages]
        if self.policy.terminate_after_days is not None:
            barring.append(self.policy.terminate_after_days)
        days = [*self.policy.reminder_days, *barring]
        for invoice in self.open:
            yield self.calendar.overdue_at(invoice)
            if invoice.collectable:
                yield from (self.calendar.begins(invoice, day) for day in days)
                yield from (self._barred_from(invoice, day) for day in barring)
        yield from (pause.until for pause in self.account.pauses)
        yield from (suspension.until for suspension in self.account.suspensions)
        yield from (self._limit_ends(limit) for limit in self.account.limits)

    def _why(self, counted: Sequence[Invoice], manual: ManualSuspension | None, limit: Limit | None) -> str:
        if manual is not None:
            return f"suspended by the provider: {manual.reason}"
        if limit is not None:
            return f"the spend limit was reached at {limit.since.isoformat()}"
        if counted:
            oldest = counted[0]
            day = self.calendar.day_of(oldest, self.now)
            return (
                f"{len(counted)} overdue, oldest {oldest.number} due {oldest.due_on}, day {day} of the ladder"
            )
        lifted = next((p.kind for p in self.account.pauses if p.holds_at(self.now)), None)
        if self.open and lifted is not None:
            return f"paused by a {lifted}"
        return "nothing overdue that counts"
