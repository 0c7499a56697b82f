"""Letters about what is owed: reminders and suspension."""

from collections.abc import Sequence
from datetime import date, timedelta

from services.notifications.domain.facts import OwedInvoice, Reminder, Suspended
from services.notifications.domain.letter import Figure, Formats, Letter
from services.notifications.domain.wording.phrases import Phrases
from shared.money import total


def _sum(invoices: Sequence[OwedInvoice], formats: Formats) -> str:
    return formats.money(total((one.balance for one in invoices), invoices[0].balance.currency))


class DunningLetters(Phrases):
    """Reminders and suspension in one language."""

    def dunning(self, facts: Reminder | Suspended, provider: str, formats: Formats) -> Letter:
        if isinstance(facts, Reminder):
            return self._reminder(facts, provider, formats)
        return self._suspended(facts, provider, formats)

    def _unpaid(self, invoices: tuple[OwedInvoice, ...], formats: Formats) -> str:
        """``Invoice KV-1 was due on Oct 22, 2026 and has not been paid.``; of several the oldest due day is named."""
        numbers = formats.listed(tuple(invoice.number for invoice in invoices))
        oldest = formats.day(min(invoice.due_on for invoice in invoices))
        return self.texts.unpaid.of(len(invoices)).format(numbers=numbers, day=oldest)

    def _reminder(self, facts: Reminder, provider: str, formats: Formats) -> Letter:
        """Each invoice by its own due day: what is overdue, what is due today, what is due later (R46, R47)."""
        t = self.texts
        oldest = min(invoice.due_on for invoice in facts.invoices)
        today = oldest + timedelta(days=facts.day)
        # What the reminder is about: all that is overdue, or what falls due first.
        about = [one for one in facts.invoices if one.due_on < today or one.due_on == oldest]
        heading = (
            t.due_reminder if facts.day < 0 else t.today_reminder if facts.day == 0 else t.overdue_reminder
        )
        values = {"owed": _sum(about, formats), "day": formats.day(oldest)}
        owed = formats.money(facts.owed)
        paragraphs = self._groups(facts.invoices, today, formats)
        if len(paragraphs) > 1 or facts.day > 0:
            paragraphs[-1] += f" {t.owe.format(owed=owed)}"
        figures = [*self.owed_rows(facts.invoices, formats), Figure(t.labels.amount_due, owed)]
        before = t.before_service
        if facts.suspends_on is not None:
            before = formats.day(facts.suspends_on)
            needed = [one for one in facts.invoices if one.due_on < facts.suspends_on]
            paragraphs.append(t.will_suspend.format(day=before, owed=_sum(needed or about, formats)))
            figures.append(Figure(t.labels.suspension, before))
        paragraphs.append(f"{t.need_time.format(provider=provider, before=before)} {t.already_paid}")
        return Letter(
            t.subject_of_reminder.format(what=heading.format(**values)),
            heading.format(**values),
            tuple(paragraphs),
            tuple(figures),
            t.buttons.pay_now,
        )

    def _groups(self, invoices: tuple[OwedInvoice, ...], today: date, formats: Formats) -> list[str]:
        t = self.texts
        overdue = tuple(one for one in invoices if one.due_on < today)
        said = [self._unpaid(overdue, formats)] if overdue else []
        for day in sorted({one.due_on for one in invoices if one.due_on >= today}):
            group = [one for one in invoices if one.due_on == day]
            about = self.invoices(tuple(one.number for one in group), formats)
            sentence = t.group_today if day == today else t.group_due
            text = sentence.format(
                invoices=about,
                owed=_sum(group, formats),
                day=formats.day(day),
            )
            said.append(text[:1].upper() + text[1:])
        return said

    def _suspended(self, facts: Suspended, provider: str, formats: Formats) -> Letter:
        t, labels = self.texts, self.texts.labels
        barred = t.barred_both if facts.both_directions else t.barred_outbound
        since = Figure(labels.suspended_since, formats.moment(facts.since))
        if not facts.invoices:
            by_limit = facts.why == "spend_limit"
            said = (t.suspended_by_limit if by_limit else t.suspended_by_hand).format(provider=provider)
            return Letter(t.suspended, t.suspended, (said, barred), (since,), t.buttons.open_billing)
        owed = formats.money(facts.owed)
        said = t.suspended_unpaid.format(unpaid=self._unpaid(facts.invoices, formats), owed=owed)
        return Letter(
            t.suspended_subject.format(owed=owed),
            t.suspended,
            (said, barred),
            (*self.owed_rows(facts.invoices, formats), Figure(labels.amount_due, owed), since),
            t.buttons.pay_now,
        )
