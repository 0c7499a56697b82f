"""Makes letters of facts, in any language that has its texts: what happened, whether money moved, what to do next."""

from datetime import timedelta

from services.notifications.domain.facts import (
    DebitReturned,
    Dispute,
    ExpiringMethod,
    Facts,
    FailedPayment,
    IssuedInvoice,
    PlanAgreed,
    PlanBroken,
    PlanEnded,
    Receipt,
    Refunded,
    RefundFailed,
    Reminder,
    Restored,
    Suspended,
    TerminationProposed,
    UsageAlert,
)
from services.notifications.domain.letter import Figure, Formats, Frame, Letter
from services.notifications.domain.wording.dunning_letters import DunningLetters
from services.notifications.domain.wording.phrases import capital
from services.notifications.domain.wording.provider_letters import ProviderLetters
from services.notifications.domain.wording.reversal_letters import ReversalLetters


class Letters(DunningLetters, ReversalLetters, ProviderLetters):
    """The letters of one language (sentences of design/ui.md, Words)."""

    def frame(self, *, provider: str, to_provider: bool = False) -> Frame:
        t = self.texts
        if to_provider:
            return Frame(t.greeting, None, "", t.to_provider.format(provider=provider))
        return Frame(
            greeting=t.greeting,
            questions=t.questions.format(provider=provider),
            phone=t.phone,
            sent_by=t.sent_by.format(provider=provider),
        )

    def letter(self, facts: Facts, *, provider: str, tenant: str, formats: Formats) -> Letter:
        match facts:
            case IssuedInvoice():
                return self._issued(facts, provider, formats)
            case Receipt():
                return self._receipt(facts, provider, formats)
            case FailedPayment():
                return self._failed(facts, provider, formats)
            case Refunded():
                return self._refunded(facts, provider, formats)
            case ExpiringMethod():
                return self._expiring(facts)
            case PlanAgreed():
                return self._plan_agreed(facts, provider, formats)
            case PlanBroken():
                return self._plan_broken(facts, provider, formats)
            case UsageAlert():
                return self._alert(facts, provider, formats)
            case Restored():
                return self._restored(facts, formats)
            case PlanEnded() | RefundFailed() | DebitReturned():
                return self.reversal(facts, provider, formats)
            case Dispute() | TerminationProposed():
                return self.to_provider(facts, tenant, formats)
            case Reminder() | Suspended():
                return self.dunning(facts, provider, formats)

    def _issued(self, facts: IssuedInvoice, provider: str, formats: Formats) -> Letter:
        t, labels = self.texts, self.texts.labels
        total, balance = formats.money(facts.total), formats.money(facts.balance)
        due = formats.day(facts.due_on)
        figures = [
            Figure(labels.invoice, facts.number),
            Figure(labels.issued, formats.day(facts.issued_on)),
            Figure(labels.total, total),
        ]
        if facts.balance != facts.total:
            figures.append(Figure(labels.credit_used, formats.money(facts.balance - facts.total)))
        figures.append(Figure(labels.amount_due, balance))
        values = {
            "number": facts.number,
            "total": total,
            "balance": balance,
            "due": due,
            "provider": provider,
        }
        attached = (t.attached,) if facts.invoice_id is not None else ()
        said: tuple[str, ...]
        if not facts.balance:
            subject, heading, said = t.settled_subject, t.settled_heading, (t.settled,)
        elif not facts.collectable:
            subject, heading, said = t.small_subject, t.small_heading, (t.small,)
        else:
            subject, heading, said = t.issued_subject, t.issued_heading, (t.issued, t.how_to_pay)
            figures.append(Figure(labels.due, due))
        is_due = bool(facts.balance) and facts.collectable
        return Letter(
            subject.format(**values),
            heading.format(**values),
            tuple(one.format(**values) for one in (*said, *attached)),
            tuple(figures),
            t.buttons.open_billing if is_due else t.buttons.view_invoice,
        )

    def _receipt(self, facts: Receipt, provider: str, formats: Formats) -> Letter:
        t, labels = self.texts, self.texts.labels
        amount, method = formats.money(facts.amount), self.method(facts.method)
        figures = [
            Figure(labels.paid, amount),
            Figure(labels.date, formats.day_of(facts.at)),
            Figure(labels.method, capital(method)),
        ]
        figures += [
            Figure(labels.invoice_number.format(number=part.number), formats.money(part.amount))
            for part in facts.paid
        ]
        paragraphs = [t.received.format(provider=provider, amount=amount, method=method)]
        today = formats.local_day(facts.at)
        for invoice in facts.still_due:
            lead = t.amount_paid if len(facts.still_due) == 1 else t.of_invoice
            sentence = t.overdue_since if invoice.due_on < today else t.still_due
            paragraphs.append(
                sentence.format(
                    lead=lead.format(amount=amount, number=invoice.number),
                    left=formats.money(invoice.balance),
                    due=formats.day(invoice.due_on),
                )
            )
            figures.append(
                Figure(labels.still_due.format(number=invoice.number), formats.money(invoice.balance))
            )
        if facts.surplus:
            credit = formats.money(facts.surplus)
            paragraphs.append(t.surplus.format(credit=credit))
            figures.append(Figure(labels.account_credit, credit))
        if facts.paid and not facts.still_due:
            about = self.invoices(tuple(part.number for part in facts.paid), formats)
            paragraphs.append(capital(t.in_full.of(len(facts.paid)).format(invoices=about)))
        return Letter(
            t.receipt_subject.format(amount=amount, provider=provider),
            t.receipt_heading.format(amount=amount),
            tuple(paragraphs),
            tuple(figures),
            t.buttons.view_history,
        )

    def _failed(self, facts: FailedPayment, provider: str, formats: Formats) -> Letter:
        """Lost, stolen and fraud arrive here as a plain decline (design/ui.md)."""
        t, labels = self.texts, self.texts.labels
        amount, method = formats.money(facts.amount), self.method(facts.method)
        paragraphs = [capital(t.failures[facts.reason].format(method=method))]
        if facts.next_retry_at is not None:
            paragraphs.append(t.retry.format(day=formats.day_of(facts.next_retry_at)))
        elif facts.by_auto_pay:
            paragraphs.append(t.no_retry)
        paragraphs.append(t.keeps_failing.format(provider=provider))
        figures = [Figure(labels.amount, amount)]
        if facts.reason != "no_method":
            figures.append(Figure(labels.method, capital(method)))
        figures += [Figure(labels.invoice, number) for number in facts.numbers]
        about = t.failed_about.format(invoices=self.invoices(facts.numbers, formats)) if facts.numbers else ""
        return Letter(
            t.failed_subject.format(amount=amount, about=about),
            t.failed_heading.format(amount=amount),
            tuple(paragraphs),
            tuple(figures),
            t.buttons.open_billing,
        )

    def _refunded(self, facts: Refunded, provider: str, formats: Formats) -> Letter:
        t, labels = self.texts, self.texts.labels
        amount, method = formats.money(facts.amount), self.method(facts.method)
        said = t.refund_to_credit if facts.to == "credit" else t.refund_to_method
        paragraphs = [said.format(provider=provider, amount=amount, method=method)]
        if facts.to == "method":
            paragraphs.append(t.refund_days)
        if facts.numbers:
            paragraphs.append(t.refund_for.format(invoices=self.invoices(facts.numbers, formats)))
        figures = [Figure(labels.amount, amount), Figure(labels.date, formats.day_of(facts.at))]
        if facts.to == "method":
            figures.append(Figure(labels.method, capital(method)))
        if facts.reason:
            figures.append(Figure(labels.reason, facts.reason))
        subject = t.refund_subject.format(amount=amount)
        return Letter(subject, subject, tuple(paragraphs), tuple(figures), t.buttons.view_history)

    def _expiring(self, facts: ExpiringMethod) -> Letter:
        t = self.texts
        values = {"method": self.method(facts.method), "expires": facts.method.expires or ""}
        return Letter(
            capital(t.expiring_subject.format(**values)),
            capital(t.expiring_heading.format(**values)),
            (
                capital(t.expiring.format(**values)),
                t.expiring_default if facts.is_default else t.expiring_other,
            ),
            (
                Figure(t.labels.method, capital(values["method"])),
                Figure(t.labels.expires, values["expires"]),
            ),
            t.buttons.payment_methods,
        )

    def _plan_agreed(self, facts: PlanAgreed, provider: str, formats: Formats) -> Letter:
        t, count = self.texts, len(facts.instalments)
        values = {
            "provider": provider,
            "count": formats.number(count),
            "owed": formats.money(facts.owed),
            "last": formats.day(max(one.due_on for one in facts.instalments)),
        }
        figures = [
            Figure(t.labels.instalment.format(day=formats.day(one.due_on)), formats.money(one.amount))
            for one in facts.instalments
        ]
        figures += [Figure(t.labels.invoice, number) for number in facts.numbers]
        return Letter(
            t.plan_subject.of(count).format(**values),
            t.plan_heading,
            (t.plan_agreed.of(count).format(**values), t.plan_keeps, t.plan_breaks),
            (*figures, Figure(t.labels.total, values["owed"])),
            t.buttons.open_billing,
        )

    def _plan_broken(self, facts: PlanBroken, provider: str, formats: Formats) -> Letter:
        t, owed = self.texts, formats.money(facts.owed)
        figures = [
            Figure(t.labels.missed.format(day=formats.day(one.due_on)), formats.money(one.amount))
            for one in facts.missed
        ]
        figures += [Figure(t.labels.invoice, number) for number in facts.numbers]
        paragraphs = [t.broken_next.format(owed=owed, provider=provider)]
        if facts.missed:
            oldest = facts.missed[0]
            missed = t.broken.of(len(facts.missed)).format(
                amount=formats.money(oldest.amount), day=formats.day(oldest.due_on)
            )
            paragraphs.insert(0, missed)
        return Letter(
            t.broken_subject.format(owed=owed),
            t.broken_heading,
            tuple(paragraphs),
            (*figures, Figure(t.labels.amount_due, owed)),
            t.buttons.pay_now,
        )

    def _alert(self, facts: UsageAlert, provider: str, formats: Formats) -> Letter:
        t = self.texts
        used, limit = self._amounts(facts, formats)
        figures = (Figure(t.labels.used, used), Figure(t.labels.limit, limit))
        last = formats.day(facts.end_on - timedelta(days=1))
        if facts.kind == "unusual_international":
            said = (
                t.unusual.format(used=used, limit=limit),
                t.unusual_next.format(provider=provider),
            )
            return Letter(t.unusual_subject, t.unusual_subject, said, figures, t.buttons.open_billing)
        what = {
            "included_minutes": t.alert_minutes,
            "spend": t.alert_spend,
            "spend_limit": t.alert_limit,
        }[facts.kind]
        subject = t.alert_subject.format(percent=formats.number(facts.percent), what=what)
        paragraphs = [
            t.alert_used.format(used=used, limit=limit, percent=formats.number(facts.percent), what=what),
            t.alert_until.format(day=last),
        ]
        if facts.kind == "included_minutes" and facts.percent >= 100:
            paragraphs.append(t.alert_minutes_over)
        if facts.kind == "spend_limit" and facts.percent >= 100:
            paragraphs.append(t.alert_limit_reached.format(provider=provider))
        return Letter(subject, subject, tuple(paragraphs), figures, t.buttons.open_billing)

    def _amounts(self, facts: UsageAlert, formats: Formats) -> tuple[str, str]:
        if facts.used is not None and facts.limit is not None:
            return formats.money(facts.used), formats.money(facts.limit)
        assert facts.used_minutes is not None
        assert facts.limit_minutes is not None
        used, limit = (
            self.texts.minutes.format(number=formats.number(value, 1))
            for value in (facts.used_minutes, facts.limit_minutes)
        )
        return used, limit

    def _restored(self, facts: Restored, formats: Formats) -> Letter:
        t = self.texts
        return Letter(
            t.restored_heading,
            t.restored_heading,
            (t.restored,),
            (Figure(t.labels.restored, formats.moment(facts.at)),),
            t.buttons.open_billing,
        )
